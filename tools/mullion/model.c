/* SPDX-License-Identifier: BSD-2-Clause */
#include "model.h"

#include <ctype.h>
#include <string.h>

#include "kit.h"
#include "schema.h"

enum {
    PRIORITY_DEFAULT = 100,
    STACK_DEFAULT = 0x2000,
    STACK_MAX = 0x1000000,
    SLICE_US_DEFAULT = 5000,
    TIME_US_MAX = 1000000000,
    CHANNEL_MAX = 0x1000000,
    RING_HEADER = 256,          /* of a channel's half that is not for data */
    BADGE_MAX = 0xffff,
    TABLE_PAGES_MAX = 0x10000,
};

/* ---- finding things ---------------------------------------------------------- */

#define FIND(list, want) \
    for (size_t i = 0; i < (list).count; i++) \
        if ((list).at[i]->node == (want)) \
            return (list).at[i]; \
    return NULL

struct cell *model_cell(const struct system *s, const struct node *n) { FIND(s->cells, n); }
struct portal *model_portal(const struct system *s, const struct node *n) { FIND(s->portals, n); }
struct virq *model_virq(const struct system *s, const struct node *n) { FIND(s->virqs, n); }
struct segment *model_segment(const struct system *s, const struct node *n) { FIND(s->segments, n); }
struct vcpu *model_vcpu(const struct system *s, const struct node *n) { FIND(s->vcpus, n); }

static struct space *model_space(const struct cell *c, const struct node *n) { FIND(c->spaces, n); }

const char *model_rights(uint32_t rights)
{
    static const char *const names[] = { "---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx" };

    return names[rights & 7];
}

struct segment *model_add_segment(struct system *s, enum segment_kind kind, const char *name, uint32_t rights,
                                  uint64_t size, struct cell *cell)
{
    struct segment *g = mem_alloc(sizeof *g);

    g->kind = kind;
    g->name = name;
    g->rights = rights;
    g->size = size;
    g->cell = cell;
    g->at = cell ? cell->at : s->at;
    g->index = (uint32_t)s->segments.count;
    *vec_push(&s->segments) = g;
    return g;
}

static void wrong_kind(struct pos at, const char *name, const struct node *found, const char *expected)
{
    diag_error(at, "\"%s\" names \"%s\", which is %s; expected %s; correct the reference", name, node_title(found),
               schema_what(found), expected);
}

/* The only reference of a property, or NULL. */
static const struct node *one_reference(const struct system *s, const struct node *n, const char *name)
{
    size_t count = schema_references(s->tree, n, name);

    if (count > 1)
        diag_error(node_at(n, name), "\"%s\" has %zu references; expected one; write %s = <&label>", name, count, name);
    return count == 1 ? schema_reference_at(s->tree, n, name, 0) : NULL;
}

/* Names become C macros and table entries. */
static void check_name(const struct node *n)
{
    size_t length = strlen(n->name);
    bool good = isalpha((unsigned char)n->name[0]);

    for (const char *c = n->name; *c; c++)
        good = good && (isalnum((unsigned char)*c) || *c == '-' || *c == '_');
    if (!good)
        diag_error(n->at, "the name \"%s\" is not usable in C; expected letters, digits, \"-\" and \"_\", a letter first; rename it",
                   n->name);
    else if (length >= MV_NAME_BYTES)
        diag_error(n->at, "the name \"%s\" has %zu characters; expected at most %d; shorten it", n->name, length,
                   MV_NAME_BYTES - 1);
}

/* ---- cells: first pass, objects ------------------------------------------------ */

static void read_context(const struct node *n, uint64_t *budget, uint64_t *period, uint32_t *partition)
{
    bool ok = schema_number(n, "budget-us", 1, TIME_US_MAX, budget);

    ok = schema_number(n, "period-us", 1, TIME_US_MAX, period) && ok;
    schema_u32(n, "partition", 0, 255, partition);
    if (!ok)
        return;
    if (*budget && !*period)
        diag_error(node_at(n, "budget-us"), "there is a budget but no period; expected both; add period-us = <%llu>",
                   (unsigned long long)*budget);
    else if (*period && !*budget)
        diag_error(node_at(n, "period-us"), "there is a period but no budget; expected both; add budget-us = <%llu>",
                   (unsigned long long)*period);
    else if (*budget > *period)
        diag_error(node_at(n, "budget-us"), "the budget of %llu us is longer than the period of %llu us; expected it to fit; lower the budget",
                   (unsigned long long)*budget, (unsigned long long)*period);
}

static void read_core(const struct system *s, const struct node *n, uint32_t *core)
{
    uint32_t value = *core;

    if (!schema_u32(n, "core", 0, MV_CORES_MAX - 1, &value))
        return;
    if (value >= s->cores)
        diag_error(node_at(n, "core"), "\"core\" is %u, but the system has %u; expected 0 to %u; choose one of these or raise \"cores\"",
                   value, s->cores, s->cores - 1);
    else
        *core = value;
}

