/* SPDX-License-Identifier: BSD-2-Clause */
#include "sched.h"

#include "budget.h"
#include "fault.h"
#include "ipc.h"
#include "system.h"
#include "timer.h"
#include "trace.h"
#include "virq.h"
#include "vm.h"
#include "window.h"

uint64_t sched_slice_ticks;    /* the fast path reads it */
static uint64_t frequency;

#define TIMEOUTS_MAX 4    /* that one interrupt treats */

uint64_t time_to_ticks(uint64_t ns)
{
    const uint64_t second = UINT64_C(1000000000);

    if (ns / second >= UINT64_MAX / frequency)
        return UINT64_MAX;
    return ns / second * frequency + (ns % second * frequency + second - 1) / second;
}

uint64_t time_to_ns(uint64_t ticks)
{
    const uint64_t second = UINT64_C(1000000000);

    return ticks / frequency * second + ticks % frequency * second / frequency;
}

void sched_init(uint64_t slice_ns)
{
    frequency = arch_time_frequency();
    sched_slice_ticks = time_to_ticks(slice_ns);
}

/* ---- the ready rings ------------------------------------------------------ */

static uint32_t priority_of(const struct vcpu *v) { return v->rank / 2; }

static void update_key(struct core *core)
{
    uint32_t top = core->ready_top;

    core->preempt_key = top == 0 ? 0 : 2 * top - 2 + (core->slice_expired ? 2 : 0);
}

/* The ring of ready_top is empty now: find the next. */
static void lower_top(struct core *core)
{
    uint32_t w = core->ready_top / 64;    /* the word of ready_top - 1, or the next one up */

    core->ready_top = 0;
    for (w = w < READY_WORDS ? w + 1 : READY_WORDS; w-- > 0;) {
        if (core->ready_bits[w] != 0) {
            core->ready_top = w * 64 + 64 - (uint32_t)__builtin_clzll(core->ready_bits[w]);
            break;
        }
    }
    update_key(core);
}

/* True: the ring was empty. */
static bool ring_add(uint16_t *head, struct vcpu *v, bool front)
{
    uint16_t was = *head;

    if (was == 0 || front)
        *head = (uint16_t)(v->index + 1);
    if (was == 0) {
        v->next = v->prev = v;
        return true;
    }
    struct vcpu *first = vcpu_at(was - 1u);

    v->next = first;
    v->prev = first->prev;
    first->prev->next = v;
    first->prev = v;
    return false;
}

/* True: it is empty now. */
static bool ring_remove(uint16_t *head, struct vcpu *v)
{
    if (v->next == v) {
        *head = 0;
        return true;
    }
    v->prev->next = v->next;
    v->next->prev = v->prev;
    if (*head == v->index + 1)
        *head = (uint16_t)(v->next->index + 1);
    return false;
}

static void enqueue(struct vcpu *v, bool front)
{
    struct core *core = v->core;
    uint32_t p = priority_of(v);

    ASSERT(v->queued == QUEUED_NOT);
    v->queued = QUEUED_READY;
    if (!ring_add(&core->ready_head[p], v, front))
        return;
    core->ready_bits[p / 64] |= UINT64_C(1) << (p % 64);
    if (p + 1 > core->ready_top) {
        core->ready_top = p + 1;
        update_key(core);
    }
}

static uint16_t *parking_place(struct vcpu *v)
{
    return &v->core->parked[v->context->limits % MV_PARTITIONS_MAX];
}

static void dequeue(struct vcpu *v)
{
    struct core *core = v->core;
    uint32_t p = priority_of(v), from = v->queued;

    ASSERT(from != QUEUED_NOT);
    v->queued = QUEUED_NOT;
    if (from == QUEUED_BUDGET) {
        v->context->budget->holder = NULL;
    } else if (ring_remove(from == QUEUED_READY ? &core->ready_head[p] : parking_place(v), v) &&
               from == QUEUED_READY) {
        core->ready_bits[p / 64] &= ~(UINT64_C(1) << (p % 64));
        if (p + 1 == core->ready_top)
            lower_top(core);
    }
}

static struct vcpu *take_highest(struct core *core)
{
    if (core->ready_top == 0)
        return NULL;
    struct vcpu *v = vcpu_at(core->ready_head[core->ready_top - 1] - 1u);

    dequeue(v);
    return v;
}

/* ---- who runs -------------------------------------------------------------- */

