/* SPDX-License-Identifier: BSD-2-Clause */
#include "budget.h"

#include "core.h"
#include "fault.h"
#include "ipc.h"
#include "sched.h"
#include "timer.h"
#include "trace.h"
#include "vcpu.h"

#define BACKGROUND_RANK MV_RANK(0)

/* ---- pieces ------------------------------------------------------------------ */

static struct budget_piece *piece(struct budget *b, uint32_t n)
{
    return &b->piece[(b->first + n) % BUDGET_PIECES];
}

static void drop_first(struct budget *b)
{
    b->first = (b->first + 1) % BUDGET_PIECES;
    b->count--;
}

/* Later than all others; if there is no room, the last one waits for it. */
static void give_back(struct budget *b, uint64_t at, uint64_t amount)
{
    struct budget_piece *last = piece(b, b->count - 1);

    if (b->count != 0 && (b->count == BUDGET_PIECES || last->at == at)) {
        last->at = at;
        last->amount += amount;
    } else {
        *piece(b, b->count++) = (struct budget_piece){ at, amount };
    }
}

void budget_init(struct budget *b)
{
    b->amount = time_to_ticks(b->sys->budget_ns);
    b->period = time_to_ticks(b->sys->period_ns);
    give_back(b, 0, b->amount);
}

void budget_take(struct budget *b, uint64_t used)
{
    /* The whole again and again: every piece is used up so often. */
    for (uint32_t n = 0; used >= b->amount && n < b->count; n++)
        piece(b, n)->at += used / b->amount * b->period;
    used %= b->amount;
    while (used != 0) {
        struct budget_piece *p = piece(b, 0);
        uint64_t at = p->at + b->period, part = min_u64(used, p->amount);

        used -= part;
        p->amount -= part;
        if (p->amount == 0)
            drop_first(b);
        give_back(b, at, part);
    }
}

void budget_join(struct budget *b, uint64_t now)
{
    while (b->count > 1 && piece(b, 1)->at <= now) {
        piece(b, 1)->amount += piece(b, 0)->amount;
        drop_first(b);
    }
    if (piece(b, 0)->at < now)
        piece(b, 0)->at = now;
}

/* ---- contexts ------------------------------------------------------------------ */

static void settle(struct context *c)
{
    struct budget *b = c->budget;
    uint64_t used = c->consumed - b->settled;

    b->settled = c->consumed;
    if (b->background != NULL)
        return;
    budget_take(b, used);
    if (b->debt > 0) {
        b->debt -= (int64_t)used;
        if (b->debt == 0)
            b->debt = -1;
    }
}

void budget_wake(struct context *c)
{
    settle(c);
    budget_join(c->budget, arch_time());
}

static void wait_for(struct core *core, struct budget *b)
{
    if (heap_holds(&b->node))
        return;
    b->node.key = piece(b, 0)->at;
    b->node.kind = TIMEOUT_BUDGET;
    heap_insert(&core->timers, &b->node);
    sched_timer_update(core);
}

/* v runs on when some of it is back. */
static void put_aside(struct vcpu *v, struct budget *b)
{
    wait_for(v->core, b);
    sched_put_aside(v, QUEUED_BUDGET);
}

/* Its own budget is used up. */
static void exhausted(struct vcpu *v, struct budget *b)
{
    if (b->sys->exhausted == MV_EXHAUSTED_FAULT && !b->told) {
        b->told = true;
        fault_raise(v, MV_FAULT_BUDGET, 0, 0);
        return;
    }
    if (b->sys->exhausted != MV_EXHAUSTED_BACKGROUND) {
        put_aside(v, b);
        return;
    }
    wait_for(v->core, b);
    b->background = v;
    v->wait_key = v->reply_key = VCPU_KEY_NEVER;    /* see budget_must_wait() */
}

/*
 * The budget of its caller is used up while v serves: as far as the portal's
 * bound allows, the service goes on.
 */
static bool in_debt(struct vcpu *v, struct budget *b)
{
    const struct context *c = v->context;
    struct vcpu *of = v;
    uint64_t bound = 0;

    while (c != &of->own && c != &of->serving->context)
        of = of->caller;
    if (c == &of->own)
        bound = of->callee->serving->sys->bound_ns;
    if (bound == 0) {
        put_aside(v, b);
        return false;
    }
    if (b->debt == 0)
        b->debt = (int64_t)time_to_ticks(bound);
    if (b->debt > 0)
        return true;
    /* The last one called first: if its portal has a bound, it is not left at work for nobody. */
    ipc_bound_passed(v->serving->sys->bound_ns != 0 ? v->caller : of);
    return false;
}

bool budget_admit(struct vcpu *v)
{
    struct context *c = v->context;
    struct budget *b = c->budget;
    struct core *core = v->core;
    uint64_t now = arch_time();

    sched_account(core, now);
    settle(c);
    /* What it was kept from using for more than a period is not saved up. */
    if (now > b->period)
        budget_join(b, now - b->period);
    if (b->background == v && c == &v->own) {
        if (v->rank == BACKGROUND_RANK)
            return true;
        v->rank = BACKGROUND_RANK;
        sched_recheck(v);
        return false;
    }
    if (piece(b, 0)->at <= now) {
        b->debt = 0;
        b->told = false;
        core->budget_end = now + piece(b, 0)->amount;
        return true;
    }
    if (b->debt == 0) {
        b->times++;
        trace(MV_EVENT_EXHAUSTED, v, piece(b, 0)->at - now, c != &v->own);
    }
    if (c == &v->own) {
        exhausted(v, b);
        return false;
    }
    if (!in_debt(v, b))
        return false;
    core->budget_end = now + (uint64_t)b->debt;
    return true;
}

/* Its time in the background was free. */
static void end_background(struct budget *b)
{
    struct vcpu *v = b->background;

    sched_account(v->core, arch_time());
    settle(&v->own);
    b->background = NULL;
    vcpu_set_keys(v, trace_is_fast());
}

void budget_returned(struct budget *b)
{
    struct vcpu *v = b->background;

    if (v != NULL) {
        end_background(b);
        sched_change_rank(v, v->rank == BACKGROUND_RANK ? v->own.rank : v->rank);    /* it may serve */
    }
    v = b->holder;
    if (v != NULL) {
        sched_remove(v);
        sched_place(v);
    }
}

bool budget_must_wait(const struct vcpu *v)
{
    return v->context->budget != NULL && v->context->budget->background == v && v->vm == NULL;
}

void budget_stop(struct vcpu *v)
{
    if (v->own.budget != NULL && v->own.budget->background == v)
        end_background(v->own.budget);
}