static void read_vcpu(struct system *s, struct cell *c, const struct node *n, const struct vcpu *defaults)
{
    struct vcpu *v = mem_alloc(sizeof *v);

    *v = *defaults;
    v->cell = c;
    v->node = n;
    v->at = n->at;
    v->number = (uint32_t)c->vcpus.count;
    v->index = (uint32_t)s->vcpus.count;
    v->space = c->spaces.at[0];
    read_core(s, n, &v->core);
    schema_u32(n, "priority", 0, MV_PRIORITIES - 1, &v->priority);
    schema_pages(n, "stack-size", MV_PAGE_SIZE, STACK_MAX, &v->stack_size);
    schema_flag(n, "fp", &v->fp);
    read_context(n, &v->budget_us, &v->period_us, &v->partition);
    v->ceiling = v->priority;
    *vec_push(&c->vcpus) = v;
    *vec_push(&s->vcpus) = v;
}

static void read_vcpus(struct system *s, struct cell *c)
{
    const struct node *group = node_child(c->node, "vcpus");
    struct vcpu defaults = { .priority = PRIORITY_DEFAULT, .stack_size = STACK_DEFAULT };

    c->first_vcpu = (uint32_t)s->vcpus.count;
    schema_check_group(group);
    if (!group || group->children.count == 0) {
        read_vcpu(s, c, c->node, &defaults);
        return;
    }
    /* The cell's own values are the defaults of its vCPUs. */
    read_core(s, c->node, &defaults.core);
    schema_u32(c->node, "priority", 0, MV_PRIORITIES - 1, &defaults.priority);
    schema_pages(c->node, "stack-size", MV_PAGE_SIZE, STACK_MAX, &defaults.stack_size);
    schema_flag(c->node, "fp", &defaults.fp);
    read_context(c->node, &defaults.budget_us, &defaults.period_us, &defaults.partition);
    for (size_t i = 0; i < group->children.count; i++) {
        const struct node *n = group->children.at[i];
        const char *wanted = mem_printf("vcpu@%zu", i);

        schema_check(n, SCHEMA_VCPU);
        if (strcmp(n->name, wanted))
            diag_error(n->at, "the vCPU is called \"%s\"; expected \"%s\"; number the vCPUs from 0 in their order", n->name,
                       wanted);
        read_vcpu(s, c, n, &defaults);
    }
}

/* The vCPU that takes calls or interrupts: its number in the cell. */
static struct vcpu *sink_of(struct cell *c, const struct node *n)
{
    uint32_t number = 0;

    if (!schema_u32(n, "vcpu", 0, MV_VCPUS_MAX - 1, &number))
        return c->vcpus.at[0];
    if (number >= c->vcpus.count) {
        diag_error(node_at(n, "vcpu"), "\"vcpu\" is %u, but cell \"%s\" has %zu; expected 0 to %zu; choose one of these",
                   number, c->name, c->vcpus.count, c->vcpus.count - 1);
        return c->vcpus.at[0];
    }
    return c->vcpus.at[number];
}

static struct virq *add_virq(struct system *s, struct cell *c, const char *name, const struct node *n,
                             struct vcpu *sink, uint32_t source)
{
    struct virq *v = mem_alloc(sizeof *v);

    v->cell = c;
    v->name = name;
    v->node = n;
    v->sink = sink;
    v->source = source;
    v->line = MV_NONE;
    v->index = (uint32_t)s->virqs.count;
    if (n)
        schema_u32(n, "line", 0, MV_LINES_MAX - 1, &v->line);
    *vec_push(&s->virqs) = v;
    return v;
}

/* Visit the nodes of a group, with names and properties checked. */
#define EACH(group, c, word, kind) \
    const struct node *group = node_child((c)->node, word); \
    schema_check_group(group); \
    for (size_t i = 0; group && i < group->children.count; i++)

static const struct node *group_node(const struct node *group, size_t i, enum schema kind)
{
    const struct node *n = group->children.at[i];

    schema_check(n, kind);
    check_name(n);
    return n;
}

static void read_portals(struct system *s, struct cell *c)
{
    EACH(group, c, "portals", 0) {
        const struct node *n = group_node(group, i, SCHEMA_PORTAL);
        struct portal *p = mem_alloc(sizeof *p);

        p->cell = c;
        p->name = n->name;
        p->node = n;
        p->server = sink_of(c, n);
        p->index = (uint32_t)s->portals.count;
        schema_number(n, "bound-us", 1, TIME_US_MAX, &p->bound_us);
        p->partition = p->server->partition;
        read_context(n, &p->budget_us, &p->period_us, &p->partition);
        *vec_push(&s->portals) = p;
    }
}

static void read_virqs(struct system *s, struct cell *c)
{
    EACH(group, c, "virqs", 0) {
        const struct node *n = group_node(group, i, SCHEMA_VIRQ);

        add_virq(s, c, n->name, n, sink_of(c, n), MV_VIRQ_SOFT);
    }
}

