/* SPDX-License-Identifier: BSD-2-Clause */
#include "timing.h"

#include "analysis_costs.h"

typedef unsigned long long ull;

/* ---- whose time it is -------------------------------------------------------------------- */

static bool has_windows(const struct system *s, uint32_t partition)
{
    return partition != 0 && !s->time_partitions.at[partition - 1]->background;
}

/* Does this vCPU call the portal? A guest does by its exits. */
static bool calls(const struct vcpu *v, const struct portal *p)
{
    if (model_is_guest(v->cell))
        return v->fault_portal == p;
    for (size_t i = 0; i < v->cell->calls.count; i++)
        if (v->cell->calls.at[i].portal == p)
            return true;
    return false;
}

/* On whose contexts a vCPU may run: its own, and those of its portals' callers. */
static uint32_t partitions_of(const struct system *s, const struct vcpu *v)
{
    uint32_t mask = 1u << v->time.partition;

    for (size_t i = 0; i < s->portals.count; i++)
        if (s->portals.at[i]->server == v)
            mask |= s->portals.at[i]->partitions;
    return mask;
}

/* A call of the same core is served on the caller's context, any other on the
 * portal's. Grows until nothing changes: at most one step per partition and portal. */
static void derive_partitions(struct system *s)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < s->portals.count; i++) {
            struct portal *p = s->portals.at[i];
            uint32_t before = p->partitions;

            for (size_t k = 0; k < s->vcpus.count; k++) {
                const struct vcpu *v = s->vcpus.at[k];

                if (calls(v, p))
                    p->partitions |= v->core == p->server->core ? partitions_of(s, v) : 1u << p->time.partition;
            }
            changed = changed || p->partitions != before;
        }
    }
}

/* ---- calls that are held back -------------------------------------------------------------- */

/* Would somebody else wait for the next window of this caller, whose own ends during a service? */
static bool delays_others(const struct system *s, const struct vcpu *v, const struct portal *p)
{
    return v->core == p->server->core && has_windows(s, v->time.partition) &&
           (partitions_of(s, p->server) & ~(1u << v->time.partition)) != 0;
}

bool timing_is_held(const struct system *s, const struct cell *c, const struct portal *p)
{
    for (size_t i = 0; i < c->vcpus.count; i++)
        if (delays_others(s, c->vcpus.at[i], p))
            return true;
    return false;
}

/* The lowest other partition whose time the server may run on. */
static uint32_t other_partition(const struct system *s, const struct vcpu *v, const struct portal *p)
{
    return (uint32_t)__builtin_ctz(partitions_of(s, p->server) & ~(1u << v->time.partition));
}

/* What a window has for a service after the kernel's part of it. */
static bool has_room(const struct time_window *w, uint64_t bound_us)
{
    const struct analysis_costs costs = analysis_costs(0);

    return bound_us * 1000 + costs.window + costs.masked <= w->length_us * 1000;
}

static void check_room(const struct system *s, const struct reference *r, const struct vcpu *v)
{
    const struct portal *p = r->portal;

    for (size_t i = 0; i < s->time_tables.count; i++)
        for (size_t k = 0; k < s->time_tables.at[i]->windows.count; k++) {
            const struct time_table *t = s->time_tables.at[i];
            const struct time_window *w = &t->windows.at[k];

            if (w->core != v->core || !(w->partitions >> v->time.partition & 1) || has_room(w, p->bound_us))
                continue;
            diag_error(r->at, "\"%s\" calls portal \"%s\" of \"%s\", whose bound of %llu us does not fit window \"%s\" of table \"%s\", %llu us, with the kernel's part; expected all windows of %s to hold it; shorten the bound or lengthen the window",
                       v->cell->name, p->name, p->cell->name, (ull)p->bound_us, w->name, t->name, (ull)w->length_us,
                       model_show_partition(s, v->time.partition));
            return;
        }
}

static void check_call(const struct system *s, const struct cell *c, const struct reference *r)
{
    const struct portal *p = r->portal;

    if (!timing_is_held(s, c, p))
        return;
    for (size_t i = 0; i < c->vcpus.count; i++) {
        const struct vcpu *v = c->vcpus.at[i];

        if (v->core != p->server->core)
            continue;
        if (!has_windows(s, v->time.partition)) {
            diag_error(r->at, "vCPUs of \"%s\" on core %u call portal \"%s\" of \"%s\", some of them in a partition with windows and vCPU %u in %s; expected either of them there; put them into one partition or into two cells",
                       c->name, v->core, p->name, p->cell->name, v->number, model_show_partition(s, v->time.partition));
            return;
        }
        if (!p->bound_us) {
            diag_error(p->node ? p->node->at : p->cell->at, "\"%s\" in %s calls portal \"%s\" of \"%s\", which works for others too (%s), and could leave it waiting for its own next window; expected a service bound; add bound-us = <100>",
                       c->name, model_show_partition(s, v->time.partition), p->name, p->cell->name,
                       model_show_partition(s, other_partition(s, v, p)));
            return;
        }
        check_room(s, r, v);
    }
}