/* v is to run. If it is current, its frame may have changed meanwhile. */
static void choose(struct core *core, struct vcpu *v)
{
    core->run = v;
    if (v != NULL && v == core->current)
        sched_force_switch(core);
}

static void run_or_enqueue(struct vcpu *v, bool at_once)
{
    struct core *core = v->core;
    struct vcpu *running = sched_running(core);

    if (!at_once) {
        enqueue(v, false);
        sched_timer_update(core);
        return;
    }
    if (running != NULL)
        enqueue(running, true);
    choose(core, v);
}

void sched_begin(struct vcpu *v)
{
    if (v->context->budget != NULL && v->context != v->core->context)
        budget_wake(v->context);
}

void sched_wake(struct vcpu *v)
{
    struct vcpu *running = sched_running(v->core);

    sched_begin(v);
    run_or_enqueue(v, running == NULL || v->rank > running->rank);
}

void sched_place(struct vcpu *v)
{
    struct vcpu *running = sched_running(v->core);

    run_or_enqueue(v, running == NULL || v->rank > running->rank ||
                      (v->rank == running->rank && !v->core->slice_expired));
}

void sched_resume(struct vcpu *v)
{
    sched_begin(v);
    sched_place(v);
}

void sched_block(struct core *core)
{
    choose(core, take_highest(core));
}

void sched_give_turn(struct core *core)
{
    struct vcpu *running = sched_running(core);

    if (core->preempt_key + 1 < running->rank) {    /* nobody to give it to: it begins again */
        core->slice_end = arch_time() + sched_slice_ticks;
        choose(core, running);
        return;
    }
    enqueue(running, false);
    choose(core, take_highest(core));
    core->slice_end = 0;      /* nothing left: its next turn is a whole one */
}

void sched_remove(struct vcpu *v)
{
    if (v->queued != QUEUED_NOT)
        dequeue(v);
    else if (sched_running(v->core) == v)
        sched_block(v->core);
}

void sched_put_aside(struct vcpu *v, enum queued where)
{
    v->queued = (uint8_t)where;
    if (where == QUEUED_BUDGET)
        v->context->budget->holder = v;
    else
        ring_add(parking_place(v), v, false);
    if (sched_running(v->core) == v)
        sched_block(v->core);
}

void sched_change_rank(struct vcpu *v, uint32_t rank)
{
    bool ready = v->queued == QUEUED_READY;

    if (ready)
        dequeue(v);
    v->rank = rank;
    if (ready)
        sched_place(v);
    else if (sched_running(v->core) == v)
        sched_force_switch(v->core);
}

void sched_recheck(struct vcpu *v)
{
    struct core *core = v->core;

    if (v->context != core->context)
        sched_force_switch(core);
    if (core->preempt_key > v->rank) {
        enqueue(v, true);
        choose(core, take_highest(core));
    }
}

/* ---- time ------------------------------------------------------------------ */

void sched_timeout_set(struct vcpu *v, uint64_t ticks)
{
    v->timeout.key = ticks;
    v->timeout.kind = TIMEOUT_VCPU;
    heap_insert(&v->core->timers, &v->timeout);
    sched_timer_update(v->core);
}

void sched_timeout_clear(struct vcpu *v)
{
    heap_drop(&v->core->timers, &v->timeout);
}

/*
 * When the slice of the current context must be looked at. It is measured
 * always, but needs the timer only while an equal is ready; equal to the
 * context, not to a server that it is lent to.
 */
static uint64_t slice_deadline(const struct core *core)
{
    if (core->context == NULL || core->slice_expired || core->preempt_key == 0 ||
        core->preempt_key + 1 < core->context->rank)
        return UINT64_MAX;
    return core->slice_end;
}

static uint64_t first_deadline(const struct core *core)
{
    const struct heap_node *first = heap_first(&core->timers);

    return min_u64(first == NULL ? UINT64_MAX : first->key, min_u64(slice_deadline(core), core->budget_end));
}

void sched_timer_update(struct core *core)
{
    uint64_t want = first_deadline(core);

    /* A later deadline leaves the timer alone: it fires once for nothing. */
    if (want < core->programmed) {
        core->programmed = want;
        arch_timer_program(want);
    }
}

