/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <libmv/libmv.h>

#include "cell.h"

#define WORKERS 8

struct account {
    volatile uint64_t calm;                  /* main: make no more trouble */
    struct {
        volatile uint64_t starts, calls, answers, served, lines, wrong;
        volatile uint64_t what, value;       /* the first wrong thing */
        volatile uint64_t status[16];        /* how its calls ended */
    } of[WORKERS + 2];
};
#define ACCOUNT ((struct account *)SEGMENT_ACCOUNT_ADDRESS)

static inline uint64_t account_random(uint64_t *state)
{
    /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline void account_wrong(unsigned who, uint64_t what, uint64_t value)
{
    if (ACCOUNT->of[who].wrong++ == 0) {
        ACCOUNT->of[who].what = what;
        ACCOUNT->of[who].value = value;
    }
}