/* ---- callers whose budget can end during a service -------------------------------------- */

static bool has_other_callers(const struct system *s, const struct cell *c, const struct vcpu *server)
{
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t k = 0; k < s->cells.at[i]->calls.count; k++)
            if (s->cells.at[i] != c && s->cells.at[i]->calls.at[k].portal->server == server)
                return true;
    return false;
}

static void warn_unbounded(const struct system *s, const struct cell *c, const struct reference *r)
{
    const struct portal *p = r->portal;

    for (size_t i = 0; i < c->vcpus.count; i++)
        if (c->vcpus.at[i]->time.budget_us && c->vcpus.at[i]->core == p->server->core && !p->bound_us &&
            has_other_callers(s, c, p->server)) {
            diag_warning(r->at, "\"%s\" has a budget and calls portal \"%s\" of \"%s\", which has other callers and no bound: they wait while the budget is used up; expected a service bound; add bound-us = <100> to the portal",
                         c->name, p->name, p->cell->name);
            return;
        }
}

void timing_derive(struct system *s)
{
    if (diag_failed())
        return;
    derive_partitions(s);
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t k = 0; k < s->cells.at[i]->calls.count; k++) {
            check_call(s, s->cells.at[i], &s->cells.at[i]->calls.at[k]);
            warn_unbounded(s, s->cells.at[i], &s->cells.at[i]->calls.at[k]);
        }
}

/* ---- can deadlines be kept? ---------------------------------------------------------------- */

/* What the boards are run with (QEMU), and the kernel's costs are counted in. */
enum { COUNTER_HZ = 62500000 };

typedef VEC(struct analysis_source) sources_t;

static const char *vcpu_name(const struct vcpu *v)
{
    return v->cell->vcpus.count == 1 ? v->cell->name : mem_printf("%s vCPU %u", v->cell->name, v->number);
}

/* Nothing but a call makes it ready after its start. */
static bool serves_only(const struct system *s, const struct vcpu *v)
{
    bool serves = false;

    for (size_t i = 0; i < s->portals.count; i++)
        serves = serves || s->portals.at[i]->server == v;
    return serves && v->lines == 0 && !model_is_guest(v->cell);
}

static void task_calls(const struct vcpu *v, struct analysis_task *t)
{
    VEC(uint32_t) calls = { 0 };

    if (model_is_guest(v->cell))
        *vec_push(&calls) = v->fault_portal->index;
    for (size_t i = 0; i < v->cell->calls.count; i++)
        *vec_push(&calls) = v->cell->calls.at[i].portal->index;
    t->calls = calls.at;
    t->call_count = calls.count;
}

static void add_tasks(const struct system *s, struct analysis *a)
{
    a->task_count = s->vcpus.count;
    a->tasks = mem_alloc(a->task_count * sizeof *a->tasks);
    for (size_t i = 0; i < a->task_count; i++) {
        const struct vcpu *v = s->vcpus.at[i];
        bool guest = model_is_guest(v->cell);

        a->tasks[i] = (struct analysis_task){
            .name = vcpu_name(v),
            .core = v->core,
            .priority = v->priority,
            .partition = v->time.partition,
            .budget = v->time.budget_us * 1000,
            .period = v->time.period_us * 1000,
            .deadline = v->time.deadline_us * 1000,
            .goes_on = v->time.budget_us && v->time.exhausted == MV_EXHAUSTED_BACKGROUND,
            .serves_only = serves_only(s, v),
            .tells = v->time.budget_us && v->time.exhausted == MV_EXHAUSTED_FAULT,
            .fault_portal = guest || !v->fault_portal ? ANALYSIS_NONE : v->fault_portal->index,
        };
        task_calls(v, &a->tasks[i]);
    }
}

static bool is_held(const struct system *s, const struct portal *p)
{
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t k = 0; k < s->cells.at[i]->calls.count; k++)
            if (s->cells.at[i]->calls.at[k].portal == p && timing_is_held(s, s->cells.at[i], p))
                return true;
    return false;
}