static void read_timers(struct system *s, struct cell *c)
{
    EACH(group, c, "timers", 0) {
        const struct node *n = group_node(group, i, SCHEMA_TIMER);
        struct timer *t = mem_alloc(sizeof *t);

        t->cell = c;
        t->name = n->name;
        t->index = (uint32_t)s->timers.count;
        t->virq = add_virq(s, c, n->name, n, sink_of(c, n), MV_VIRQ_TIMER);
        *vec_push(&s->timers) = t;
    }
}

static struct space *add_space(struct system *s, struct cell *c, const char *name, const struct node *n)
{
    struct space *p = mem_alloc(sizeof *p);

    p->cell = c;
    p->name = name;
    p->node = n;
    p->index = (uint32_t)s->spaces.count;
    p->address_bits = 25;
    *vec_push(&c->spaces) = p;
    *vec_push(&s->spaces) = p;
    return p;
}

static void read_spaces(struct system *s, struct cell *c)
{
    c->first_space = (uint32_t)s->spaces.count;
    schema_u32(c->node, "address-bits", 25, 39, &add_space(s, c, "main", NULL)->address_bits);
    EACH(group, c, "spaces", 0) {
        const struct node *n = group_node(group, i, SCHEMA_SPACE);
        struct space *p = add_space(s, c, n->name, n);

        p->address_bits = c->spaces.at[0]->address_bits;
        schema_u32(n, "address-bits", 25, 39, &p->address_bits);
        if (!strcmp(n->name, "main"))
            diag_error(n->at, "the space is called \"main\"; expected another name; that one is the cell's first space");
    }
}

/* Where the cell's program comes from. */
static void read_program(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    const char *cflags = NULL;
    size_t count = schema_strings(n, "sources");

    for (size_t i = 0; i < count; i++) {
        const char *file = schema_string_at(n, "sources", i);

        *vec_push(&c->sources) = text_join_path(s->dir, file);
        if (!text_file_exists(text_join_path(s->dir, file)))
            diag_error(node_at(n, "sources"), "there is no file \"%s\"; expected a source file in %s; correct the name or add it",
                       file, strcmp(s->dir, ".") ? s->dir : "this folder");
    }
    schema_string(n, "image", &c->image);
    schema_string(n, "program", &c->program);
    if ((node_prop(n, "sources") != NULL) + (node_prop(n, "image") != NULL) + (node_prop(n, "program") != NULL) != 1)
        diag_error(n->at, "cell \"%s\" has %s of \"sources\", \"image\" and \"program\"; expected exactly one; %s", c->name,
                   node_prop(n, "sources") || node_prop(n, "image") || node_prop(n, "program") ? "more than one" : "none",
                   node_prop(n, "sources") || node_prop(n, "image") || node_prop(n, "program") ? "remove the others"
                                                                                               : "add one");
    if (c->image) {
        const char *file = c->image;

        c->image = text_join_path(s->dir, file);
        if (!text_file_exists(c->image))
            diag_error(node_at(n, "image"), "there is no file \"%s\"; expected an ELF program in %s; build it or correct the name",
                       file, strcmp(s->dir, ".") ? s->dir : "this folder");
    }
    if (c->program) {
        const char *const *names = kit_cells();
        const char *near = diag_nearest(c->program, names);
        const char *const *known = names;

        while (*known && strcmp(*known, c->program))
            known++;
        if (!*known)
            diag_error(node_at(n, "program"), "there is no library cell \"%s\"; expected one of the kit's; %s%s%s", c->program,
                       near ? "did you mean \"" : "correct the name or use \"sources\"", near ? near : "",
                       near ? "\"?" : "");
    }
    if (schema_string(n, "cflags", &cflags) && cflags) {
        struct text words = { 0 };

        text_printf(&words, "%s", cflags);
        *vec_push(&c->cflags) = words.at;
    }
    count = schema_strings(n, "defines");
    for (size_t i = 0; i < count; i++)
        *vec_push(&c->cflags) = mem_printf("-D%s", schema_string_at(n, "defines", i));
}

static void read_cell(struct system *s, const struct node *n)
{
    struct cell *c = mem_alloc(sizeof *c);

    c->name = n->name;
    c->node = n;
    c->at = n->at;
    c->dir = s->dir;
    c->index = (uint32_t)s->cells.count;
    c->autostart = true;
    c->image_size = 0x100000;
    *vec_push(&s->cells) = c;
    schema_check(n, SCHEMA_CELL);
    check_name(n);
    read_spaces(s, c);
    read_vcpus(s, c);
    read_portals(s, c);
    read_virqs(s, c);
    read_timers(s, c);
    read_program(s, c);
    schema_flag(n, "autostart", &c->autostart);
    schema_flag(n, "map-space", &c->map_space);
    schema_flag(n, "trace-read", &c->trace_read);
    schema_flag(n, "trace-control", &c->trace_control);
    schema_flag(n, "system-control", &c->system_control);
    schema_number(n, "table-pages", 0, TABLE_PAGES_MAX, &c->table_pages);
    schema_pages(n, "image-size", MV_PAGE_SIZE, 0x40000000, &c->image_size);
    for (size_t i = 0; i < c->vcpus.count; i++)
        c->fp = c->fp || c->vcpus.at[i]->fp;
    if (c->trace_read && !s->trace_size)
        diag_error(node_at(n, "trace-read"), "cell \"%s\" reads the trace, but there is none; expected \"trace-size\" above 0; set it in the system",
                   c->name);
}

