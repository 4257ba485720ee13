/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be true at every time, computed here anew: who is on the core was
 * allowed to be, nobody more urgent was; nobody has used more than its budget
 * gives; of a budget nothing is ever lost.
 */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "budget.h"

static struct set     *set;
static struct account  accounts[SET_TASKS + SET_PORTALS];
static uint64_t        frame_began[MV_CORES_MAX];
static uint64_t        idle[MV_CORES_MAX];
bool                   checks_loud;

static void show_pieces(const struct budget *b)
{
    for (uint32_t n = 0; b != NULL && n < b->count; n++)
        fprintf(stderr, " %lu@%lu", (unsigned long)b->piece[(b->first + n) % BUDGET_PIECES].amount,
                (unsigned long)b->piece[(b->first + n) % BUDGET_PIECES].at);
    fprintf(stderr, "\n");
}

void checks_fail(const char *format, ...)
{
    va_list ap;

    fprintf(stderr, "set %lu, time %lu: ", (unsigned long)set->seed, (unsigned long)host_time);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fprintf(stderr, "\n");
    set_show(set);
    for (uint32_t i = 0; i < set->a.task_count; i++) {
        const struct vcpu *v = vcpu_at(i);
        const struct budget *b = v->own.budget;

        fprintf(stderr, "  %-4s state %u rank %u queued %u callee %d caller %d own %d", set->task[i].name, vcpu_state(v), v->rank,
                v->queued, v->callee == NULL ? -1 : v->callee->index, v->caller == NULL ? -1 : v->caller->index,
                v->context == &v->own);
        show_pieces(b);
    }
    for (uint32_t i = 0; i < set->a.portal_count; i++) {
        fprintf(stderr, "  p%u", i);
        show_pieces(accounts[SET_TASKS + i].context == NULL ? NULL : accounts[SET_TASKS + i].context->budget);
    }
    _exit(1);
}

/* ---- accounts ---------------------------------------------------------------------- */

static const struct portal *portal_at(uint32_t portal)
{
    for (uint32_t t = 0; t < set->a.task_count; t++) {
        if (set->task[t].fault_portal == portal)
            return vcpu_at(t)->fault_portal;
        for (uint32_t i = 0; i < set->task[t].call_count; i++)
            if (set->calls[t][i] == portal)
                return vcpu_at(t)->caps[SET_CAP_CALL(i)].object;
    }
    return NULL;
}

/* A service may go on beyond the end of its caller's budget, for one bound. */
static uint64_t most_debt(uint32_t task)
{
    uint64_t most = 0;

    for (uint32_t i = 0; i < set->task[task].call_count; i++) {
        const struct analysis_portal *p = &set->portal[set->calls[task][i]];

        if (p->bound > most && set->task[p->server].core == set->task[task].core)
            most = p->bound;
    }
    return most / SET_TICK;
}

static void open_account(struct account *a, const struct context *c, uint64_t budget, uint64_t period, uint64_t debt)
{
    *a = (struct account){ .context = c, .budget = budget / SET_TICK, .period = period / SET_TICK, .debt = debt };
}

void checks_begin(struct set *s)
{
    set = s;
    for (uint32_t i = 0; i < s->a.task_count; i++)
        open_account(&accounts[i], &vcpu_at(i)->own, s->task[i].budget, s->task[i].period, most_debt(i));
    for (uint32_t i = 0; i < s->a.portal_count; i++) {
        const struct portal *p = portal_at(i);

        open_account(&accounts[SET_TASKS + i], p == NULL ? NULL : &p->context, s->portal[i].budget, s->portal[i].period, 0);
    }
    for (uint32_t i = 0; i < s->cores; i++)
        idle[i] = 0;
}

static struct account *account_of(const struct context *c)
{
    for (uint32_t i = 0; i < SET_TASKS + SET_PORTALS; i++)
        if (accounts[i].context == c)
            return &accounts[i];
    checks_fail("a context that is nobody's");
}

static const char *account_name(const struct account *a) { return set->name[a - accounts]; }

/*
 * From when it became ready on, a context may use its budget once in each
 * period that has begun since then. At the end of a period that passed meanwhile,
 * too.
 */
static void check_use(const struct account *a, uint64_t since)
{
    for (uint32_t i = 0; i < a->mark_count && i < ARRAY_SIZE(a->mark); i++) {
        const struct mark *m = &a->mark[i];
        uint64_t used = a->used - m->used, periods = (host_time - m->at + a->period - 1) / a->period;
        uint64_t edge = m->at + (host_time - m->at) / a->period * a->period;

        if (used > periods * a->budget + a->debt)
            checks_fail("%s has used %lu since %lu, its budget is %lu in %lu", account_name(a), (unsigned long)used,
                        (unsigned long)m->at, (unsigned long)a->budget, (unsigned long)a->period);
        if (edge > since && edge < host_time &&
            used - (host_time - edge) > (edge - m->at) / a->period * a->budget + a->debt)
            checks_fail("%s has used %lu from %lu to %lu, its budget is %lu in %lu", account_name(a),
                        (unsigned long)(used - (host_time - edge)), (unsigned long)m->at, (unsigned long)edge,
                        (unsigned long)a->budget, (unsigned long)a->period);
    }
}

