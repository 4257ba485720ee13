/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel costs, as instructions on its paths. Where each comes from is
 * said beside it: a row of docs/performance.md (`make bench`), the longest over all
 * configurations, or a limit that the tests hold the kernel to.
 */
#pragma once

#include "analysis.h"

enum {
    ANALYSIS_MASKED_STEPS = 2000,           /* the limit of any stretch with interrupts masked */
    ANALYSIS_BUDGET_STEPS = 150,            /* a budget's accounts, when its context comes or goes: counted by reading, rounded up */
    /* irq_to_cell_idle, which takes the long way as all with limits do, and yield_to_equal for the wait at the end */
    ANALYSIS_ACTIVATION_STEPS = 378 + 339 + 2 * ANALYSIS_BUDGET_STEPS,
    ANALYSIS_INTERRUPT_STEPS = 378,         /* no more than if it led to a switch */
    ANALYSIS_REPLENISHMENT_STEPS = 378 + ANALYSIS_BUDGET_STEPS,
    ANALYSIS_WINDOW_STEPS = 800,            /* tests/rt, windows: 605-700 from the start of a window until its vCPU runs */
    ANALYSIS_REMOTE_STEPS = 1069 + 2 * ANALYSIS_BUDGET_STEPS   /* call_reply_other_core */
};

/* How long an instruction takes, at most, on the average of one of these paths:
 * that of the simulated machine in which they are counted (QEMU, icount shift=4).
 * A real core is faster than that by ten or more even where it misses its caches. */
#define ANALYSIS_STEP_NS  16

/* For a counter of so many ticks per second. */
static inline struct analysis_costs analysis_costs(uint64_t frequency)
{
    return (struct analysis_costs){
        .tick = frequency == 0 ? 0 : (ANALYSIS_SECOND + frequency - 1) / frequency,
        .masked = ANALYSIS_MASKED_STEPS * ANALYSIS_STEP_NS,
        .activation = ANALYSIS_ACTIVATION_STEPS * ANALYSIS_STEP_NS,
        .interrupt = ANALYSIS_INTERRUPT_STEPS * ANALYSIS_STEP_NS,
        .replenishment = ANALYSIS_REPLENISHMENT_STEPS * ANALYSIS_STEP_NS,
        .window = ANALYSIS_WINDOW_STEPS * ANALYSIS_STEP_NS,
        .remote = ANALYSIS_REMOTE_STEPS * ANALYSIS_STEP_NS
    };
}