/* ---- cells: second pass, references ----------------------------------------------- */

static void read_calls(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "calls");
    const struct prop *badges = node_prop(n, "badges");

    if (badges && badges->length != count * 4) {
        diag_error(badges->at, "\"badges\" has length %zu and \"calls\" %zu; expected a number for each call; correct the list",
                   badges->length / 4, count);
        badges = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "calls", i);
        const struct portal *p = model_portal(s, to);
        uint32_t badge = badges ? prop_cell(badges, i) : c->index + 1;

        if (!p) {
            wrong_kind(node_at(n, "calls"), "calls", to, "portals");
            continue;
        }
        if (p->cell == c)
            diag_error(node_at(n, "calls"), "cell \"%s\" calls its own portal \"%s\"; expected a portal of another cell; use a function or a vIRQ",
                       c->name, p->name);
        if (badge < 1 || badge > BADGE_MAX)
            diag_error(node_at(n, "badges"), "the badge %s is out of range; expected 1 to %s; choose another", schema_show(badge),
                       schema_show(BADGE_MAX));
        for (size_t j = 0; j < c->calls.count; j++)
            if (c->calls.at[j].node == to)
                diag_error(node_at(n, "calls"), "portal \"%s\" stands twice in \"calls\"; expected it once; remove one",
                           node_title(to));
        *vec_push(&c->calls) = (struct reference){ to, node_at(n, "calls"), 0, badge };
    }
}

static void read_raises(struct system *s, struct cell *c)
{
    size_t count = schema_references(s->tree, c->node, "raises");

    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, c->node, "raises", i);
        const struct virq *v = model_virq(s, to);

        if (!v || v->source != MV_VIRQ_SOFT)
            wrong_kind(node_at(c->node, "raises"), "raises", to, "vIRQs");
        else
            *vec_push(&c->raises) = (struct reference){ to, node_at(c->node, "raises"), 0, 0 };
    }
}

static void read_controls(struct system *s, struct cell *c)
{
    size_t count = schema_references(s->tree, c->node, "controls");

    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, c->node, "controls", i);

        if (!model_cell(s, to) && !model_vcpu(s, to))
            wrong_kind(node_at(c->node, "controls"), "controls", to, "cells or vCPUs");
        else
            *vec_push(&c->controls) = (struct reference){ to, node_at(c->node, "controls"), 0, 0 };
    }
}

/* Rights that a property's list wants of a segment; complains when it does not
 * have them. */
static bool wanted_rights(const struct node *n, const char *list, size_t i, size_t count, const struct segment *g,
                          uint32_t *rights)
{
    *rights = g->rights;
    if (count == 0)
        return true;
    const char *text = schema_string_at(n, list, i);
    struct pos at = node_at(n, list);

    if (!schema_rights(at, list, text, rights))
        return false;
    if (*rights & ~g->rights) {
        diag_error(at, "\"%s\" asks for \"%s\" of segment \"%s\", which has \"%s\"; expected no more than that; lower it or raise the segment's \"rights\"",
                   list, text, g->name, model_rights(g->rights));
        return false;
    }
    return true;
}

/* The strings that go with a list of references: none, or as many. */
static bool rights_list(const struct node *n, const char *list, size_t references, size_t *count)
{
    *count = schema_strings(n, list);
    if (!node_prop(n, list) || *count == references)
        return true;
    if (*count)
        diag_error(node_at(n, list), "\"%s\" has length %zu for %zu segments; expected a text for each; correct the list", list,
                   *count, references);
    return false;
}

static void read_holds(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "holds"), texts;

    if (!rights_list(n, "holds-rights", count, &texts))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "holds", i);
        const struct segment *g = model_segment(s, to);
        uint32_t rights;

        if (!g)
            wrong_kind(node_at(n, "holds"), "holds", to, "segments");
        else if (wanted_rights(n, "holds-rights", i, texts, g, &rights))
            *vec_push(&c->holds) = (struct reference){ to, node_at(n, "holds"), rights, 0 };
    }
}

