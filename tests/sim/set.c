/* SPDX-License-Identifier: BSD-2-Clause */
#include "set.h"

#include <stdio.h>
#include <string.h>

#include "analysis_parts.h"

#define US UINT64_C(1000)

uint64_t set_below(struct set *s, uint64_t n) { return random_below(&s->random, (uint32_t)n); }
bool set_chance(struct set *s, uint32_t percent) { return random_below(&s->random, 100) < percent; }

/* In whole ticks, from least to most. */
static uint64_t between(struct set *s, uint64_t least, uint64_t most)
{
    return (least + set_below(s, most - least + 1)) * SET_TICK;
}

/* ---- partitions and windows ----------------------------------------------------- */

static const char *const partition_names[] = { "none", "one", "two", "three", "rest" };

static void add_window(struct set *s, uint32_t table, uint32_t core, uint64_t start, uint64_t length, uint32_t partitions)
{
    struct analysis_table *t = &s->table[table];

    s->window[table][t->window_count++] = (struct analysis_window){ .name = "window", .core = core, .start = start,
                                                                    .length = length, .partitions = partitions };
}

/* Each partition gets a window or two of a core's frame; some time may stay free. */
static void divide_frame(struct set *s, uint32_t table, uint32_t core, uint32_t partitions)
{
    uint32_t n = partitions + (uint32_t)set_below(s, 3), first = (uint32_t)set_below(s, partitions);
    uint64_t frame = s->table[table].frame / SET_TICK, at = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint64_t room = (frame - at) / (n - i), length = room / 2 + set_below(s, room / 2 + 1);
        uint32_t in = 2u << (first + i) % partitions;

        if (set_chance(s, 10))
            in |= 2u << set_below(s, partitions);
        if (set_chance(s, 30))
            at += set_below(s, room / 8 + 1);
        if (at + length > frame)
            length = frame - at;
        add_window(s, table, core, at * SET_TICK, length * SET_TICK, in);
        at += length;
    }
}

static void make_windows(struct set *s)
{
    uint32_t partitions = 2 + (uint32_t)set_below(s, 2);

    for (uint32_t i = 0; i <= partitions; i++)
        s->partition[i].name = partition_names[i];
    s->a.partition_count = partitions + 1;
    if (set_chance(s, 50))
        s->partition[s->a.partition_count++] = (struct analysis_partition){ partition_names[4], true };
    s->a.table_count = 1 + set_below(s, 2);
    s->a.switches = s->switches = s->a.table_count > 1;
    for (uint32_t t = 0; t < s->a.table_count; t++) {
        s->table[t] = (struct analysis_table){ .name = t == 0 ? "normal" : "other", .windows = s->window[t],
                                               .frame = between(s, 2000, 8000) };
        for (uint32_t core = 0; core < s->cores; core++)
            divide_frame(s, t, core, partitions);
    }
}

static bool is_background(const struct set *s, uint32_t partition) { return s->partition[partition].background; }

/* ---- tasks ------------------------------------------------------------------------ */

static struct analysis_task *add_task(struct set *s, enum role role, uint32_t core, uint32_t priority)
{
    uint32_t i = (uint32_t)s->a.task_count++;
    struct analysis_task *t = &s->task[i];

    snprintf(s->name[i], sizeof(s->name[i]), "%c%u", "ewxsh"[role], i);
    s->role[i] = role;
    *t = (struct analysis_task){ .name = s->name[i], .core = core, .priority = priority, .calls = s->calls[i],
                                 .fault_portal = ANALYSIS_NONE, .serves_only = role == ROLE_SERVER || role == ROLE_HANDLER };
    return t;
}

/* Its part of the core is `share` thousandths, of what its partition has. */
static void give_budget(struct set *s, struct analysis_task *t, uint64_t share)
{
    uint64_t given = ANALYSIS_SECOND;

    for (uint32_t i = 0; i < s->a.table_count; i++) {
        uint64_t time = analysis_window_time(&s->a, &s->table[i], t->core, t->partition) * 1000 / s->table[i].frame;

        given = time < given ? time : given;
    }
    given = given > 1000 ? 1000 : given;
    t->period = between(s, 1000, 4000) << set_below(s, s->a.table_count == 0 ? 4 : 3);
    t->period += s->a.table_count == 0 ? 0 : 3 * s->table[0].frame;
    t->budget = t->period / 1000 * share * given / 1000 / 1000 * 1000;
    if (t->budget < 20 * US)
        t->budget = 20 * US;
}