void checks_passed(uint64_t since)
{
    for (uint32_t core = 0; core < set->cores; core++) {
        const struct vcpu *v = host_current(core);
        struct account *a;

        if (v == NULL) {
            idle[core] += host_time - since;
            continue;
        }
        a = account_of(v->context);
        if (a->budget != 0 && v->context->budget->background != NULL) {
            a->free += host_time - since;
            continue;
        }
        a->used += host_time - since;
        if (a->budget != 0)
            check_use(a, since);
    }
}

/* Somebody wants to run on it, or waits for a server of this core. */
static bool is_ready(const struct context *c)
{
    for (uint32_t i = 0; i < set->a.task_count; i++) {
        const struct vcpu *v = vcpu_at(i);

        if (v->context == c && (vcpu_state(v) == VCPU_RUNNABLE || vcpu_state(v) == VCPU_SENDING))
            return true;
    }
    return false;
}

/* Whoever has become ready since the last time gets a mark. */
static void mark_ready(void)
{
    for (uint32_t i = 0; i < SET_TASKS + SET_PORTALS; i++) {
        struct account *a = &accounts[i];
        bool ready = a->budget != 0 && is_ready(a->context);

        if (ready && !a->ready)
            a->mark[a->mark_count++ % ARRAY_SIZE(a->mark)] = (struct mark){ host_time, a->used };
        a->ready = ready;
    }
}

/* ---- budgets ------------------------------------------------------------------------- */

static void check_budget(const struct account *a)
{
    const struct budget *b = a->context->budget;
    uint64_t sum = 0, last = 0;

    if (b->count < 1 || b->count > BUDGET_PIECES)
        checks_fail("%s has %u pieces", account_name(a), b->count);
    for (uint32_t n = 0; n < b->count; n++) {
        const struct budget_piece *p = &b->piece[(b->first + n) % BUDGET_PIECES];

        if (n > 0 && p->at < last)
            checks_fail("%s has pieces out of order", account_name(a));
        if (p->amount == 0)
            checks_fail("%s has an empty piece", account_name(a));
        last = p->at;
        sum += p->amount;
    }
    if (sum != a->budget)
        checks_fail("%s has %lu in pieces, its budget is %lu", account_name(a), (unsigned long)sum, (unsigned long)a->budget);
}

/* ---- windows --------------------------------------------------------------------------- */

/* Which partitions may run; by the kernel's present table and frame, which are checked too. */
static uint32_t open_now(uint32_t core)
{
    const struct core *c = arch_core(core);
    const struct analysis_table *t;
    uint64_t table, in, now = host_time * SET_TICK;
    uint32_t open = 1;

    if (set->a.table_count == 0)
        return UINT32_MAX;
    table = (uint64_t)(c->schedule - system_schedule(0));
    t = &set->table[table];
    if (now < t->frame)         /* the first begins after that */
        return 1;
    if (c->frame > now || now - c->frame > t->frame)
        checks_fail("core %u is in the frame of %lu", core, (unsigned long)c->frame);
    if (frame_began[core] != c->frame && frame_began[core] != 0 && c->frame - frame_began[core] != set->table[0].frame &&
        c->frame - frame_began[core] != set->table[1].frame)
        checks_fail("core %u: a frame began at %lu, the one before at %lu", core, (unsigned long)c->frame,
                    (unsigned long)frame_began[core]);
    frame_began[core] = c->frame;
    in = now - c->frame;
    for (uint32_t p = 1; p < set->a.partition_count; p++)
        open |= set->partition[p].background ? 1u << p : 0;
    for (size_t i = 0; i < t->window_count; i++)
        if (t->windows[i].core == core && t->windows[i].start <= in && in < t->windows[i].start + t->windows[i].length)
            open |= t->windows[i].partitions;
    return open;
}

/* All cores go by one clock. */
static void check_frames(void)
{
    for (uint32_t core = 1; core < set->cores && set->a.table_count != 0; core++)
        if (arch_core(core)->frame != arch_core(0)->frame || arch_core(core)->schedule != arch_core(0)->schedule)
            checks_fail("core %u and core 0 are in different frames", core);
}

/* ---- who runs --------------------------------------------------------------------------- */

