/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cells of the system tell main, and main the hostile cells. */
#pragma once

#include <libmv/libmv.h>

/* Read-only for the hostile cells. */
struct order {
    volatile uint64_t stage, seed;
};
#define ORDER ((struct order *)SEGMENT_ORDER_ADDRESS)

enum {
    STAGE_REGISTERS,     /* every system register encoding, read and written */
    STAGE_CALLS,         /* kernel calls with wild arguments */
    STAGE_MEMORY,        /* every page of the window, and far outside */
    STAGE_INSTRUCTIONS,  /* what EL0 does not have, and random words */
    STAGE_STACK,         /* recursion without end */
    STAGE_FLOOD,         /* every vIRQ and portal, timers, and its whole time */
    STAGE_UPCALLS,       /* wild upcall entries and frames */
    STAGE_FAULTS,        /* nothing but faults */
    STAGE_COUNT
};

/* Written by one hostile cell, which may put nonsense there. */
struct diary {
    volatile uint64_t beat;           /* moves while it gets on */
    volatile uint64_t done;           /* the stage is through, from its beginning to its end */
    volatile uint64_t at;             /* where the sweep of the registers goes on */
    volatile uint64_t kernel_values;  /* register values that look like the kernel's addresses */
    volatile uint64_t kernel_value, kernel_encoding;
    volatile uint64_t counts[8];
};

/* Not reachable by the hostile cells. */
struct score {
    struct {
        volatile uint64_t beats, worst_ns;
    } periodic[2];
    volatile uint64_t vault_served, vault_lines, vault_wrong;
    volatile uint64_t pings, ping_wrong, far_pings;
    struct {
        volatile uint64_t faults, row;     /* row: without being restarted */
        volatile uint64_t stop;            /* main wants its next fault to stop it */
        volatile uint64_t stopped;
        volatile uint64_t kinds[16];
    } cell[24];
};
#define SCORE ((struct score *)SEGMENT_SCORE_ADDRESS)
