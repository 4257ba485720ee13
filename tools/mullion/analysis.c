/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Response times. All that a deadline has to wait for is a demand that grows by
 * steps with the time that is looked at; the response is the shortest time in
 * which the windows give as much as is asked for. See docs/schedule.md.
 */
#include "analysis_parts.h"

#include <string.h>

#include "mem.h"

#define STEPS_MOST  UINT64_C(100000000)     /* looks at one load, in one analysis: a second or so */
#define DEPTH_MOST  16                      /* calls from core to core in one chain               */

/* ---- what competes --------------------------------------------------------------- */

/*
 * One that uses a core's time: a task, or a portal's own context, for calls from
 * other cores. `task` is the vCPU that runs.
 */
struct load {
    uint32_t core, priority, partition, task, portal;
    uint64_t budget, period;
    bool     goes_on;
};

static size_t load_count(const struct analysis *a) { return a->task_count + a->portal_count; }

static struct load load_at(const struct analysis *a, size_t n)
{
    if (n < a->task_count) {
        const struct analysis_task *t = &a->tasks[n];

        return (struct load){ t->core, t->priority, t->partition, (uint32_t)n, ANALYSIS_NONE, t->budget, t->period, t->goes_on };
    }
    const struct analysis_portal *p = &a->portals[n - a->task_count];

    return (struct load){ a->tasks[p->server].core, p->ceiling, p->partition, p->server, (uint32_t)(n - a->task_count),
                          p->budget, p->period, false };
}

static uint32_t core_of(const struct analysis *a, uint32_t portal) { return a->tasks[a->portals[portal].server].core; }

static bool calls(const struct analysis_task *t, uint32_t portal)
{
    for (size_t i = 0; i < t->call_count; i++)
        if (t->calls[i] == portal)
            return true;
    return false;
}

static bool is_called_from_afar(const struct analysis *a, uint32_t portal)
{
    for (size_t i = 0; i < a->task_count; i++)
        if (a->tasks[i].core != core_of(a, portal) && calls(&a->tasks[i], portal))
            return true;
    return false;
}

static uint64_t remote_count(const struct analysis *a, uint32_t task)
{
    uint64_t n = 0;

    for (size_t i = 0; i < a->tasks[task].call_count; i++)
        n += core_of(a, a->tasks[task].calls[i]) != a->tasks[task].core;
    return n;
}

/* ---- calls on one core -------------------------------------------------------------- */

/* Marks the portals of its own core that the task's calls reach, by way of
 * those who serve it too. */
static void reach(const struct analysis *a, uint32_t task, bool *reached)
{
    const struct analysis_task *t = &a->tasks[task];

    for (size_t i = 0; i < t->call_count; i++) {
        uint32_t p = t->calls[i];

        if (core_of(a, p) == t->core && !reached[p]) {
            reached[p] = true;
            reach(a, a->portals[p].server, reached);
        }
    }
}

/* ---- the state of one analysis -------------------------------------------------------- */

struct work {
    struct analysis *a;
    bool    *reached;               /* [task][portal] */
    bool    *hangs;                 /* [task] can_hang() */
    uint64_t steps;
};

static bool reaches(const struct work *w, uint32_t task, uint32_t portal)
{
    return w->reached[task * w->a->portal_count + portal];
}

/* How far beyond its budget a service can go on for a task. On its own context a
 * portal's does not. */
static uint64_t debt_of(const struct analysis *a, const struct load *l)
{
    uint64_t most = 0;

    for (size_t i = 0; l->portal == ANALYSIS_NONE && i < a->tasks[l->task].call_count; i++) {
        uint32_t p = a->tasks[l->task].calls[i];

        if (core_of(a, p) == l->core && a->portals[p].bound > most)
            most = a->portals[p].bound;
    }
    return most;
}

/* What is asked: how long it takes until `own` is done at a priority, and who
 * does not count. */
struct question {
    uint32_t core, priority, partition, task, portal;
    uint64_t own, again;            /* again: how often less urgent ones may be in the way */
    uint64_t away;                  /* time in which it waits and others go on, as if it ran */
    uint64_t held, limit;
    uint32_t asker;                 /* a task; those of its own core are after the same answer */
};

static bool is_own(const struct question *q, const struct load *l)
{
    return l->portal == q->portal && (l->portal != ANALYSIS_NONE || l->task == q->task);
}

/* Callers on the portal's core that go before the question's in its queue use
 * their own time for that, however urgent they are. */
