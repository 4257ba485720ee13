/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of its core's time a context may use: a sporadic server. What is left
 * lies in pieces, each with the time from which it may be used; what is used
 * comes back as a piece one period after its use began. All amounts together
 * are always the whole budget. Touched by its core alone.
 */
#pragma once

#include "base.h"
#include "heap.h"
#include <mv/systab.h>

struct vcpu;

#define BUDGET_PIECES 8

struct budget_piece {
    uint64_t at;               /* ticks: it may be used from then on */
    int64_t  amount;           /* ticks; negative: debt              */
};
struct budget {
    struct heap_node node;     /* in core->timers while something waits for it  */
    const struct mv_sys_context *sys;  /* [I] */
    struct vcpu *holder;       /* who could run, but for this budget, or NULL   */
    uint64_t period;           /* [I] ticks */
    uint64_t times;            /* how often it was used up                      */
    uint32_t first, count;     /* of the ring; the first is in use, count >= 1  */
    bool     idle;             /* nobody has wanted to run on it since it was used last */
    bool     debt;             /* a service goes on beyond its end              */
    struct budget_piece piece[BUDGET_PIECES];
};