void sched_timer(struct core *core)
{
    uint64_t now = arch_time();
    struct vcpu *running = sched_running(core);
    struct heap_node *n;

    /* The slice first: whoever a timer wakes finds the right one running. */
    if (running != NULL && running->context == core->context && slice_deadline(core) <= now) {
        core->slice_expired = true;
        update_key(core);
        if (core->preempt_key > running->rank)
            sched_give_turn(core);
    }
    if (core->budget_end <= now) {
        core->budget_end = UINT64_MAX;
        sched_force_switch(core);
    }
    /* If there are more, the timer fires again at once. */
    for (int i = 0; i < TIMEOUTS_MAX && (n = heap_first(&core->timers)) != NULL && n->key <= now; i++) {
        heap_remove(&core->timers, n);
        switch ((enum timeout_kind)n->kind) {
        case TIMEOUT_VCPU:   ipc_timeout(container_of(n, struct vcpu, timeout));       break;
        case TIMEOUT_TIMER:  timer_expired(container_of(n, struct timer, node), now);  break;
        case TIMEOUT_VM:     vm_timer_expired(container_of(n, struct vm, timer));      break;
        case TIMEOUT_BUDGET: budget_returned(container_of(n, struct budget, node));    break;
        case TIMEOUT_WINDOW: window_expired(core);                                     break;
        case TIMEOUT_LIMIT:  virq_limit_over(container_of(n, struct limit, node));     break;
        }
    }
    core->programmed = first_deadline(core);
    arch_timer_program(core->programmed);
}

void sched_account(struct core *core, uint64_t now)
{
    if (core->context != NULL)
        core->context->consumed += now - core->since;
    core->since = now;
}

/* The core's time goes to another context from now on. */
static void change_context(struct core *core, struct context *to)
{
    uint64_t now = arch_time();
    struct context *from = core->context;

    sched_account(core, now);
    if (from != NULL) {
        from->slice_left = (int64_t)(core->slice_end - now);
        /* A turn that has just ended is not given a whole one: it ends as soon
         * as it goes on. One that was given away has slice_end 0. */
        if (from->slice_left <= 0 && core->slice_end != 0)
            from->slice_left = 1;
    }
    core->context = to;
    if (core->slice_expired) {
        core->slice_expired = false;
        update_key(core);
    }
    if (to == NULL)
        return;
    core->slice_end = now + (to->slice_left > 0 ? (uint64_t)to->slice_left : sched_slice_ticks);
}

void sched_close(struct vcpu *v)
{
    struct portal *p = v->serving;

    /* A service for another partition that takes longer than it should goes on, on the portal's account. */
    if (v->context != &v->own && v->context != &p->context && v->context->limits % MV_PARTITIONS_MAX != p->context.limits % MV_PARTITIONS_MAX)
        ipc_move(v, &p->context);
    else
        sched_put_aside(v, QUEUED_WINDOW);
}

/* v, on a context with limits, is to run: whether it may. If not, look again who is. */
static bool admit(struct vcpu *v)
{
    if (window_is_open(v))
        return v->context->budget == NULL || budget_admit(v);
    sched_close(v);
    return false;
}

struct vcpu *sched_switch(struct core *core)
{
    struct vcpu *prev = core->current;

    if (prev != NULL) {
        arch_save(prev);
        if (prev->has_device && arch_bus_error_take())
            fault_stop(prev, MV_FAULT_BUS);
    }
    struct vcpu *next;

    core->budget_end = UINT64_MAX;
    while (unlikely((next = sched_running(core)) == NULL) || unlikely(next->context->limits != 0 && !admit(next))) {
        if (next != NULL)
            continue;
        if (prev != NULL)
            trace(MV_EVENT_SWITCH, NULL, prev->index, 0);
        change_context(core, NULL);
        prev = core->current = core->run = NULL;
        arch_wait();
        arch_irq_take(core);
    }
    core->run = core->current = next;
    if (next->context != core->context) {
        change_context(core, next->context);
    } else if (core->slice_end == 0) {      /* who was to have the turn may not run: a new one */
        core->slice_end = arch_time() + sched_slice_ticks;
        core->slice_expired = false;
        update_key(core);
    }
    /* Also on the same context: an equal may have become ready meanwhile. */
    if (core->preempt_key + 1 >= core->context->rank || core->budget_end < core->programmed)
        sched_timer_update(core);
    if (next != prev) {
        next->switches++;
        trace(MV_EVENT_SWITCH, next,
              prev == NULL ? UINT64_MAX : prev->index, next->rank / 2);
    }
    virq_upcall_if_due(next);
    arch_load(next);
    return next;
}