static bool goes_before(const struct work *w, const struct question *q, const struct load *l)
{
    return q->portal != ANALYSIS_NONE && l->portal == ANALYSIS_NONE && reaches(w, l->task, q->portal) &&
           l->priority > w->a->tasks[q->asker].priority;
}

/*
 * Calls of its own core use their callers' time. But a caller without a budget,
 * or of a portal without a bound, can leave before the reply, and then the rest
 * of the service is the portal's own affair.
 */
static bool can_leave(const struct analysis *a, uint32_t task, uint32_t portal)
{
    return calls(&a->tasks[task], portal) && (a->tasks[task].core != core_of(a, portal) || a->tasks[task].budget == 0 ||
                                              a->portals[portal].bound == 0);
}

/* Is the portal's own context more than a caller's last service, who is less urgent? */
static bool is_used(const struct work *w, const struct question *q, uint32_t portal)
{
    const struct analysis *a = w->a;

    for (uint32_t t = 0; t < a->task_count; t++)
        if (t != q->asker && can_leave(a, t, portal) && (a->tasks[t].core != core_of(a, portal) || a->tasks[t].priority >= q->priority))
            return true;
    return false;
}

static bool interferes(const struct work *w, const struct question *q, const struct course *c, const struct load *l)
{
    return l->core == q->core && !is_own(q, l) && (l->priority >= q->priority || goes_before(w, q, l)) &&
           (l->portal == ANALYSIS_NONE || is_used(w, q, l->portal)) && supply_is_shared(c, l->partition, q->partition);
}

static struct analysis_response unknown(enum analysis_reason reason, uint32_t culprit)
{
    return (struct analysis_response){ .verdict = ANALYSIS_UNKNOWN, .reason = reason, .culprit = culprit,
                                       .table = ANALYSIS_NONE, .next_table = ANALYSIS_NONE, .blocking_portal = ANALYSIS_NONE };
}

/* ---- services and the ends of windows -------------------------------------------------- */

/* Could a service for `caller` be under way at the end of a window? */
static bool can_be_cut(const struct work *w, uint32_t portal, uint32_t caller)
{
    const struct analysis *a = w->a;

    if (supply_is_always(a, a->tasks[caller].partition))
        return false;
    if (!a->portals[portal].held)
        return true;
    for (size_t i = 0; i < load_count(a); i++) {
        struct load l = load_at(a, i);

        if (l.core != a->tasks[caller].core || l.priority < a->portals[portal].ceiling || l.task == caller || l.portal == portal ||
            (l.portal != ANALYSIS_NONE && l.budget == 0 && !is_called_from_afar(a, l.portal)))
            continue;
        for (uint32_t t = 0; t < a->table_count; t++)
            if (supply_is_shared(&(struct course){ a, t, t, 0 }, l.partition, a->tasks[caller].partition))
                return true;
    }
    return false;
}

/* One that is goes on at once on the portal's own context if that is of another
 * partition; if not, it waits for the next window. */
static bool is_cut(const struct work *w, const struct question *q, uint32_t portal)
{
    const struct analysis *a = w->a;

    for (uint32_t c = 0; c < a->task_count; c++)
        if (c != q->asker && reaches(w, c, portal) && a->tasks[c].partition != a->portals[portal].partition &&
            can_be_cut(w, portal, c))
            return true;
    return false;
}

/* What is cut, or left by its caller, goes on in windows of the portal's partition:
 * must this task, which waits for the end of it, wait for these? */
static bool is_kept_from(const struct work *w, uint32_t portal, uint32_t task)
{
    const struct analysis *a = w->a;
    uint32_t partition = a->portals[portal].partition;

    if (supply_is_always(a, partition) || partition == a->tasks[task].partition)
        return false;
    for (uint32_t c = 0; c < a->task_count; c++)
        if (c != task && (can_leave(a, c, portal) || (reaches(w, c, portal) && can_be_cut(w, portal, c))))
            return true;
    return false;
}

/* May a service for somebody but this task go on on the portal's own context, whose budget can end in the middle of it? */
static bool can_stall(const struct work *w, uint32_t portal, uint32_t but)
{
    const struct analysis *a = w->a;

    for (uint32_t t = 0; t < a->task_count && a->portals[portal].budget != 0; t++)
        if (t != but && (can_leave(a, t, portal) || a->tasks[t].fault_portal == portal ||
                         (reaches(w, t, portal) && can_be_cut(w, portal, t) && a->tasks[t].partition != a->portals[portal].partition)))
            return true;
    return false;
}

