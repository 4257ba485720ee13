/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time in the description: budgets of vCPUs and portals, and the node
 * "schedule" with time partitions and tables of windows.
 */
#include "model_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
    FRAME_US_MIN = 100,
    WINDOW_US_MIN = 50,
    BUDGET_US_MIN = 10,
    PERIOD_US_MIN = 50,
    MEMBERS_MAX = 16,       /* vCPUs of a partition with windows on one core: what a window's start may cost */
    TABLES_MAX = 64,
    WINDOWS_MAX = 1024,     /* of one table */
};

typedef unsigned long long ull;

const char *model_show_partition(const struct system *s, uint32_t number)
{
    return number == 0 ? "no partition" : mem_printf("partition \"%s\"", s->time_partitions.at[number - 1]->name);
}

struct pos model_vcpu_at(const struct vcpu *v, const char *name)
{
    return node_prop(v->node, name) ? node_at(v->node, name) : node_at(v->cell->node, name);
}

/* ---- budgets ------------------------------------------------------------------------- */

static void read_exhausted(const struct node *n, uint32_t *exhausted)
{
    static const char *const words[] = {
        [MV_EXHAUSTED_WAIT] = "wait", [MV_EXHAUSTED_BACKGROUND] = "background", [MV_EXHAUSTED_FAULT] = "fault",
    };
    const char *word = words[*exhausted];
    uint32_t i = 0;

    if (!schema_string(n, "exhausted", &word))
        return;
    while (i < sizeof words / sizeof *words && strcmp(words[i], word))
        i++;
    if (i < sizeof words / sizeof *words)
        *exhausted = i;
    else
        diag_error(node_at(n, "exhausted"), "\"exhausted\" is \"%s\"; expected \"wait\", \"background\" or \"fault\"; use one of these",
                   word);
}

static void read_partition(const struct system *s, const struct node *n, uint32_t *partition)
{
    const struct prop *p = node_prop(n, "partition");

    /* <0>: what others have by default does not hold here. */
    if (p && p->length == 4 && prop_cell(p, 0) == 0) {
        *partition = 0;
        return;
    }
    const struct node *to = model_one_reference(s, n, "partition");
    const struct time_partition *found = to ? model_time_partition(s, to) : NULL;

    if (found)
        *partition = found->number;
    else if (to)
        model_wrong_kind(p->at, "partition", to, "a time partition");
}

static void check_deadline(const struct node *n, const struct context *c)
{
    if (!node_prop(n, "deadline-us"))
        return;
    if (!c->budget_us)
        diag_error(node_at(n, "deadline-us"), "there is a deadline but no budget; expected budget and period, for which it is; add budget-us = <1000>, period-us = <%llu>",
                   (ull)c->deadline_us);
    else if (c->deadline_us > c->period_us)
        diag_error(node_at(n, "deadline-us"), "the deadline of %llu us is longer than the period of %llu us; expected it to lie inside; lower the deadline",
                   (ull)c->deadline_us, (ull)c->period_us);
}

bool model_read_context(const struct system *s, const struct node *n, struct context *c)
{
    bool ok = schema_number(n, "budget-us", BUDGET_US_MIN, MODEL_TIME_US_MAX, &c->budget_us);

    ok = schema_number(n, "period-us", PERIOD_US_MIN, MODEL_TIME_US_MAX, &c->period_us) && ok;
    read_partition(s, n, &c->partition);
    if (!ok)
        return false;
    if (c->budget_us && !c->period_us)
        diag_error(node_at(n, "budget-us"), "there is a budget but no period; expected both; add period-us = <%llu>", (ull)c->budget_us);
    else if (c->period_us && !c->budget_us)
        diag_error(node_at(n, "period-us"), "there is a period but no budget; expected both; add budget-us = <%llu>", (ull)c->period_us);
    else if (c->budget_us > c->period_us)
        diag_error(node_at(n, "budget-us"), "the budget of %llu us is longer than the period of %llu us; expected it to fit; lower the budget",
                   (ull)c->budget_us, (ull)c->period_us);
    else
        return true;
    return false;
}

