/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that are held back: what their client and their server note. */
#pragma once

#include <stdint.h>

#define CALLS_MOST 1000u

struct calls {
    volatile uint64_t count, wrong;
    struct { uint64_t made, begun, ended, back; } call[CALLS_MOST];    /* ticks */
};
#define CALLS ((struct calls *)SEGMENT_CALLS_ADDRESS)