/* May the task wait for a server of its core while less urgent ones run? */
static bool can_hang(const struct work *w, uint32_t task)
{
    const struct analysis *a = w->a;

    for (uint32_t p = 0; p < a->portal_count; p++)
        if (reaches(w, task, p) && (a->portals[p].bound == 0 || remote_count(a, a->portals[p].server) != 0 || can_stall(w, p, task) ||
                                    is_kept_from(w, p, task)))
            return true;
    return false;
}

/* May a load have work left when less urgent ones have run already? It is of
 * times at which only others could run, or it has waited for a server. */
static bool may_carry(const struct work *w, const struct question *q, const struct load *l)
{
    return (l->partition != q->partition && !supply_is_always(w->a, l->partition)) ||
           (l->portal == ANALYSIS_NONE && w->hangs[l->task]);
}

/* ---- demand ------------------------------------------------------------------------- */

static uint64_t load_times(const struct work *w, const struct question *q, const struct load *l, uint64_t t)
{
    return parts(t, l->period) + may_carry(w, q, l);
}

static uint64_t load_cost(const struct work *w)
{
    return plus(w->a->costs.activation, w->a->costs.replenishment);
}

static uint64_t load_time(const struct work *w, const struct question *q, const struct load *l, uint64_t t)
{
    uint64_t each = plus(plus(l->budget, w->a->costs.tick), load_cost(w));

    return plus(times(load_times(w, q, l, t), each), plus(debt_of(w->a, l), w->a->costs.masked));
}

/* How often what happens once while one of them runs can happen in this time. */
static uint64_t rounds(const struct course *c, uint64_t t)
{
    return c->first == ANALYSIS_NONE ? 1 :
           1 + parts(t, c->a->tables[c->first].frame < c->a->tables[c->then].frame ? c->a->tables[c->first].frame
                                                                                  : c->a->tables[c->then].frame);
}

/* Interrupts that do not belong to those who interfere. */
static uint64_t interrupt_time(struct work *w, const struct question *q, const struct course *c, uint64_t t)
{
    const struct analysis *a = w->a;
    uint64_t count = 0, boundaries = 0;

    if (a->costs.interrupt == 0 && a->costs.window == 0)
        return 0;
    for (size_t i = 0; i < load_count(a); i++) {
        struct load l = load_at(a, i);

        if (l.core == q->core && (l.portal == ANALYSIS_NONE || l.budget != 0) && !interferes(w, q, c, &l))
            count = plus(count, rounds(c, t));          /* its time-out, or a part of its budget */
    }
    for (size_t i = 0; i < a->source_count; i++) {
        const struct analysis_source *s = &a->sources[i];
        struct load sink = load_at(a, s->sink);
        uint64_t most = s->interval == 0 ? FOR_EVER : times(parts(t, s->interval) + 1, s->count);
        bool below = !interferes(w, q, c, &sink);

        if (s->core != q->core)
            continue;
        if (s->waits && below && rounds(c, t) < most)
            most = rounds(c, t);
        if (most < FOR_EVER)            /* if not, each costs its sink a call, out of what that may use */
            count = plus(count, most);
    }
    if (c->first != ANALYSIS_NONE && supply_is_always(a, q->partition))
        for (size_t i = 0; i < a->tables[c->first].window_count; i++)
            boundaries += a->tables[c->first].windows[i].core == q->core ? 2 : 0;
    w->steps += load_count(a) + a->source_count;
    return plus(times(count, a->costs.interrupt), times(times(boundaries, rounds(c, t)), a->costs.window));
}

/*
 * What runs on contexts of portals for less or more urgent ones: the handler of one
 * fault, of all budgets that tell when they are used up, and a service in each
 * window that its end cuts off.
 */
static uint64_t fault_time(struct work *w, const struct question *q, const struct course *c, uint64_t t)
{
    const struct analysis *a = w->a;
    uint64_t sum = 0, one = 0;

    for (uint32_t i = 0; i < a->task_count; i++) {
        const struct analysis_task *k = &a->tasks[i];
        const struct analysis_portal *p = k->fault_portal < a->portal_count ? &a->portals[k->fault_portal] : NULL;

        if (p == NULL || i == q->asker || core_of(a, k->fault_portal) != q->core || p->ceiling < q->priority)
            continue;
        if (k->tells && k->budget != 0)
            sum = plus(sum, times(parts(t, k->period) + 1, p->bound));
        one = p->bound > one ? p->bound : one;
    }
    for (uint32_t p = 0; p < a->portal_count; p++)
        if (core_of(a, p) == q->core && a->portals[p].ceiling >= q->priority && is_cut(w, q, p))
            sum = plus(sum, times(rounds(c, t), a->portals[p].bound));
    w->steps += a->task_count + a->portal_count;
    return plus(sum, one);
}