void model_read_vcpu_time(const struct system *s, const struct node *n, struct context *c)
{
    bool ok = model_read_context(s, n, c);

    read_exhausted(n, &c->exhausted);
    if (schema_number(n, "deadline-us", BUDGET_US_MIN, MODEL_TIME_US_MAX, &c->deadline_us) && ok)
        check_deadline(n, c);
}

/* ---- what else cells have to do with time -------------------------------------------- */

static void read_interrupt_limit(struct cell *c)
{
    const struct prop *p = node_prop(c->node, "interrupt-limit");

    if (!p)
        return;
    if (model_is_guest(c)) {
        diag_error(p->at, "\"interrupt-limit\" of virtual machine \"%s\" would have no effect: its guest ends interrupts in hardware; expected it at a native cell; remove it",
                   c->name);
        return;
    }
    if (p->length != 8 || !prop_cell(p, 0) || !prop_cell(p, 1) || prop_cell(p, 1) > MODEL_TIME_US_MAX) {
        diag_error(p->at, "\"interrupt-limit\" is not two numbers; expected how many interrupts of a device in how many microseconds, 1 to %d; write interrupt-limit = <10 1000>",
                   MODEL_TIME_US_MAX);
        return;
    }
    c->limit_count = prop_cell(p, 0);
    c->limit_us = prop_cell(p, 1);
}

/* The limit is for something. */
static void check_interrupt_limit(const struct system *s, const struct cell *c)
{
    bool any = c->limit_us == 0 || model_is_vmm(c) || model_is_io(c);

    for (size_t i = 0; i < s->virqs.count; i++)
        any = any || (s->virqs.at[i]->cell == c && s->virqs.at[i]->source == MV_VIRQ_DEVICE);
    if (!any)
        diag_error(node_at(c->node, "interrupt-limit"), "\"interrupt-limit\" of cell \"%s\" limits its devices, but none has an interrupt; expected one that has; remove it",
                   c->name);
}

void model_read_time_rights(const struct system *s, struct cell *c)
{
    const struct node *n = c->node;

    schema_flag(n, "switches-schedule", &c->switches_schedule);
    schema_flag(n, "marks-trace", &c->marks_trace);
    read_interrupt_limit(c);
    if (c->switches_schedule && s->time_tables.count < 2)
        diag_error(node_at(n, "switches-schedule"), "cell \"%s\" switches the schedule, but there %s; expected two tables of windows or more; remove it or add them",
                   c->name, s->time_tables.count ? "is one table" : "is none");
    if (c->marks_trace && !s->trace_size)
        diag_error(node_at(n, "marks-trace"), "cell \"%s\" marks the trace, but there is none; expected \"trace-size\" above 0; set it in the system",
                   c->name);
}

/* ---- partitions ---------------------------------------------------------------------- */

static void read_time_partitions(struct system *s, const struct node *group)
{
    schema_check_group(group);
    for (size_t i = 0; i < group->children.count; i++) {
        const struct node *n = group->children.at[i];
        struct time_partition *p = mem_alloc(sizeof *p);

        if (i + 1 == MV_PARTITIONS_MAX) {
            diag_error(n->at, "the schedule has %zu partitions; expected at most %d; remove some", group->children.count,
                       MV_PARTITIONS_MAX - 1);
            return;
        }
        schema_check(n, SCHEMA_TIME_PARTITION);
        model_check_name(n);
        *p = (struct time_partition){ .name = n->name, .node = n, .number = (uint32_t)i + 1 };
        schema_flag(n, "background", &p->background);
        *vec_push(&s->time_partitions) = p;
    }
}

/* The windowed partitions that a property of a table or window names, as bits. */
static uint32_t read_mask(const struct system *s, const struct node *n, const char *name)
{
    size_t count = schema_references(s->tree, n, name);
    uint32_t mask = 0;

    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, name, i);
        const struct time_partition *p = model_time_partition(s, to);

        if (!p)
            model_wrong_kind(node_at(n, name), name, to, "time partitions");
        else if (p->background)
            diag_error(node_at(n, name), "\"%s\" names \"%s\", which is a background partition; expected others: that one runs in each window and between them; remove it",
                       name, p->name);
        else if (mask >> p->number & 1)
            diag_error(node_at(n, name), "partition \"%s\" stands twice in \"%s\"; expected it once; remove one", p->name, name);
        else
            mask |= 1u << p->number;
    }
    return mask;
}