static void add_portals(const struct system *s, struct analysis *a)
{
    a->portal_count = s->portals.count;
    a->portals = mem_alloc(a->portal_count * sizeof *a->portals);
    for (size_t i = 0; i < a->portal_count; i++) {
        const struct portal *p = s->portals.at[i];

        a->portals[i] = (struct analysis_portal){
            .name = mem_printf("%s of %s", p->name, p->cell->name),
            .server = p->server->index,
            .ceiling = p->ceiling,
            .partition = p->time.partition,
            .budget = p->time.budget_us * 1000,
            .period = p->time.period_us * 1000,
            .bound = p->bound_us * 1000,
            .held = is_held(s, p),
        };
    }
}

static void add_partitions(const struct system *s, struct analysis *a)
{
    struct analysis_partition *all = mem_alloc((s->time_partitions.count + 1) * sizeof *all);

    all[0].name = "none";
    for (size_t i = 0; i < s->time_partitions.count; i++)
        all[i + 1] = (struct analysis_partition){ s->time_partitions.at[i]->name, s->time_partitions.at[i]->background };
    a->partitions = all;
    a->partition_count = s->time_partitions.count + 1;
}

static void add_tables(const struct system *s, struct analysis *a)
{
    struct analysis_table *all = mem_alloc(s->time_tables.count * sizeof *all);

    for (size_t i = 0; i < s->time_tables.count; i++) {
        const struct time_table *t = s->time_tables.at[i];
        struct analysis_window *windows = mem_alloc(t->windows.count * sizeof *windows);

        for (size_t k = 0; k < t->windows.count; k++) {
            const struct time_window *w = &t->windows.at[k];

            windows[k] = (struct analysis_window){ w->name, w->core, w->start_us * 1000, w->length_us * 1000, w->partitions };
        }
        all[i] = (struct analysis_table){ .name = t->name, .frame = t->frame_us * 1000, .windows = windows,
                                          .window_count = t->windows.count, .suspended = t->suspended };
    }
    a->tables = all;
    a->table_count = s->time_tables.count;
    for (size_t i = 0; i < s->cells.count; i++)
        a->switches = a->switches || s->cells.at[i]->switches_schedule;
}

static void add_sources(const struct system *s, struct analysis *a)
{
    sources_t all = { 0 };

    for (size_t i = 0; i < s->virqs.count; i++) {
        const struct virq *v = s->virqs.at[i];

        if (v->source == MV_VIRQ_DEVICE)
            *vec_push(&all) = (struct analysis_source){
                v->name, v->sink->core, v->sink->index, v->cell->limit_us ? v->cell->limit_count : 1, v->cell->limit_us * 1000, true,
            };
    }
    for (size_t i = 0; i < s->timers.count; i++) {
        const struct timer *t = s->timers.at[i];

        *vec_push(&all) = (struct analysis_source){ t->name, t->virq->sink->core, t->virq->sink->index, 1, t->shortest_us * 1000, false };
    }
    a->sources = all.at;
    a->source_count = all.count;
}

/* Where what is wrong stands. */
static struct pos problem_at(const struct system *s, const struct analysis_problem *p)
{
    const struct vcpu *most = NULL;

    if (p->kind == ANALYSIS_DEADLINE)
        return model_vcpu_at(s->vcpus.at[p->task], "deadline-us");
    if (p->kind == ANALYSIS_PARTITION_FULL && p->table < s->time_tables.count)
        return s->time_tables.at[p->table]->node->at;
    /* The last of the budgets that are too much. */
    for (size_t i = 0; i < s->vcpus.count; i++)
        if (s->vcpus.at[i]->core == p->core && s->vcpus.at[i]->time.budget_us)
            most = s->vcpus.at[i];
    return most ? model_vcpu_at(most, "budget-us") : s->at;
}

void timing_analyse(struct system *s)
{
    enum { LINE = 1024 };
    struct analysis *a = mem_alloc(sizeof *a);

    a->costs = analysis_costs(COUNTER_HZ);
    add_tasks(s, a);
    add_portals(s, a);
    add_partitions(s, a);
    add_tables(s, a);
    add_sources(s, a);
    a->problem_room = analysis_problems_most(a);
    a->problems = mem_alloc(a->problem_room * sizeof *a->problems);
    analysis_run(a);
    s->analysis = a;
    for (size_t i = 0; i < a->problem_count; i++) {
        char *line = mem_alloc(LINE);

        analysis_say(a, &a->problems[i], line, LINE);
        diag_error(problem_at(s, &a->problems[i]), "%s", line);
    }
}