static bool has_time(const struct vcpu *v)
{
    const struct budget *b = v->context->budget;

    return b == NULL || b->background == v || b->piece[b->first].at <= host_time;
}

#define HELD_MORE 8000u    /* the kernel's own part of such a call, as kernel/window.c has it */

/* Its call is held back, for the window ends too soon. */
static bool is_held(const struct vcpu *v)
{
    const struct core *c = v->core;
    const struct analysis_table *t = &set->table[c->schedule == NULL ? 0 : c->schedule - system_schedule(0)];
    uint64_t in = host_time * SET_TICK - c->frame, end = t->frame, bound = sim_bound_wanted(v->index) * SET_TICK;

    for (size_t i = 0; i < t->window_count; i++) {
        const struct analysis_window *w = &t->windows[i];

        if (w->core == c->index && w->length != 0 && w->start > in && w->start < end)
            end = w->start;
        if (w->core == c->index && w->length != 0 && w->start + w->length > in && w->start + w->length < end)
            end = w->start + w->length;
    }
    return v->queued == QUEUED_WINDOW && in + bound + HELD_MORE > end;
}

/* It runs without a budget, and has called somebody, who cannot. */
static bool has_none_to_lend(const struct vcpu *v)
{
    return v->queued == QUEUED_BUDGET && v->context->budget->background == v && sim_calls(v->index);
}

static bool may_run(const struct vcpu *v, uint32_t open)
{
    return (open >> v->context->limits % MV_PARTITIONS_MAX & 1) != 0 && has_time(v) && !is_held(v) && !has_none_to_lend(v);
}

static void check_core(uint32_t core)
{
    const struct vcpu *runs = host_current(core);
    uint32_t open = open_now(core);

    if (runs != NULL && (open >> runs->context->limits % MV_PARTITIONS_MAX & 1) == 0)
        checks_fail("%s runs outside of its windows", set->task[runs->index].name);
    if (runs != NULL && !has_time(runs) && runs->context->budget->debt <= 0)
        checks_fail("%s runs without a budget", set->task[runs->index].name);
    for (uint32_t i = 0; i < set->a.task_count; i++) {
        const struct vcpu *v = vcpu_at(i);

        if (v->core->index == core && v != runs && vcpu_state(v) == VCPU_RUNNABLE && may_run(v, open) &&
            (runs == NULL || v->rank > runs->rank))
            checks_fail("%s could run on core %u, where %s does", set->task[i].name, core,
                        runs == NULL ? "nobody" : set->task[runs->index].name);
    }
}

/* Who runs, when that changes: for looking at one set. */
static void show_running(void)
{
    static const struct vcpu *last[MV_CORES_MAX];
    static const struct context *on[MV_CORES_MAX];

    for (uint32_t core = 0; core < set->cores; core++) {
        const struct vcpu *v = host_current(core);
        const struct context *c = v == NULL ? NULL : v->context;

        if (v == last[core] && c == on[core])
            continue;
        last[core] = v;
        on[core] = c;
        fprintf(stderr, "%9lu core %u: %s", (unsigned long)host_time, core, v == NULL ? "idle\n" : set->task[v->index].name);
        if (v != NULL) {
            fprintf(stderr, " rank %u on %s", v->rank, account_name(account_of(c)));
            show_pieces(c->budget);
        }
    }
}

void checks_settled(void)
{
    if (checks_loud)
        show_running();
    mark_ready();
    for (uint32_t i = 0; i < SET_TASKS + SET_PORTALS; i++)
        if (accounts[i].budget != 0 && accounts[i].context != NULL)
            check_budget(&accounts[i]);
    check_frames();
    for (uint32_t core = 0; core < set->cores; core++)
        check_core(core);
}

void checks_end(void)
{
    uint64_t all[MV_CORES_MAX] = { 0 };

    for (uint32_t i = 0; i < SET_TASKS + SET_PORTALS; i++) {
        const struct account *a = &accounts[i];
        uint32_t core;
        uint64_t running_now = 0;

        if (a->context == NULL)
            continue;
        core = i < SET_TASKS ? set->task[i].core : set->task[set->portal[i - SET_TASKS].server].core;
        if (arch_core(core)->context == a->context)
            running_now = host_time - arch_core(core)->since;
        if (a->context->consumed + running_now != a->used + a->free)
            checks_fail("%s has used %lu, the kernel says %lu", account_name(a), (unsigned long)(a->used + a->free),
                        (unsigned long)(a->context->consumed + running_now));
        all[core] += a->used + a->free;
        if (a->budget != 0)
            tally->exhausted += a->context->budget->times;
    }
    for (uint32_t core = 0; core < set->cores; core++)
        if (all[core] + idle[core] != host_time)
            checks_fail("core %u: %lu used, %lu idle", core, (unsigned long)all[core], (unsigned long)idle[core]);
}