/* ---- tables -------------------------------------------------------------------------- */

static uint64_t window_end(const struct time_window *w)
{
    return w->start_us + w->length_us;
}

/* Has it all that is needed? */
static bool read_window(const struct system *s, const struct time_table *t, const struct node *n, struct time_window *w)
{
    bool good = true;

    schema_check(n, SCHEMA_WINDOW);
    model_check_name(n);
    *w = (struct time_window){ .name = n->name, .at = n->at };
    model_read_core(s, n, "core", &w->core);
    good = schema_number(n, "start-us", 0, MODEL_TIME_US_MAX, &w->start_us) && good;
    good = schema_number(n, "length-us", WINDOW_US_MIN, MODEL_TIME_US_MAX, &w->length_us) && good;
    w->partitions = read_mask(s, n, "partitions");
    static const char *const needed[] = { "start-us", "length-us", "partitions" };
    static const char *const example[] = { "<0>", "<1000>", "<&label>" };

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!node_prop(n, needed[i])) {
            diag_error(n->at, "window \"%s\" has no \"%s\"; expected one; add %s = %s", n->name, needed[i], needed[i], example[i]);
            good = false;
        }
    if (good && t->frame_us && window_end(w) > t->frame_us) {
        diag_error(n->at, "window \"%s\" ends at %llu us, but the frame of table \"%s\" has %llu us; expected it to lie inside; shorten the window or raise \"frame-us\"",
                   w->name, (ull)window_end(w), t->name, (ull)t->frame_us);
        good = false;
    }
    return good;
}

static int window_order(const void *a, const void *b)
{
    const struct time_window *x = a, *y = b;

    if (x->core != y->core)
        return x->core < y->core ? -1 : 1;
    return x->start_us < y->start_us ? -1 : x->start_us > y->start_us;
}

/* What lies between two windows is one too, or nothing. */
static void check_gap(const struct time_window *w, const char *other, uint64_t from, uint64_t to)
{
    if (to > from && to - from < WINDOW_US_MIN)
        diag_error(w->at, "window \"%s\" of core %u is %llu us from %s; expected none or at least %d; change \"start-us\" or \"length-us\"",
                   w->name, w->core, (ull)(to - from), other, WINDOW_US_MIN);
}

static void check_gaps(const struct time_table *t)
{
    for (size_t i = 0; i < t->windows.count; i++) {
        const struct time_window *w = &t->windows.at[i], *next = i + 1 < t->windows.count ? w + 1 : NULL;

        if (i == 0 || w[-1].core != w->core)
            check_gap(w, "the frame's start", 0, w->start_us);
        if (next && next->core == w->core)
            check_gap(next, mem_printf("\"%s\" before it", w->name), window_end(w), next->start_us);
        else if (t->frame_us)
            check_gap(w, "the frame's end", window_end(w), t->frame_us);
    }
}

static void check_overlaps(struct time_table *t)
{
    if (t->windows.count)
        qsort(t->windows.at, t->windows.count, sizeof *t->windows.at, window_order);
    for (size_t i = 1; i < t->windows.count; i++) {
        const struct time_window *a = &t->windows.at[i - 1], *b = &t->windows.at[i];

        if (a->core == b->core && b->start_us < window_end(a))
            diag_error(b->at, "window \"%s\" of core %u, %llu to %llu us, overlaps \"%s\", %llu to %llu us; expected one window at a time; change \"start-us\" or \"length-us\" of one",
                       b->name, b->core, (ull)b->start_us, (ull)window_end(b), a->name, (ull)a->start_us, (ull)window_end(a));
    }
}