static void add_mapping(struct space *p, struct mapping m, const char *list)
{
    struct mapping *copy = mem_alloc(sizeof *copy);

    if ((m.rights & MV_MAP_WRITE) && (m.rights & MV_MAP_EXECUTE))
        diag_error(m.at, "segment \"%s\" would be mapped writable and executable; expected one or the other; write %s = \"rw\" or \"rx\"",
                   m.segment->name, list);
    *copy = m;
    *vec_push(&p->mappings) = copy;
}

/* "maps": whole segments, at addresses that the tool chooses. */
static void read_maps(struct system *s, const struct node *n, struct space *p)
{
    size_t count = schema_references(s->tree, n, "maps"), texts;

    if (!rights_list(n, "maps-rights", count, &texts))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "maps", i);
        struct segment *g = model_segment(s, to);
        struct mapping m = { .segment = g, .name = node_title(to), .at = node_at(n, "maps") };

        if (!g) {
            wrong_kind(m.at, "maps", to, "segments");
            continue;
        }
        m.size = g->size;
        if (wanted_rights(n, "maps-rights", i, texts, g, &m.rights))
            add_mapping(p, m, "maps-rights");
    }
}

/* "mappings": parts of segments, at given addresses. */
static void read_mapping(struct system *s, const struct node *n, struct space *p)
{
    const struct node *to = one_reference(s, n, "segment");
    struct mapping m = { .name = n->name, .at = n->at };

    if (!node_prop(n, "segment"))
        diag_error(n->at, "mapping \"%s\" names no segment; expected one; add segment = <&label>", n->name);
    if (!to)
        return;
    m.segment = model_segment(s, to);
    if (!m.segment)
        return wrong_kind(node_at(n, "segment"), "segment", to, "a segment");
    uint64_t limit = UINT64_C(1) << 39;
    bool ok = schema_pages(n, "offset", 0, limit, &m.offset);

    m.size = m.segment->size - (m.offset < m.segment->size ? m.offset : 0);
    ok = schema_pages(n, "size", MV_PAGE_SIZE, limit, &m.size) && ok;
    ok = schema_pages(n, "address", MV_PAGE_SIZE, limit - MV_PAGE_SIZE, &m.address) && ok;
    m.placed = node_prop(n, "address") != NULL;
    if (ok && !m.segment->broken && (m.offset >= m.segment->size || m.size > m.segment->size - m.offset)) {
        diag_error(n->at, "mapping \"%s\" ends at 0x%llx of segment \"%s\", which has 0x%llx bytes; expected it to lie inside; correct \"offset\" or \"size\"",
                   n->name, (unsigned long long)(m.offset + m.size), m.segment->name, (unsigned long long)m.segment->size);
        ok = false;
    }
    size_t texts = schema_strings(n, "rights");

    if (wanted_rights(n, "rights", 0, texts, m.segment, &m.rights) && ok)
        add_mapping(p, m, "rights");
}

static void read_space_mappings(struct system *s, struct cell *c, struct space *p)
{
    const struct node *n = p->node ? p->node : c->node;
    const struct node *group = node_child(n, "mappings");

    read_maps(s, n, p);
    schema_check_group(group);
    for (size_t i = 0; group && i < group->children.count; i++)
        read_mapping(s, group_node(group, i, SCHEMA_MAPPING), p);
}

static void read_vcpu_spaces(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < c->vcpus.count; i++) {
        struct vcpu *v = c->vcpus.at[i];
        const struct node *to = v->node == c->node ? NULL : one_reference(s, v->node, "space");

        if (!to)
            continue;
        if (model_space(c, to))
            v->space = model_space(c, to);
        else
            wrong_kind(node_at(v->node, "space"), "space", to, mem_printf("a space of cell \"%s\"", c->name));
    }
}

/* ---- devices ------------------------------------------------------------------------ */

static const char *kernel_owned(const struct system *s, const struct node *n)
{
    const struct prop *p = node_prop(n, "compatible");

    for (const struct node *up = n; up; up = up->parent)
        if (up == s->board.gic)
            return "the interrupt controller";
    if (p && prop_has_string(p, "arm,armv8-timer"))
        return "the kernel's timer";
    for (const struct node *up = n; up->parent; up = up->parent)
        if (!up->parent->parent && (!strcmp(up->name, "cpus") || !strcmp(up->name, "psci") || !strncmp(up->name, "memory", 6)))
            return "the kernel's";
    return NULL;
}

static struct device *device_of(const struct system *s, const struct node *n)
{
    for (size_t i = 0; i < s->devices.count; i++)
        if (s->devices.at[i]->node == n)
            return s->devices.at[i];
    return NULL;
}

