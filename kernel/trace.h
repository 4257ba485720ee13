/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: fixed-size records in a ring per core, in memory that a cell can
 * be granted to read. Off, a trace point is one load and one branch.
 */
#pragma once

#include "base.h"
#include "door.h"
#include "vcpu.h"

struct core;

extern uint32_t trace_mask;    /* classes that are recorded, MV_TRACE_* */

__attribute__((noinline)) void trace_record(struct core *core, enum mv_trace_event event, const struct vcpu *v, uint64_t a,
                  uint64_t b);

__attribute__((always_inline)) static inline void trace(struct core *core, uint32_t class, enum mv_trace_event event,
                         const struct vcpu *v, uint64_t a, uint64_t b)
{
    if (unlikely((trace_mask & class) != 0))
        trace_record(core, event, v, a, b);
}