static void read_table(struct system *s, const struct node *n)
{
    struct time_table *t = mem_alloc(sizeof *t);

    schema_check(n, SCHEMA_TABLE);
    model_check_name(n);
    *t = (struct time_table){ .name = n->name, .node = n, .index = (uint32_t)s->time_tables.count };
    *vec_push(&s->time_tables) = t;
    if (!node_prop(n, "frame-us"))
        diag_error(n->at, "table \"%s\" has no frame; expected its length, microseconds; add frame-us = <10000>", n->name);
    schema_number(n, "frame-us", FRAME_US_MIN, MODEL_TIME_US_MAX, &t->frame_us);
    t->suspended = read_mask(s, n, "suspends");
    if (n->children.count > WINDOWS_MAX) {
        diag_error(n->at, "table \"%s\" has %zu windows; expected at most %d; remove some", n->name, n->children.count, WINDOWS_MAX);
        return;
    }
    for (size_t i = 0; i < n->children.count; i++) {
        struct time_window w;

        if (read_window(s, t, n->children.at[i], &w))
            *vec_push(&t->windows) = w;
    }
    check_overlaps(t);
    check_gaps(t);
}

void model_read_schedule(struct system *s, const struct node *top)
{
    const struct node *n = node_child(top, "schedule"), *partitions, *tables;

    if (!n)
        return;
    schema_check(n, SCHEMA_SCHEDULE);
    partitions = node_child(n, "partitions");
    tables = node_child(n, "tables");
    if (!partitions || partitions->children.count == 0)
        diag_error(n->at, "the schedule has no partition; expected one or more; add partitions { name: name { }; };");
    else
        read_time_partitions(s, partitions);
    if (!tables || tables->children.count == 0)
        diag_error(n->at, "the schedule has no table; expected one or more; add tables { name { frame-us = <10000>; }; };");
    else if (tables->children.count > TABLES_MAX)
        diag_error(tables->at, "the schedule has %zu tables; expected at most %d; remove some", tables->children.count, TABLES_MAX);
    schema_check_group(tables);
    for (size_t i = 0; tables && tables->children.count <= TABLES_MAX && i < tables->children.count; i++)
        read_table(s, tables->children.at[i]);
}

/* ---- what windows serve whom ------------------------------------------------------------ */

/* The first vCPU or portal's server on that core whose time is the partition's, or NULL. */
static const struct vcpu *user_of(const struct system *s, const struct time_partition *p, uint32_t core)
{
    for (size_t i = 0; i < s->vcpus.count; i++)
        if (s->vcpus.at[i]->time.partition == p->number && s->vcpus.at[i]->core == core)
            return s->vcpus.at[i];
    for (size_t i = 0; i < s->portals.count; i++)
        if (s->portals.at[i]->time.partition == p->number && s->portals.at[i]->server->core == core)
            return s->portals.at[i]->server;
    return NULL;
}

static bool is_served(const struct time_table *t, const struct time_partition *p, uint32_t core)
{
    for (size_t i = 0; i < t->windows.count; i++)
        if (t->windows.at[i].core == core && (t->windows.at[i].partitions >> p->number & 1))
            return true;
    return false;
}

/* Each table has windows for the partition on each core where it has vCPUs, or
 * says that it has none. */
static void check_served(const struct system *s, const struct time_partition *p, uint32_t core)
{
    const struct vcpu *v = user_of(s, p, core);

    for (size_t i = 0; i < s->time_tables.count; i++) {
        const struct time_table *t = s->time_tables.at[i];
        bool suspended = t->suspended >> p->number & 1, served = is_served(t, p, core);

        if (served && suspended)
            diag_error(node_at(t->node, "suspends"), "table \"%s\" suspends partition \"%s\" and has a window for it on core %u; expected one or the other; remove one",
                       t->name, p->name, core);
        else if (v && !served && !suspended)
            diag_error(t->node->at, "table \"%s\" has no window for partition \"%s\" on core %u, where \"%s\" has a vCPU; expected one in each table; add one, or suspends = <&%s>",
                       t->name, p->name, core, v->cell->name, node_title(p->node));
        else if (!v && served)
            diag_warning(t->node->at, "table \"%s\" has a window for partition \"%s\" on core %u, where nobody is in it; expected vCPUs there; remove the window",
                         t->name, p->name, core);
    }
}