static void add_worker(struct set *s, uint32_t core, uint64_t share)
{
    static const enum mv_exhausted policy[] = { MV_EXHAUSTED_WAIT, MV_EXHAUSTED_WAIT, MV_EXHAUSTED_BACKGROUND };
    enum role role = set_chance(s, 70) ? ROLE_EXACT : set_chance(s, 60) ? ROLE_WILD : ROLE_SPIN;
    struct analysis_task *t = add_task(s, role, core, 10 + (uint32_t)set_below(s, 40));

    t->partition = s->a.table_count == 0 ? 0 : (uint32_t)set_below(s, s->a.partition_count);
    if (t->partition == 0 && set_chance(s, 70) && s->a.table_count != 0)
        t->partition = 1;
    give_budget(s, t, share);
    s->exhausted[t - s->task] = role == ROLE_EXACT ? MV_EXHAUSTED_WAIT : policy[set_below(s, 3)];
    t->goes_on = s->exhausted[t - s->task] == MV_EXHAUSTED_BACKGROUND;
    if (role == ROLE_EXACT)
        t->deadline = t->period - set_below(s, (t->period - t->budget) / SET_TICK / 2 + 1) * SET_TICK;
}

/* Mostly the shorter the period the more urgent, and always those of the background below. */
static void order(struct set *s)
{
    bool by_period = set_chance(s, 80);

    for (uint32_t i = 0; i < s->a.task_count; i++) {
        struct analysis_task *t = &s->task[i];

        if (by_period) {
            t->priority = 50;
            for (uint32_t k = 0; k < s->a.task_count; k++)
                if (s->task[k].period < t->period)
                    t->priority -= 2;
        }
        t->priority += is_background(s, t->partition) ? 0 : 60;
    }
}

static void add_workers(struct set *s)
{
    for (uint32_t core = 0; core < s->cores; core++) {
        uint32_t n = 2 + (uint32_t)set_below(s, 3);
        uint64_t left = 350 + set_below(s, 600);

        for (uint32_t i = 0; i < n; i++) {
            uint64_t share = i + 1 == n ? left : left * (20 + set_below(s, 60)) / 100;

            add_worker(s, core, share);
            left -= share;
        }
    }
    order(s);
    for (uint32_t core = 0; core < s->cores; core++)
        if (set_chance(s, 50)) {        /* whoever takes what is left */
            struct analysis_task *t = add_task(s, ROLE_SPIN, core, 2);

            t->partition = s->a.partition_count > 1 && is_background(s, (uint32_t)s->a.partition_count - 1) ? (uint32_t)s->a.partition_count - 1 : 0;
        }
}

/* ---- portals ------------------------------------------------------------------------ */

static void add_call(struct set *s, uint32_t task, uint32_t portal)
{
    s->calls[task][s->task[task].call_count++] = portal;
}

static void add_portal(struct set *s, uint32_t workers)
{
    uint32_t i = (uint32_t)s->a.portal_count++, core = (uint32_t)set_below(s, s->cores);
    struct analysis_portal *p = &s->portal[i];
    struct analysis_task *server = add_task(s, ROLE_SERVER, core, set_chance(s, 70) ? 3 : 120);

    snprintf(s->name[SET_TASKS + i], sizeof(s->name[0]), "p%u", i);
    server->partition = s->a.table_count == 0 || set_chance(s, 50) ? 0 : (uint32_t)set_below(s, s->a.partition_count);
    if (server->priority != 3) {
        server->budget = 20 * US;
        server->period = 20000 * US;
    }
    *p = (struct analysis_portal){ .name = s->name[SET_TASKS + i], .server = (uint32_t)(server - s->task),
                                   .partition = server->partition, .bound = between(s, 20, 250) };
    if (set_chance(s, 10))
        p->bound = 0;
    if (set_chance(s, 30)) {
        p->budget = 2 * p->bound + 20 * US;
        p->period = between(s, 4000, 12000);
    }
    for (uint32_t t = 0; t < workers; t++)
        if (s->role[t] != ROLE_SPIN && set_chance(s, s->task[t].core == core ? 45 : 15) && 2 * p->bound < s->task[t].budget)
            add_call(s, t, i);
    /* Who serves this one calls the one before, of which it waits for half of its own bound. */
    if (i > 0 && s->task[s->portal[i - 1].server].core == core && set_chance(s, 30) && 2 * s->portal[i - 1].bound <= p->bound)
        add_call(s, p->server, i - 1);
}