/* All that has to be done in this time, until what is asked is done too. */
static uint64_t demand(struct work *w, const struct question *q, const struct course *c, uint64_t fixed, uint64_t t)
{
    uint64_t sum = plus(plus(fixed, interrupt_time(w, q, c, t)), fault_time(w, q, c, t));

    for (size_t i = 0; i < load_count(w->a); i++) {
        struct load l = load_at(w->a, i);

        if (interferes(w, q, c, &l))
            sum = plus(sum, load_time(w, q, &l, t));
    }
    w->steps += load_count(w->a);
    return sum;
}

/* ---- blocking by those that are less urgent --------------------------------------------- */

static bool handles_faults(const struct analysis *a, uint32_t portal, uint32_t but)
{
    for (uint32_t t = 0; t < a->task_count; t++)
        if (t != but && a->tasks[t].fault_portal == portal)
            return true;
    return false;
}

/* The longest service at or above the question's priority on behalf of one below it. */
static bool find_blocking(const struct work *w, const struct question *q, const struct course *c, struct analysis_response *r)
{
    const struct analysis *a = w->a;

    for (uint32_t p = 0; p < a->portal_count; p++)
        if (core_of(a, p) == q->core && a->portals[p].ceiling >= q->priority && a->portals[p].bound == 0 &&
            handles_faults(a, p, q->asker)) {
            *r = unknown(ANALYSIS_UNBOUNDED, p);
            return false;
        }
    for (uint32_t p = 0; p < a->portal_count; p++) {
        if (core_of(a, p) != q->core || a->portals[p].ceiling < q->priority || p == q->portal)
            continue;
        for (uint32_t l = 0; l < a->task_count; l++) {
            if (a->tasks[l].core != q->core || a->tasks[l].priority >= q->priority || l == q->task || !reaches(w, l, p) ||
                !supply_is_shared(c, a->tasks[l].partition, q->partition))
                continue;
            if (a->portals[p].bound == 0) {
                *r = unknown(ANALYSIS_UNBOUNDED, p);
                return false;
            }
            if (a->portals[p].bound > r->blocking) {
                r->blocking = a->portals[p].bound;
                r->blocking_portal = p;
            }
        }
    }
    return true;
}

/* ---- one course of tables ---------------------------------------------------------------- */

static bool all_limited(struct work *w, const struct question *q, const struct course *c, struct analysis_response *r)
{
    const struct analysis *a = w->a;

    for (size_t i = 0; i < load_count(a); i++) {
        struct load l = load_at(a, i);
        enum analysis_reason reason = l.portal == ANALYSIS_NONE ? ANALYSIS_UNLIMITED : ANALYSIS_UNLIMITED_PORTAL;

        if (l.goes_on && q->priority == 0 && l.core == q->core && !is_own(q, &l) && supply_is_shared(c, l.partition, q->partition)) {
            *r = unknown(ANALYSIS_UNLIMITED, l.task);
            return false;
        }
        if (!interferes(w, q, c, &l))
            continue;
        if (l.budget == 0) {
            *r = unknown(reason, l.portal == ANALYSIS_NONE ? l.task : l.portal);
            return false;
        }
        if (may_carry(w, q, &l)) {
            const struct analysis_response *o = &a->tasks[l.task].result;

            if (l.portal != ANALYSIS_NONE || o->verdict == ANALYSIS_UNKNOWN || o->response == 0 || o->response > l.period) {
                *r = unknown(ANALYSIS_BACKLOG, l.task);
                return false;
            }
        }
    }
    return true;
}

static uint64_t wait_for(const struct question *q, const struct course *c, uint64_t phase, uint64_t want)
{
    return supply_is_always(c->a, q->partition) ? want : supply_wait(c, q->core, q->partition, q->held, phase, want);
}

/* The response from one phase on; above q->limit: at least that long. 0: too many steps. */
static uint64_t respond(struct work *w, const struct question *q, const struct course *c, uint64_t fixed, uint64_t phase)
{
    uint64_t t = wait_for(q, c, phase, fixed), next;

    while (t <= q->limit) {
        next = wait_for(q, c, phase, demand(w, q, c, fixed, t));
        if (next <= t)
            return t;
        if (w->steps > STEPS_MOST)
            return 0;
        t = next;
    }
    return t;
}