static void check_members(const struct system *s, const struct time_partition *p, uint32_t core)
{
    size_t count = 0;

    for (size_t i = 0; i < s->vcpus.count; i++)
        count += s->vcpus.at[i]->time.partition == p->number && s->vcpus.at[i]->core == core;
    if (count > MEMBERS_MAX)
        diag_error(p->node->at, "partition \"%s\" has %zu vCPUs on core %u; expected at most %d, so that its windows begin in time; move some to another partition or core",
                   p->name, count, core, MEMBERS_MAX);
}

static void check_partition(const struct system *s, const struct time_partition *p)
{
    uint32_t suspended = UINT32_MAX;
    bool used = false;

    for (uint32_t core = 0; core < s->cores; core++)
        used = used || user_of(s, p, core);
    for (size_t i = 0; i < s->time_tables.count; i++)
        suspended &= s->time_tables.at[i]->suspended;
    if (!used)
        diag_error(p->node->at, "nobody is in partition \"%s\"; expected cells with partition = <&%s>; add it to them, or remove the partition",
                   p->name, node_title(p->node));
    else if (suspended >> p->number & 1)
        diag_error(p->node->at, "each table suspends partition \"%s\"; expected one with windows for it; add one or remove the partition", p->name);
    else
        for (uint32_t core = 0; core < s->cores && !p->background; core++) {
            check_served(s, p, core);
            check_members(s, p, core);
        }
}

/* What fills the gaps must never keep windows from those that they are for. */
static void check_background(const struct system *s, const struct vcpu *v)
{
    for (size_t i = 0; i < s->vcpus.count; i++) {
        const struct vcpu *o = s->vcpus.at[i];

        if (o->core != v->core || o->priority > v->priority || !o->time.partition ||
            s->time_partitions.at[o->time.partition - 1]->background)
            continue;
        diag_error(model_vcpu_at(v, "priority"), "\"%s\" is in background partition \"%s\" with priority %u, \"%s\" in partition \"%s\" with %u, both on core %u; expected the background's below the others'; lower it",
                   v->cell->name, s->time_partitions.at[v->time.partition - 1]->name, v->priority, o->cell->name,
                   s->time_partitions.at[o->time.partition - 1]->name, o->priority, v->core);
        return;
    }
}

/* ---- budgets that say what happens at their end ------------------------------------------- */

static void check_exhausted(const struct vcpu *v)
{
    struct pos at = model_vcpu_at(v, "exhausted");

    if (node_prop(v->node, "exhausted") && !v->time.budget_us && !model_is_vmm(v->cell) && !model_is_io(v->cell))
        diag_error(at, "\"exhausted\" says what happens when the budget of \"%s\" is used up, but it has none; expected both; add budget-us = <1000>, period-us = <10000>",
                   v->cell->name);
    else if (v->time.exhausted == MV_EXHAUSTED_FAULT && model_is_guest(v->cell))
        diag_error(at, "\"exhausted\" of virtual machine \"%s\" is \"fault\", but its faults go to its VMM, which can do nothing; expected \"wait\" or \"background\"; use one of these",
                   v->cell->name);
    else if (v->time.exhausted == MV_EXHAUSTED_FAULT && v->time.budget_us && !v->fault_portal)
        diag_error(at, "\"exhausted\" of \"%s\" is \"fault\", but its faults go nowhere; expected a portal that takes them; add fault-portal = <&label>",
                   v->cell->name);
}

void model_check_schedule(const struct system *s)
{
    if (diag_failed())
        return;
    for (size_t i = 0; i < s->vcpus.count; i++)
        check_exhausted(s->vcpus.at[i]);
    for (size_t i = 0; i < s->cells.count; i++)
        check_interrupt_limit(s, s->cells.at[i]);
    for (size_t i = 0; i < s->time_partitions.count; i++)
        check_partition(s, s->time_partitions.at[i]);
    for (size_t i = 0; i < s->vcpus.count; i++) {
        const struct vcpu *v = s->vcpus.at[i];

        if (v->time.partition && s->time_partitions.at[v->time.partition - 1]->background)
            check_background(s, v);
    }
}
