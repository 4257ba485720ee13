/* SPDX-License-Identifier: BSD-2-Clause */
/* The tape: letters in the order in which things happened. */
#pragma once

#include <libmv/libmv.h>

enum {
    WORK_NOTE = 1,          /* write the name */
    WORK_SPIN = 2,          /* count until `stop` */
    WORK_YIELD = 4,         /* write the name and yield, eight times */
    WORK_CALL = 8,          /* name, call the server, name again */
};

struct tape {
    volatile uint64_t length;
    volatile char letter[256];
    volatile uint64_t stop;
    volatile uint64_t spins[256];    /* by name */
    volatile uint64_t serve_raises;  /* what the server raises while it serves: 1 mid, 2 high */
    volatile uint64_t serve_ns;      /* how long it uses the core */
};
#define TAPE ((struct tape *)SEGMENT_TAPE_ADDRESS)

static inline void tape_write(char c)
{
    uint64_t at = __atomic_fetch_add(&TAPE->length, 1, __ATOMIC_RELAXED);

    if (at < sizeof(TAPE->letter) - 1)
        TAPE->letter[at] = c;
}