/* Where each of the parts of a response comes from. */
static void explain(struct work *w, const struct question *q, const struct course *c, uint64_t fixed, struct analysis_response *r)
{
    const struct analysis *a = w->a;
    uint64_t t = r->response;

    r->share_count = 0;
    r->share_rest = 0;
    r->kernel = plus(a->costs.activation, interrupt_time(w, q, c, t));
    r->faults = fault_time(w, q, c, t);
    for (size_t i = 0; i < load_count(a); i++) {
        struct load l = load_at(a, i);
        struct analysis_share s = { l.portal == ANALYSIS_NONE ? l.task : ANALYSIS_NONE, l.portal, 0, 0 };
        size_t at;

        if (!interferes(w, q, c, &l))
            continue;
        s.count = load_times(w, q, &l, t);
        s.time = load_time(w, q, &l, t);
        r->kernel = plus(r->kernel, times(s.count, load_cost(w)));
        for (at = r->share_count; at > 0 && r->share[at - 1].time < s.time; at--)
            ;
        if (r->share_count == ANALYSIS_SHARES)
            r->share_rest = plus(r->share_rest, at == ANALYSIS_SHARES ? s.time : r->share[ANALYSIS_SHARES - 1].time);
        else
            r->share_count++;
        if (at < ANALYSIS_SHARES) {
            memmove(&r->share[at + 1], &r->share[at], (r->share_count - 1 - at) * sizeof(s));
            r->share[at] = s;
        }
    }
    r->supply = t > demand(w, q, c, fixed, t) ? t - demand(w, q, c, fixed, t) : 0;
}

/* The worst phase of one course; *worst is replaced if this is worse. */
static bool look(struct work *w, const struct question *q, const struct course *c, struct analysis_response *worst)
{
    struct analysis_response r = { .blocking_portal = ANALYSIS_NONE, .table = c->first, .next_table = c->then, .own = q->own };
    bool always = supply_is_always(w->a, q->partition);
    uint64_t fixed;

    if (!all_limited(w, q, c, &r) || !find_blocking(w, q, c, &r)) {
        *worst = r;
        return false;
    }
    r.blocking = plus(r.blocking, w->a->costs.masked);
    fixed = plus(plus(plus(q->own, q->away), w->a->costs.activation), times(r.blocking, q->again));
    for (size_t n = 0; n == 0 || !always; n++) {
        if (!always && !supply_phase(c, q->core, q->partition, q->held, n, &r.phase))
            break;
        r.response = respond(w, q, c, fixed, r.phase);
        if (r.response == 0 || r.response >= FOR_EVER || r.response > q->limit) {
            r.verdict = r.response == 0 ? ANALYSIS_UNKNOWN : ANALYSIS_MISSED;
            r.reason = r.response == 0 ? ANALYSIS_TOO_LONG : ANALYSIS_OVERLOAD;
            r.response = 0;
            *worst = r;
            return false;
        }
        if (r.response > worst->response) {
            explain(w, q, c, fixed, &r);
            *worst = r;
        }
    }
    return true;
}

/* ---- all courses --------------------------------------------------------------------------- */

/* A table, and later another: later and later, until that makes no difference any more. */
static bool look_at_change(struct work *w, const struct question *q, uint32_t first, uint32_t then, struct analysis_response *worst)
{
    struct course c = { w->a, first, then, 0 };

    do {
        if (!look(w, q, &c, worst))
            return false;
        c.more++;
    } while (first != then && times(c.more - 1, w->a->tables[first].frame) < worst->response && !supply_is_always(w->a, q->partition));
    return true;
}

static bool is_suspended(const struct analysis *a, uint32_t table, uint32_t partition)
{
    return (a->tables[table].suspended >> partition & 1) != 0;
}

static struct analysis_response answer(struct work *w, const struct question *q)
{
    struct analysis_response worst = { .verdict = ANALYSIS_NOT_ASKED, .table = ANALYSIS_NONE, .next_table = ANALYSIS_NONE,
                                       .blocking_portal = ANALYSIS_NONE, .own = q->own };
    const struct analysis *a = w->a;