static bool is_of_two(const struct set *s, uint32_t portal)
{
    uint32_t seen = ANALYSIS_NONE;

    for (uint32_t t = 0; t < s->a.task_count; t++)
        for (uint32_t i = 0; i < s->task[t].call_count; i++) {
            if (s->calls[t][i] != portal || s->task[t].core != s->task[s->portal[portal].server].core)
                continue;
            if (seen != ANALYSIS_NONE && seen != s->task[t].partition)
                return true;
            seen = s->task[t].partition;
        }
    return seen != ANALYSIS_NONE && seen != s->portal[portal].partition;
}

static void hold_calls(struct set *s)
{
    for (uint32_t p = 0; p < s->a.portal_count; p++)
        s->portal[p].held = s->a.table_count != 0 && s->portal[p].bound != 0 && is_of_two(s, p);
    for (uint32_t t = 0; t < s->a.task_count; t++)
        for (uint32_t i = 0; i < s->task[t].call_count; i++)
            s->held[t][i] = s->portal[s->calls[t][i]].held && !supply_is_always(&s->a, s->task[t].partition);
}

static void add_portals(struct set *s)
{
    uint32_t workers = (uint32_t)s->a.task_count, n = (uint32_t)set_below(s, SET_PORTALS);

    for (uint32_t i = 0; i < n; i++)
        add_portal(s, workers);
    hold_calls(s);
    if (set_chance(s, 15)) {            /* somebody hears of budgets that are used up */
        struct analysis_task *h = add_task(s, ROLE_HANDLER, 0, 130);
        uint32_t p = (uint32_t)s->a.portal_count++;

        h->budget = 10 * US;
        h->period = 50000 * US;
        snprintf(s->name[SET_TASKS + p], sizeof(s->name[0]), "p%u", p);
        s->portal[p] = (struct analysis_portal){ .name = s->name[SET_TASKS + p], .server = (uint32_t)(h - s->task), .bound = 10 * US,
                                                 .budget = 40 * US, .period = 10000 * US };
        for (uint32_t t = 0; t < workers; t++)
            if (s->task[t].core == 0 && s->role[t] != ROLE_EXACT && s->task[t].budget != 0) {
                s->exhausted[t] = MV_EXHAUSTED_FAULT;
                s->task[t].tells = true;
                s->task[t].goes_on = false;
                s->task[t].fault_portal = p;
            }
    }
}

/* ---- the table ------------------------------------------------------------------------ */

static struct mv_sys_context context(const struct set *s, uint64_t budget, uint64_t period, uint32_t partition, uint32_t priority)
{
    (void)s;
    return (struct mv_sys_context){ .budget_ns = budget, .period_ns = period, .partition = partition, .priority = priority };
}

/* Windows as the kernel has them: without gaps. */
static void table_windows(const struct set *s, const struct analysis_table *t, uint32_t core)
{
    uint32_t always = 1;
    uint64_t at = 0;

    for (uint32_t p = 1; p < s->a.partition_count; p++)
        always |= is_background(s, p) ? 1u << p : 0;
    for (size_t i = 0; i < t->window_count; i++) {
        const struct analysis_window *w = &t->windows[i];

        if (w->core != core || w->length == 0)
            continue;
        if (w->start > at)
            world_window(core, at, always);
        world_window(core, w->start, always | w->partitions);
        at = w->start + w->length;
    }
    if (at < t->frame)
        world_window(core, at, always);
}

static void add_caps(const struct set *s, uint32_t task)
{
    for (uint32_t i = 0; i < SET_PORTALS; i++) {
        if (i < s->task[task].call_count)
            world_cap(task, MV_TYPE_PORTAL, s->calls[task][i], s->held[task][i] ? MV_RIGHT_PORTAL_CALL_HELD : MV_RIGHT_PORTAL_CALL, task);
        else
            world_cap(task, MV_TYPE_NONE, 0, 0, 0);
    }
    if (s->switches)
        world_cap(task, MV_TYPE_SCHEDULE, 0, MV_RIGHT_SCHEDULE_SWITCH, 0);
}