static bool device_allowed(const struct system *s, const struct cell *c, const struct node *to, struct pos at)
{
    const struct prop *status = node_prop(to, "status");
    const char *owned = kernel_owned(s, to);
    const struct device *d = device_of(s, to);

    if (strcmp(schema_what(to), "a device"))
        wrong_kind(at, "devices", to, "devices of the board");
    else if (owned)
        diag_error(at, "device \"%s\" is %s; expected a device that a cell may own; remove it", node_title(to), owned);
    else if (d && d->cell == c)
        diag_error(at, "device \"%s\" stands twice in \"devices\"; expected it once; remove one", d->name);
    else if (d)
        diag_error(at, "device \"%s\" is given to cell \"%s\" already; expected one owner; remove it from one of them",
                   d->name, d->cell->name);
    else if (status && !prop_has_string(status, "okay") && !prop_has_string(status, "ok"))
        diag_error(at, "device \"%s\" is disabled in the board's tree; expected status \"okay\"; add &%s { status = \"okay\"; }",
                   node_title(to), node_title(to));
    else
        return true;
    return false;
}

static void device_interrupts(struct system *s, struct device *d)
{
    struct interrupts in = { 0 };

    if (s->board.gic && !board_interrupts(&s->board, s->tree, d->node, &in)) {
        diag_error(d->at, "the interrupts of device \"%s\" do not go to the GIC; expected <type number flags>; give another device",
                   d->name);
        return;
    }
    for (size_t i = 0; i < in.list.count; i++) {
        if (in.list.at[i].id < 32 || in.list.at[i].id > 1019) {
            diag_error(d->at, "interrupt %u of device \"%s\" is private to a core; expected a shared one, 32 to 1019; give another device",
                       in.list.at[i].id, d->name);
            continue;
        }
        struct virq *v = add_virq(s, d->cell, d->name, NULL, d->sink, MV_VIRQ_DEVICE);

        v->interrupt = in.list.at[i].id;
        v->edge = in.list.at[i].edge;
        *vec_push(&d->virqs) = v;
    }
}

static void device_registers(struct system *s, struct device *d)
{
    if (!board_regions(d->node, &d->registers)) {
        diag_error(d->at, "the registers of device \"%s\" cannot be found; expected \"reg\" and \"ranges\" up to the root; correct the board's tree",
                   d->name);
        return;
    }
    if (d->registers.list.count == 0)
        return;
    d->segment = model_add_segment(s, SEGMENT_DEVICE, d->name, MV_MAP_READ | MV_MAP_WRITE, 0, d->cell);
    d->segment->at = d->at;
    for (size_t i = 0; i < d->registers.list.count; i++) {
        struct region pages = region_pages(d->registers.list.at[i]);

        *vec_push(&d->segment->extents.list) = pages;
        d->segment->size += pages.size;
        if (region_overlaps(pages, s->board.ram))
            diag_error(d->at, "the registers of device \"%s\" lie in RAM at 0x%llx; expected them outside; correct the board's tree",
                       d->name, (unsigned long long)pages.base);
        for (size_t j = 0; j < s->board.gic_registers.list.count; j++)
            if (region_overlaps(pages, region_pages(s->board.gic_registers.list.at[j])))
                diag_error(d->at, "device \"%s\" shares a page with the interrupt controller; expected a page of its own; give another device",
                           d->name);
    }
}

static void read_devices(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "devices");
    const struct prop *sinks = node_prop(n, "device-vcpus");
    struct pos at = node_at(n, "devices");

    if (sinks && sinks->length != count * 4) {
        diag_error(sinks->at, "\"device-vcpus\" has length %zu and \"devices\" %zu; expected a number for each device; correct the list",
                   sinks->length / 4, count);
        sinks = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "devices", i);
        uint32_t sink = sinks ? prop_cell(sinks, i) : 0;

        if (!device_allowed(s, c, to, at))
            continue;
        if (sink >= c->vcpus.count) {
            diag_error(sinks->at, "\"device-vcpus\" names vCPU %u, but cell \"%s\" has %zu; expected 0 to %zu; choose one of these",
                       sink, c->name, c->vcpus.count, c->vcpus.count - 1);
            sink = 0;
        }
        struct device *d = mem_alloc(sizeof *d);

        d->cell = c;
        d->name = node_title(to);
        d->node = to;
        d->at = at;
        d->sink = c->vcpus.at[sink];
        *vec_push(&s->devices) = d;
        *vec_push(&c->devices) = d;
        device_registers(s, d);
        device_interrupts(s, d);
    }
}

/* ---- segments and channels ------------------------------------------------------------ */