    if (a->table_count == 0) {
        look(w, q, &(struct course){ a, ANALYSIS_NONE, ANALYSIS_NONE, 0 }, &worst);
        return worst;
    }
    for (uint32_t t = 0; t < a->table_count; t++) {
        bool any = supply_is_always(a, q->partition) || is_suspended(a, t, q->partition);

        for (size_t i = 0; i < a->tables[t].window_count; i++)
            any = any || (a->tables[t].windows[i].core == q->core && (a->tables[t].windows[i].partitions >> q->partition & 1) != 0 &&
                          supply_usable(a, &a->tables[t].windows[i], q->held) != 0);
        if (!any) {
            worst = unknown(ANALYSIS_NO_WINDOW, ANALYSIS_NONE);
            worst.table = t;
            return worst;
        }
    }
    for (uint32_t t = 0; t < a->table_count; t++)
        for (uint32_t u = 0; u < a->table_count; u++)
            if ((t == u || a->switches) && !is_suspended(a, t, q->partition) && !is_suspended(a, u, q->partition) &&
                !look_at_change(w, q, t, u, &worst))
                return worst;
    return worst;
}

/* ---- calls to other cores -------------------------------------------------------------------- */

/* The highest priority at which a vCPU can make a call. */
static uint32_t calls_at(const struct analysis *a, uint32_t task)
{
    uint32_t most = a->tasks[task].priority;

    for (size_t p = 0; p < a->portal_count; p++)
        if (a->portals[p].server == task && a->portals[p].ceiling > most)
            most = a->portals[p].ceiling;
    return most;
}

/* Services that may come before one more call of `asker`, whose priority there
 * is `rank`, at any portal of the same server; the longest of them. */
struct queue {
    uint64_t count, bound;
    enum analysis_reason reason;    /* FITS, or why nothing can be said */
    uint32_t culprit;
};
static struct queue queue_at(const struct work *w, uint32_t portal, uint32_t asker, uint32_t rank)
{
    const struct analysis *a = w->a;
    uint32_t server = a->portals[portal].server;
    struct queue q = { .reason = ANALYSIS_FITS };
    bool below = false;

    for (uint32_t p = 0; p < a->portal_count; p++) {
        if (a->portals[p].server != server)
            continue;
        for (uint32_t t = 0; t < a->task_count; t++) {
            if (t == asker || !calls(&a->tasks[t], p))
                continue;
            if (a->portals[p].bound == 0)
                return (struct queue){ .reason = ANALYSIS_NO_BOUND, .culprit = p };
            if (calls_at(a, t) > rank && (a->tasks[t].core != a->tasks[server].core || a->tasks[t].budget == 0))
                return (struct queue){ .reason = ANALYSIS_QUEUE, .culprit = p };
            below = true;
            q.count += calls_at(a, t) >= rank ? 1 : 0;
            q.bound = a->portals[p].bound > q.bound ? a->portals[p].bound : q.bound;
        }
    }
    q.count += below ? 1 : 0;       /* the one in service, when the call comes */
    return q;
}

static struct analysis_response remote_calls(struct work *w, const struct question *from, uint32_t task, uint32_t rank, uint32_t depth);

/* How long a call from another core takes until it is answered, as .response. */
static struct analysis_response remote_call(struct work *w, const struct question *from, uint32_t portal, uint32_t asker,
                                            uint32_t rank, uint32_t depth)
{
    struct analysis *a = w->a;
    struct analysis_portal *p = &a->portals[portal];
    const struct analysis_task *server = &a->tasks[p->server];
    struct queue queue = queue_at(w, portal, asker, rank);
    struct analysis_response r, nested;
    uint64_t work;

    if (depth == DEPTH_MOST)
        return unknown(ANALYSIS_CIRCLE, portal);
    if (p->bound == 0)
        return unknown(ANALYSIS_NO_BOUND, portal);
    if (queue.reason != ANALYSIS_FITS)
        return unknown(queue.reason, queue.culprit);
    if (!server->serves_only && server->priority < p->ceiling)
        return unknown(ANALYSIS_OWN_WORK, portal);
    nested = remote_calls(w, from, p->server, p->ceiling, depth + 1);
    if (nested.verdict == ANALYSIS_UNKNOWN)
        return nested;
    work = plus(p->bound, times(queue.count, queue.bound));

    struct question q = { .core = server->core, .priority = p->ceiling, .partition = p->partition, .task = ANALYSIS_NONE,
                          .portal = portal, .own = work, .again = 1, .limit = from->limit, .asker = asker,
                          .away = times(queue.count + 1, nested.response) };
    /* Each of these may find the budget used up. */
    if (p->budget != 0)
        q.away = plus(q.away, times(parts(work, p->budget), p->period));
    r = answer(w, &q);
    if (r.response == 0) {
        r.verdict = ANALYSIS_UNKNOWN;
        return r;
    }
    r.response = plus(r.response, plus(a->costs.remote, times(2, a->costs.masked)));
    if (r.response > p->response)
        p->response = r.response;
    return r;
}