static void make_table(struct set *s)
{
    world_begin(s->cores);
    for (uint32_t i = 0; i < s->a.task_count; i++) {
        const struct analysis_task *t = &s->task[i];

        world_cell(t->name);
        world_vcpu(i, t->core, t->priority);
        world.vcpu[i].context = context(s, t->budget, t->period, t->partition, t->priority);
        world.vcpu[i].context.exhausted = s->exhausted[i];
        world.vcpu[i].fault_portal = t->fault_portal == ANALYSIS_NONE ? MV_NONE : t->fault_portal;
        add_caps(s, i);
    }
    for (uint32_t i = 0; i < s->a.portal_count; i++) {
        const struct analysis_portal *p = &s->portal[i];

        world_portal(p->server);
        world.portal[i].context = context(s, p->budget, p->period, p->partition, s->task[p->server].priority);
        world.portal[i].bound_ns = p->bound;
        world.portal[i].recovery = SET_RECOVERY;
    }
    for (uint32_t i = 0; i < s->a.table_count; i++) {
        world_schedule(s->table[i].frame);
        for (uint32_t core = 0; core < s->cores; core++)
            table_windows(s, &s->table[i], core);
    }
    world_end();
    for (uint32_t i = 0; i < s->a.portal_count; i++)
        s->portal[i].ceiling = world.portal[i].context.priority;
}

void set_make(struct set *s, uint64_t seed)
{
    memset(s, 0, sizeof(*s));
    s->seed = seed;
    s->random.state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 8; i++)
        random_next(&s->random);
    s->cores = 1 + (uint32_t)set_below(s, 2);
    s->rough = set_chance(s, 15);
    s->a.tasks = s->task;
    s->a.portals = s->portal;
    s->a.tables = s->table;
    s->a.problems = s->problem;
    s->a.problem_room = ARRAY_SIZE(s->problem);
    s->partition[0].name = partition_names[0];
    s->a.partitions = s->partition;
    s->a.partition_count = 1;
    if (set_chance(s, 35))
        make_windows(s);
    add_workers(s);
    add_portals(s);
    make_table(s);
    analysis_run(&s->a);
}

/* ---- showing ------------------------------------------------------------------------------ */

static void show_calls(const struct set *s, uint32_t task)
{
    for (uint32_t i = 0; i < s->task[task].call_count; i++)
        fprintf(stderr, "%s p%u%s", i == 0 ? " calls" : ",", s->calls[task][i], s->held[task][i] ? " (held)" : "");
}

void set_show(const struct set *s)
{
    fprintf(stderr, "set %lu: %u cores%s\n", (unsigned long)s->seed, s->cores, s->rough ? ", rough" : "");
    for (uint32_t i = 0; i < s->a.table_count; i++)
        for (size_t w = 0; w < s->table[i].window_count; w++)
            fprintf(stderr, "  table %u, frame %lu us: core %u %lu + %lu us partitions %x\n", i, (unsigned long)(s->table[i].frame / US),
                    s->window[i][w].core, (unsigned long)(s->window[i][w].start / US), (unsigned long)(s->window[i][w].length / US),
                    s->window[i][w].partitions);
    for (uint32_t i = 0; i < s->a.task_count; i++) {
        const struct analysis_task *t = &s->task[i];

        fprintf(stderr, "  task %-4s core %u priority %3u partition %u budget %6lu period %6lu deadline %6lu exhausted %u verdict %u "
                "reason %u response %6lu own %lu", t->name, t->core, t->priority, t->partition, (unsigned long)(t->budget / US),
                (unsigned long)(t->period / US), (unsigned long)(t->deadline / US), s->exhausted[i], t->result.verdict,
                t->result.reason, (unsigned long)(t->result.response / US), (unsigned long)(t->result.own / US));
        show_calls(s, i);
        fprintf(stderr, "\n");
    }
    for (uint32_t i = 0; i < s->a.portal_count; i++) {
        const struct analysis_portal *p = &s->portal[i];

        fprintf(stderr, "  portal %s of %s: ceiling %u partition %u bound %lu budget %lu period %lu%s\n", p->name,
                s->task[p->server].name, p->ceiling, p->partition, (unsigned long)(p->bound / US), (unsigned long)(p->budget / US),
                (unsigned long)(p->period / US), p->held ? " held" : "");
    }
}
