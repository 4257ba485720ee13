/* SPDX-License-Identifier: BSD-2-Clause */
/* First pass over the cells: their own objects, so that references find them. */
#include "model_parts.h"

#include <string.h>

#include "kit.h"

enum {
    STACK_MAX = 0x1000000,
    IMAGE_SIZE_DEFAULT = 0x100000,
    TABLE_PAGES_MAX = 0x10000,
};

void model_read_core(const struct system *s, const struct node *n, const char *name, uint32_t *core)
{
    uint32_t value = *core;

    if (!schema_u32(n, name, 0, MV_CORES_MAX - 1, &value))
        return;
    if (value >= s->cores)
        diag_error(node_at(n, name), "\"%s\" is %u, but the system has %u; expected 0 to %u; choose one of these or raise \"cores\"",
                   name, value, s->cores, s->cores - 1);
    else
        *core = value;
}

struct vcpu *model_add_vcpu(struct system *s, struct cell *c, const struct node *n, const struct vcpu *like)
{
    struct vcpu *v = mem_alloc(sizeof *v);

    *v = *like;
    v->cell = c;
    v->node = n;
    v->at = n->at;
    v->number = (uint32_t)c->vcpus.count;
    v->index = (uint32_t)s->vcpus.count;
    v->space = c->spaces.at[0];
    v->ceiling = v->priority;
    if (c->vcpus.count == 0)
        c->first_vcpu = v->index;
    *vec_push(&c->vcpus) = v;
    *vec_push(&s->vcpus) = v;
    return v;
}

static void read_vcpu(struct system *s, struct cell *c, const struct node *n, const struct vcpu *defaults)
{
    struct vcpu *v = model_add_vcpu(s, c, n, defaults);

    model_read_core(s, n, "core", &v->core);
    schema_u32(n, "priority", 0, MV_PRIORITIES - 1, &v->priority);
    schema_pages(n, "stack-size", MV_PAGE_SIZE, STACK_MAX, &v->stack_size);
    schema_flag(n, "fp", &v->fp);
    model_read_vcpu_time(s, n, &v->time);
    v->ceiling = v->priority;
}

static void read_vcpus(struct system *s, struct cell *c)
{
    const struct node *group = node_child(c->node, "vcpus");
    struct vcpu defaults = { .priority = MODEL_PRIORITY_DEFAULT, .stack_size = MODEL_STACK_DEFAULT };

    schema_check_group(group);
    if (!group || group->children.count == 0) {
        read_vcpu(s, c, c->node, &defaults);
        return;
    }
    /* The cell's own values are the defaults of its vCPUs. */
    model_read_core(s, c->node, "core", &defaults.core);
    schema_u32(c->node, "priority", 0, MV_PRIORITIES - 1, &defaults.priority);
    schema_pages(c->node, "stack-size", MV_PAGE_SIZE, STACK_MAX, &defaults.stack_size);
    schema_flag(c->node, "fp", &defaults.fp);
    model_read_vcpu_time(s, c->node, &defaults.time);
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

/* A group of the cell, or NULL. */
static const struct node *group_of(const struct cell *c, const char *name)
{
    const struct node *group = node_child(c->node, name);

    schema_check_group(group);
    return group;
}

/* Node i of a group, with its name and properties checked. */
static const struct node *group_node(const struct node *group, size_t i, enum schema kind)
{
    const struct node *n = group->children.at[i];

    schema_check(n, kind);
    model_check_name(n);
    return n;
}

struct portal *model_add_portal(struct system *s, struct cell *c, const char *name, const struct node *n, struct vcpu *server)
{
    struct portal *p = mem_alloc(sizeof *p);

    p->cell = c;
    p->name = name;
    p->node = n;
    p->server = server;
    p->time.partition = server->time.partition;
    p->index = (uint32_t)s->portals.count;
    *vec_push(&s->portals) = p;
    return p;
}

static void read_portals(struct system *s, struct cell *c)
{
    const struct node *group = group_of(c, "portals");

    for (size_t i = 0; group && i < group->children.count; i++) {
        const struct node *n = group_node(group, i, SCHEMA_PORTAL);
        struct portal *p = model_add_portal(s, c, n->name, n, sink_of(c, n));

        schema_number(n, "bound-us", 1, MODEL_TIME_US_MAX, &p->bound_us);
        model_read_context(s, n, &p->time);
    }
}

static void read_virqs(struct system *s, struct cell *c)
{
    const struct node *group = group_of(c, "virqs");

    for (size_t i = 0; group && i < group->children.count; i++) {
        const struct node *n = group_node(group, i, SCHEMA_VIRQ);

        model_add_virq(s, c, n->name, n, sink_of(c, n), MV_VIRQ_SOFT);
    }
}

static void read_timers(struct system *s, struct cell *c)
{
    const struct node *group = group_of(c, "timers");

    for (size_t i = 0; group && i < group->children.count; i++) {
        const struct node *n = group_node(group, i, SCHEMA_TIMER);
        struct timer *t = mem_alloc(sizeof *t);

        t->cell = c;
        t->name = n->name;
        t->index = (uint32_t)s->timers.count;
        t->virq = model_add_virq(s, c, n->name, n, sink_of(c, n), MV_VIRQ_TIMER);
        t->shortest_us = MV_TIMER_SHORTEST_US;
        schema_number(n, "shortest-us", MV_TIMER_SHORTEST_US, MODEL_TIME_US_MAX, &t->shortest_us);
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
    schema_u32(c->node, "address-bits", 25, 39, &c->spaces.at[0]->address_bits);
    const struct node *group = group_of(c, "spaces");

    for (size_t i = 0; group && i < group->children.count; i++) {
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

struct cell *model_add_cell(struct system *s, const struct node *n, const char *name)
{
    struct cell *c = mem_alloc(sizeof *c);

    c->name = name;
    c->node = n;
    c->at = n->at;
    c->dir = s->dir;
    c->index = (uint32_t)s->cells.count;
    c->autostart = true;
    c->image_size = IMAGE_SIZE_DEFAULT;
    *vec_push(&s->cells) = c;
    c->first_space = (uint32_t)s->spaces.count;
    add_space(s, c, "main", NULL);
    return c;
}

void model_read_cell(struct system *s, const struct node *n)
{
    if (schema_is_vm(n)) {
        model_read_vm(s, n);
        return;
    }
    struct cell *c = model_add_cell(s, n, n->name);

    schema_check(n, SCHEMA_CELL);
    model_check_name(n);
    read_spaces(s, c);
    read_vcpus(s, c);
    read_portals(s, c);
    read_virqs(s, c);
    read_timers(s, c);
    read_program(s, c);
    model_read_partitions(s, c);
    schema_flag(n, "autostart", &c->autostart);
    schema_flag(n, "map-space", &c->map_space);
    schema_flag(n, "trace-read", &c->trace_read);
    schema_flag(n, "trace-control", &c->trace_control);
    schema_flag(n, "system-control", &c->system_control);
    model_read_time_rights(s, c);
    schema_number(n, "table-pages", 0, TABLE_PAGES_MAX, &c->table_pages);
    schema_pages(n, "image-size", MV_PAGE_SIZE, 0x40000000, &c->image_size);
    for (size_t i = 0; i < c->vcpus.count; i++)
        c->fp = c->fp || c->vcpus.at[i]->fp;
    if (c->trace_read && !s->trace_size)
        diag_error(node_at(n, "trace-read"), "cell \"%s\" reads the trace, but there is none; expected \"trace-size\" above 0; set it in the system",
                   c->name);
}
