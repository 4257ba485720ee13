/* SPDX-License-Identifier: BSD-2-Clause */
/* What main, the hostile cell and the servers share. */
#pragma once

#include <libmv/libmv.h>

/* What the hostile cell does, in its line's payload: one of each. */
enum {
    TO_GOOD = 1, TO_BARE = 2, TO_OPEN = 4, TO_MIDDLE = 8,   /* whom it calls                              */
    SPIN_FIRST = 16,                                        /* it has used a part of its budget then      */
    GIVE_UP = 32,                                           /* it leaves each call after 5 us             */
};

/* A message: how long the server shall work, ns, and for `middle` also whom to
 * call meanwhile; the answer is w[1] + 1. */

struct board {
    volatile uint64_t stop;
    volatile uint64_t calls, ok, timeouts, others;          /* of the hostile cell */
    volatile uint64_t recoveries, recovered_vcpu, served;  /* of the servers, by good and middle */
};
#define BOARD ((struct board *)SEGMENT_BOARD_ADDRESS)