/* One call of each portal on another core that a task can call. */
static struct analysis_response remote_calls(struct work *w, const struct question *from, uint32_t task, uint32_t rank, uint32_t depth)
{
    const struct analysis_task *t = &w->a->tasks[task];
    struct analysis_response all = { .verdict = ANALYSIS_NOT_ASKED };

    for (size_t i = 0; i < t->call_count; i++) {
        if (core_of(w->a, t->calls[i]) == t->core)
            continue;
        struct analysis_response one = remote_call(w, from, t->calls[i], task, rank, depth);

        if (one.verdict == ANALYSIS_UNKNOWN)
            return one;
        all.response = plus(all.response, one.response);
    }
    return all;
}

/* ---- services that a task depends on ------------------------------------------------------------ */

/* Why a call on its own core can take longer than the services that are counted. */
static bool services_are_safe(const struct work *w, uint32_t task, struct analysis_response *r)
{
    const struct analysis *a = w->a;

    for (uint32_t p = 0; p < a->portal_count; p++) {
        const struct analysis_task *server = &a->tasks[a->portals[p].server];
        enum analysis_reason reason = ANALYSIS_FITS;

        if (!reaches(w, task, p))
            continue;
        if (a->portals[p].bound == 0)
            reason = ANALYSIS_NO_BOUND;
        else if (!server->serves_only && server->priority < a->tasks[task].priority)
            reason = ANALYSIS_OWN_WORK;
        else if (remote_count(a, a->portals[p].server) != 0)
            reason = ANALYSIS_SUSPENDS;
        else if (is_kept_from(w, p, task))
            reason = ANALYSIS_CUT;
        if (reason != ANALYSIS_FITS) {
            *r = unknown(reason, p);
            return false;
        }
    }
    return true;
}

/*
 * A service that others have left to the portal's own context, or call from afar,
 * may find the budget of that used up, and who comes next waits for it: once
 * for each portal that the task calls. Returns of how many, and how long.
 */
static uint64_t stalls(const struct work *w, uint32_t task, uint64_t *time)
{
    const struct analysis *a = w->a;
    uint64_t count = 0;

    *time = 0;
    for (uint32_t p = 0; p < a->portal_count; p++) {
        if (!reaches(w, task, p) || !can_stall(w, p, task))
            continue;
        *time = plus(*time, times(parts(a->portals[p].bound, a->portals[p].budget), a->portals[p].period));
        count++;
    }
    return count;
}

/* The longest service that one of the task's calls must see through in a window. */
static uint64_t held_of(const struct work *w, uint32_t task)
{
    const struct analysis *a = w->a;
    uint64_t most = 0;

    for (size_t i = 0; i < a->tasks[task].call_count; i++) {
        const struct analysis_portal *p = &a->portals[a->tasks[task].calls[i]];

        if (p->held && a->tasks[p->server].core == a->tasks[task].core && p->bound > most)
            most = p->bound;
    }
    return most;
}

/* ---- a task ------------------------------------------------------------------------------------- */

static struct analysis_response task_response(struct work *w, uint32_t task)
{
    const struct analysis *a = w->a;
    const struct analysis_task *t = &a->tasks[task];
    uint64_t stalled, calls_out = remote_count(a, task) + stalls(w, task, &stalled), longest = t->deadline != 0 ? t->deadline : t->period;
    struct question q = { .core = t->core, .priority = t->priority, .partition = t->partition, .task = task, .portal = ANALYSIS_NONE,
                          .own = calls_out == 0 ? t->budget : parts(t->budget, 2), .again = calls_out + 1, .held = held_of(w, task),
                          .limit = times(ANALYSIS_HORIZON, longest), .asker = task };
    struct analysis_response r, out;

    if (t->deadline != 0 && plus(q.own, a->costs.activation) > t->deadline) {
        r = unknown(ANALYSIS_COST, ANALYSIS_NONE);
        r.verdict = ANALYSIS_MISSED;
        r.own = q.own;
        return r;
    }
    if (!services_are_safe(w, task, &r))
        return r;
    out = remote_calls(w, &q, task, t->priority, 0);
    if (out.verdict == ANALYSIS_UNKNOWN)
        return out;
    q.away = plus(out.response, stalled);
    r = answer(w, &q);
    r.remote = q.away;
    if (r.response == 0)
        return r;
    if (t->deadline == 0)
        return r;
    r.verdict = r.response <= t->deadline ? ANALYSIS_MET : ANALYSIS_MISSED;
    return r;
}