static void read_segment(struct system *s, const struct node *n)
{
    struct segment *g = model_add_segment(s, SEGMENT_SHARED, n->name, MV_MAP_READ | MV_MAP_WRITE, MV_PAGE_SIZE, NULL);
    const char *rights = NULL;
    uint64_t base = 0;

    g->node = n;
    g->at = n->at;
    schema_check(n, SCHEMA_SEGMENT);
    check_name(n);
    if (!node_prop(n, "size"))
        diag_error(n->at, "segment \"%s\" has no size; expected a number of bytes; add size = <0x1000>", n->name);
    g->broken = !node_prop(n, "size") || !schema_pages(n, "size", MV_PAGE_SIZE, UINT64_C(1) << 39, &g->size);
    if (s->board.ram.size && g->size > s->board.ram.size)
        diag_error(node_at(n, "size"), "segment \"%s\" has 0x%llx bytes; expected at most the RAM's 0x%llx; make it smaller",
                   n->name, (unsigned long long)g->size, (unsigned long long)s->board.ram.size);
    if (schema_string(n, "rights", &rights) && rights)
        schema_rights(node_at(n, "rights"), "rights", rights, &g->rights);
    g->fixed = node_prop(n, "base") && schema_pages(n, "base", 0, UINT64_C(1) << 48, &base);
    *vec_push(&g->extents.list) = (struct region){ base, g->size };
    if (g->fixed && (base < s->board.ram.base || base - s->board.ram.base >= s->board.ram.size ||
                     g->size > s->board.ram.size - (base - s->board.ram.base)))
        diag_error(node_at(n, "base"), "segment \"%s\" lies at 0x%llx to 0x%llx; expected a place in RAM, 0x%llx to 0x%llx; correct \"base\" or remove it",
                   n->name, (unsigned long long)base, (unsigned long long)(base + g->size), (unsigned long long)s->board.ram.base,
                   (unsigned long long)(s->board.ram.base + s->board.ram.size));
}

static struct channel *add_channel(struct system *s, const char *name, const struct node *n, struct pos at, uint64_t size,
                                   struct cell *a, struct cell *b)
{
    struct channel *h = mem_alloc(sizeof *h);

    h->name = name;
    h->node = n;
    h->at = at;
    h->end[0].cell = a;
    h->end[1].cell = b;
    h->segment = model_add_segment(s, SEGMENT_CHANNEL, name, MV_MAP_READ | MV_MAP_WRITE, size, a);
    h->segment->at = at;
    *vec_push(&h->segment->extents.list) = (struct region){ 0, size };
    for (int i = 0; i < 2; i++) {
        h->end[i].name = name;
        h->end[i].vcpu = h->end[i].cell->vcpus.at[0];
    }
    *vec_push(&s->channels) = h;
    return h;
}

static void channel_vcpus(struct channel *h)
{
    const struct prop *p = node_prop(h->node, "vcpus");

    if (!p)
        return;
    if (p->length != 8) {
        diag_error(p->at, "\"vcpus\" has %zu numbers; expected two, one for each end; write vcpus = <0 0>", p->length / 4);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct cell *c = h->end[i].cell;
        uint32_t number = prop_cell(p, i);

        if (number >= c->vcpus.count)
            diag_error(p->at, "\"vcpus\" names vCPU %u of cell \"%s\", which has %zu; expected 0 to %zu; choose one of these",
                       number, c->name, c->vcpus.count, c->vcpus.count - 1);
        else
            h->end[i].vcpu = c->vcpus.at[number];
    }
}

static void read_channel(struct system *s, const struct node *n)
{
    size_t count = schema_references(s->tree, n, "between");
    struct cell *ends[2] = { NULL, NULL };
    uint64_t size = MV_PAGE_SIZE;

    schema_check(n, SCHEMA_CHANNEL);
    check_name(n);
    schema_pages(n, "size", MV_PAGE_SIZE, CHANNEL_MAX, &size);
    if (!node_prop(n, "between"))
        diag_error(n->at, "channel \"%s\" has no ends; expected two cells; add between = <&one &other>", n->name);
    else if (count && count != 2)
        diag_error(node_at(n, "between"), "\"between\" names %zu nodes; expected two cells; write between = <&one &other>", count);
    if (count != 2)
        return;
    for (size_t i = 0; i < 2; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "between", i);

        ends[i] = model_cell(s, to);
        if (!ends[i])
            return wrong_kind(node_at(n, "between"), "between", to, "cells");
    }
    if (ends[0] == ends[1])
        return diag_error(node_at(n, "between"), "channel \"%s\" has both ends in cell \"%s\"; expected two cells; correct one",
                          n->name, ends[0]->name);
    struct channel *h = add_channel(s, n->name, n, n->at, size, ends[0], ends[1]);

    schema_u32(n, "message-size", 1, (uint32_t)(size / 2 - RING_HEADER) / 2, &h->message_size);
    channel_vcpus(h);
}

/* "console = <&console>" in a cell: a byte channel to that cell. */
static void read_console(struct system *s, struct cell *c)
{
    const struct node *to = one_reference(s, c->node, "console");
    struct cell *server = to ? model_cell(s, to) : NULL;

    if (!to)
        return;
    if (!server)
        return wrong_kind(node_at(c->node, "console"), "console", to, "a cell");
    if (server == c)
        return diag_error(node_at(c->node, "console"), "cell \"%s\" is its own console; expected another cell; remove it", c->name);
    struct channel *h = add_channel(s, "console", NULL, node_at(c->node, "console"), MV_PAGE_SIZE, c, server);

    h->is_console = true;
    h->end[1].name = c->name;
    c->console_channel = h;
}

