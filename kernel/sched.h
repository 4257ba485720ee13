/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler of one core: strict priorities 0-255, round robin with a slice
 * among equals, one ring and one bit per priority, so every step is O(1). The
 * vCPU that runs is not in its ring.
 *
 * A rank is a priority in the form the fast path compares: 2 * priority + 1.
 * core->preempt_key is 0 when nothing is ready; 2 * the highest ready priority
 * while the current context has time left among equals; 2 more when it has
 * not. A vCPU may go on while preempt_key <= its rank.
 */
#pragma once

#include "base.h"
#include "core.h"
#include "vcpu.h"

/* Where a RUNNABLE vCPU is that is not the running one; v->queued. */
enum queued {
    QUEUED_NOT,
    QUEUED_READY,       /* in the ring of its priority                         */
    QUEUED_WINDOW,      /* in that of its partition, until its next window     */
    QUEUED_BUDGET,      /* nowhere: its context's budget has it as the holder  */
};

/* The vCPU that would run if the kernel were left now, or NULL. */
INLINE struct vcpu *sched_running(const struct core *core)
{
    return (struct vcpu *)((uintptr_t)core->run & ~(uintptr_t)1);
}

/* Leave the kernel by the long way: registers saved, sched_switch(), all
 * loaded again. */
static inline void sched_force_switch(struct core *core)
{
    core->run = (struct vcpu *)((uintptr_t)core->run | 1);
}

/* v is RUNNABLE now, on this core: it runs at once if it outranks who would;
 * an equal waits for its turn. */
void sched_wake(struct vcpu *v);
/* The same for one who goes on with its turn: before its equals. */
void sched_resume(struct vcpu *v);
/* The running vCPU is not RUNNABLE any more: choose another. */
void sched_block(struct core *core);
/* The running vCPU gives its turn to its equals. */
void sched_give_turn(struct core *core);
/* v leaves the ready ring, or the core, for good. */
void sched_remove(struct vcpu *v);
/* v begins to run on its context: unless that is in use, what it may use counts
 * from now on. The other functions do that themselves, but for sched_place(). */
void sched_begin(struct vcpu *v);
/* v is RUNNABLE and nowhere: as sched_resume(), but it has wanted to run before. */
void sched_place(struct vcpu *v);
/* v, which runs or stands nowhere, goes elsewhere until sched_remove(). */
void sched_put_aside(struct vcpu *v, enum queued where);
/* The window of the running v is closed: it makes way, or has another context. */
void sched_close(struct vcpu *v);
/* v's rank, wherever it is. */
void sched_change_rank(struct vcpu *v, uint32_t rank);
/* What has been used until now is its context's. */
void sched_account(struct core *core, uint64_t now);
/* Rank or context of v, which runs, have changed: it may have to make way. */
void sched_recheck(struct vcpu *v);

/* Wake v with MV_TIMEOUT at an absolute time; `ticks` of UINT64_MAX never. */
void sched_timeout_set(struct vcpu *v, uint64_t ticks);
void sched_timeout_clear(struct vcpu *v);

/* The core's timer has fired. */
void sched_timer(struct core *core);
/* The first deadline of the core may have changed. */
void sched_timer_update(struct core *core);

/*
 * Called by the exit code when core->run is not core->current: saves the
 * current vCPU's hardware state, charges its context, waits while there is
 * nothing to run, and loads the next, which it returns.
 */
struct vcpu *sched_switch(struct core *core);

extern uint64_t sched_slice_ticks;
void sched_init(uint64_t slice_ns);
uint64_t time_to_ticks(uint64_t ns);
uint64_t time_to_ns(uint64_t ticks);