/* The most urgent first: of another partition, they must be known before. */
static void respond_all(struct work *w)
{
    struct analysis *a = w->a;

    for (size_t i = 0; i < a->task_count; i++)
        a->tasks[i].result = unknown(ANALYSIS_FITS, ANALYSIS_NONE);
    for (uint32_t priority = 256; priority-- > 0;)
        for (uint32_t i = 0; i < a->task_count; i++)
            if (a->tasks[i].priority == priority && a->tasks[i].budget != 0)
                a->tasks[i].result = task_response(w, i);
    for (size_t i = 0; i < a->task_count; i++)
        if (a->tasks[i].deadline == 0)
            a->tasks[i].result.verdict = ANALYSIS_NOT_ASKED;
}

/* ---- utilisation ---------------------------------------------------------------------------------- */

/* Rounded down: nothing is refused for what rounding adds. */
static uint64_t part_of(uint64_t part, uint64_t whole)
{
    return (uint64_t)((unsigned __int128)part * ANALYSIS_WHOLE / whole);
}

static void add_problem(struct analysis *a, struct analysis_problem p)
{
    if (a->problem_count < a->problem_room)
        a->problems[a->problem_count] = p;
    a->problem_count++;
}

static void use_all(struct analysis *a)
{
    memset(a->used, 0, sizeof a->used);
    memset(a->used_by, 0, sizeof a->used_by);
    memset(a->unlimited, 0, sizeof a->unlimited);
    for (size_t i = 0; i < load_count(a); i++) {
        struct load l = load_at(a, i);

        if (l.budget == 0) {
            a->unlimited[l.core] += l.portal == ANALYSIS_NONE;
            continue;
        }
        a->used[l.core] += part_of(l.budget, l.period);
        a->used_by[l.core][l.partition] += part_of(l.budget, l.period);
    }
}

static void check_use(struct analysis *a)
{
    for (uint32_t core = 0; core < ANALYSIS_CORES; core++) {
        if (a->used[core] > ANALYSIS_WHOLE)
            add_problem(a, (struct analysis_problem){ .kind = ANALYSIS_CORE_FULL, .core = core, .used = a->used[core],
                                                      .given = ANALYSIS_WHOLE, .table = ANALYSIS_NONE, .task = ANALYSIS_NONE });
        for (uint32_t t = 0; t < a->table_count; t++)
            for (uint32_t p = 0; p < a->partition_count; p++) {
                uint64_t given = part_of(analysis_window_time(a, &a->tables[t], core, p), a->tables[t].frame);

                if (!supply_is_always(a, p) && !is_suspended(a, t, p) && a->used_by[core][p] > given)
                    add_problem(a, (struct analysis_problem){ .kind = ANALYSIS_PARTITION_FULL, .core = core, .partition = p,
                                                              .table = t, .task = ANALYSIS_NONE, .used = a->used_by[core][p],
                                                              .given = given });
            }
    }
}

/* ---- all ------------------------------------------------------------------------------------------ */

size_t analysis_problems_most(const struct analysis *a)
{
    return a->task_count + ANALYSIS_CORES * (1 + a->table_count * a->partition_count);
}

void analysis_run(struct analysis *a)
{
    struct work w = { .a = a, .reached = mem_alloc(a->task_count * a->portal_count + 1), .hangs = mem_alloc(a->task_count + 1) };

    for (uint32_t i = 0; i < a->task_count; i++)
        reach(a, i, &w.reached[i * a->portal_count]);
    for (uint32_t i = 0; i < a->task_count; i++)
        w.hangs[i] = can_hang(&w, i);
    a->problem_count = 0;
    for (size_t i = 0; i < a->portal_count; i++)
        a->portals[i].response = 0;
    use_all(a);
    check_use(a);
    respond_all(&w);
    for (uint32_t i = 0; i < a->task_count; i++)
        if (a->tasks[i].result.verdict == ANALYSIS_MISSED || a->tasks[i].result.verdict == ANALYSIS_UNKNOWN)
            add_problem(a, (struct analysis_problem){ .kind = ANALYSIS_DEADLINE, .core = a->tasks[i].core, .task = i,
                                                      .table = ANALYSIS_NONE });
}