static void channel_virqs(struct system *s)
{
    for (size_t i = 0; i < s->channels.count; i++)
        for (int e = 0; e < 2; e++) {
            struct channel *h = s->channels.at[i];

            h->end[e].virq = add_virq(s, h->end[e].cell, h->end[e].name, NULL, h->end[e].vcpu, MV_VIRQ_SOFT);
        }
}

/* ---- fault portals -------------------------------------------------------------------- */

static struct portal *fault_portal(struct system *s, const struct node *n, const char *name)
{
    const struct node *to = one_reference(s, n, name);
    struct portal *p = to ? model_portal(s, to) : NULL;

    if (to && !p)
        wrong_kind(node_at(n, name), name, to, "a portal");
    return p;
}

static void read_faults(struct system *s, const struct node *top)
{
    struct portal *common = fault_portal(s, top, "fault-handler");

    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];
        struct portal *own = fault_portal(s, c->node, "fault-portal"), *p = own ? own : common;

        for (size_t v = 0; p && v < c->vcpus.count; v++) {
            /* The server cannot handle its own fault. */
            if (c->vcpus.at[v] != p->server)
                c->vcpus.at[v]->fault_portal = p;
            else if (own)
                diag_error(node_at(c->node, "fault-portal"), "the faults of cell \"%s\" go to its own vCPU %u; expected a portal of another vCPU; name another",
                           c->name, c->vcpus.at[v]->number);
        }
        if (p)
            p->takes_faults = true;
    }
}

/* ---- the whole ------------------------------------------------------------------------ */

static void read_top(struct system *s, const struct node *top)
{
    const struct prop *p = node_prop(top, "compatible");

    s->cores = 1;
    s->slice_us = SLICE_US_DEFAULT;
    schema_check(top, SCHEMA_SYSTEM);
    if (!p || !prop_has_string(p, "mullion,system"))
        diag_error(node_at(top, "compatible"), "the system is not marked as one; expected compatible = \"mullion,system\"; add it");
    if (!schema_u32(top, "cores", 1, MV_CORES_MAX, &s->cores)) {
        s->cores = MV_CORES_MAX;
    } else if (s->board.cpu_count && s->cores > s->board.cpu_count) {
        diag_error(node_at(top, "cores"), "\"cores\" is %u, but board %s has %u; expected 1 to %u; lower it", s->cores,
                   s->board.name, s->board.cpu_count, s->board.cpu_count);
    }
    schema_number(top, "slice-us", 100, 1000000, &s->slice_us);
    if (!schema_pages(top, "trace-size", 0, 0x10000000, &s->trace_size))
        s->trace_size = MV_PAGE_SIZE;
}

static void read_group(struct system *s, const struct node *top, const char *name,
                       void (*read)(struct system *s, const struct node *n))
{
    const struct node *group = node_child(top, name);

    schema_check_group(group);
    for (size_t i = 0; group && i < group->children.count; i++)
        read(s, group->children.at[i]);
}

static void read_references(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];

        read_devices(s, c);
        read_calls(s, c);
        read_raises(s, c);
        read_controls(s, c);
        read_holds(s, c);
        read_vcpu_spaces(s, c);
        for (size_t p = 0; p < c->spaces.count; p++)
            read_space_mappings(s, c, c->spaces.at[p]);
    }
    for (size_t i = 0; i < s->cells.count; i++)
        read_console(s, s->cells.at[i]);
}

static const char *board_dir(const char *board)
{
    const char *dir = kit_path("boards/%s", board);

    if (!text_file_exists(mem_printf("%s/board.dts", dir))) {
        const char *near = diag_nearest(board, kit_boards());

        if (near)
            diag_fatal("there is no board \"%s\"; expected one that \"mullion boards\" lists; did you mean \"%s\"?", board, near);
        diag_fatal("there is no board \"%s\"; expected one that \"mullion boards\" lists; correct --board", board);
    }
    return dir;
}

struct system *model_read(const char *path, const char *board)
{
    struct system *s = mem_alloc(sizeof *s);

    s->path = path;
    s->dir = text_dirname(path);
    s->tree = tree_read(path, board_dir(board));
    s->at = s->tree->root->at;
    const struct node *top = node_child(s->tree->root, "mullion");

    board_read(&s->board, s->tree, board);
    if (!top) {
        diag_error(s->at, "there is no node \"mullion\" below the root; expected the system's description there; add / { mullion { ... }; };");
        return s;
    }
    s->at = top->at;
    read_top(s, top);
    read_group(s, top, "segments", read_segment);
    read_group(s, top, "cells", read_cell);
    if (s->cells.count == 0)
        diag_error(top->at, "the system has no cell; expected one or more; add cells { name { ... }; };");
    read_group(s, top, "channels", read_channel);
    read_references(s);
    channel_virqs(s);
    read_faults(s, top);
    return s;
}
