/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of its core's time a context may use: a sporadic server. What there is
 * lies in pieces, each with the time from which it may be used; what is used
 * comes back one period after the context wanted to run. All pieces together
 * are always the whole budget. Touched by its core alone.
 */
#pragma once

#include "base.h"
#include "heap.h"
#include <mv/systab.h>

struct context;
struct vcpu;

#define BUDGET_PIECES 8u

struct budget_piece {
    uint64_t at;               /* ticks: it may be used from then on */
    uint64_t amount;           /* ticks                              */
};
struct budget {
    struct heap_node node;     /* in core->timers while something waits for it      */
    const struct mv_sys_context *sys;  /* [I] */
    struct vcpu *holder;       /* who could run, but for this budget, or NULL       */
    struct vcpu *background;   /* whose own it is, and who runs without; or NULL    */
    uint64_t amount, period;   /* [I] ticks */
    uint64_t settled;          /* how much of the context's time has been taken from it */
    uint64_t times;            /* how often it was used up                          */
    int64_t  debt;             /* ticks that a service may go on; negative: none more; 0: it is not over */
    bool     told;             /* the fault of its being used up has been reported  */
    uint32_t first, count;     /* of the ring; the first is in use, count >= 1      */
    struct budget_piece piece[BUDGET_PIECES];
};

/* Whole, from now on. */
void budget_init(struct budget *b);
/* `used` ticks have been used: they come back one period after the time of the
 * piece that they are of. More than there is, is of pieces of the future. */
void budget_take(struct budget *b, uint64_t used);
/* A context that did not want to run does so from now on: what may be used by
 * now is one piece of now. */
void budget_join(struct budget *b, uint64_t now);

/* The same for a context that has a budget, after what it has used is taken. */
void budget_wake(struct context *c);
/*
 * v is the one to run, on a context with a budget: whether it may; then
 * core->budget_end says how long. If not, it has been put aside, or has another
 * context or rank: look again who is to run.
 */
bool budget_admit(struct vcpu *v);
/* The time has come for which it waited. */
void budget_returned(struct budget *b);
/* Whether v runs in the background and has no time to lend to a server: its call
 * waits. (A guest's exit is taken, and its VMM waits.) */
bool budget_must_wait(const struct vcpu *v);
/* v stops. */
void budget_stop(struct vcpu *v);
