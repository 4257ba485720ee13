/* SPDX-License-Identifier: BSD-2-Clause */
#include "model_parts.h"

#include <ctype.h>
#include <string.h>

#include "kit.h"

enum { SLICE_US_DEFAULT = 5000 };

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
struct time_partition *model_time_partition(const struct system *s, const struct node *n) { FIND(s->time_partitions, n); }

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

void model_wrong_kind(struct pos at, const char *name, const struct node *found, const char *expected)
{
    diag_error(at, "\"%s\" names \"%s\", which is %s; expected %s; correct the reference", name, node_title(found),
               schema_what(found), expected);
}

/* The only reference of a property, or NULL. */
const struct node *model_one_reference(const struct system *s, const struct node *n, const char *name)
{
    size_t count = schema_references(s->tree, n, name);

    if (count > 1)
        diag_error(node_at(n, name), "\"%s\" has %zu references; expected one; write %s = <&label>", name, count, name);
    return count == 1 ? schema_reference_at(s->tree, n, name, 0) : NULL;
}

/* Names become C macros and table entries. */
void model_check_name(const struct node *n)
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

struct virq *model_add_virq(struct system *s, struct cell *c, const char *name, const struct node *n,
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

/* ---- fault portals -------------------------------------------------------------------- */

static struct portal *fault_portal(struct system *s, const struct node *n, const char *name)
{
    const struct node *to = model_one_reference(s, n, name);
    struct portal *p = to ? model_portal(s, to) : NULL;

    if (to && !p)
        model_wrong_kind(node_at(n, name), name, to, "a portal");
    return p;
}

static void read_faults(struct system *s, const struct node *top)
{
    struct portal *common = fault_portal(s, top, "fault-handler");

    model_add_stream_virq(s, common);
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];

        /* The exits of a guest go to its VMM; what the description says is for
         * the faults of that. */
        if (model_is_guest(c))
            continue;
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

static void read_trace_classes(struct system *s, const struct node *top)
{
    static const struct { const char *name; uint32_t mask; } classes[] = {
        { "sched", MV_TRACE_SCHED }, { "ipc", MV_TRACE_IPC }, { "virq", MV_TRACE_VIRQ }, { "irq", MV_TRACE_IRQ },
        { "fault", MV_TRACE_FAULT }, { "space", MV_TRACE_SPACE }, { "time", MV_TRACE_TIME }, { "mark", MV_TRACE_MARK },
        { "all", MV_TRACE_ALL },
    };
    size_t count = schema_strings(top, "trace-classes");
    struct pos at = node_at(top, "trace-classes");

    for (size_t i = 0; i < count; i++) {
        const char *name = schema_string_at(top, "trace-classes", i);
        size_t k = 0;

        while (k < sizeof classes / sizeof *classes && strcmp(classes[k].name, name))
            k++;
        if (k < sizeof classes / sizeof *classes)
            s->trace_mask |= classes[k].mask;
        else
            diag_error(at, "\"trace-classes\" holds \"%s\"; expected \"sched\", \"ipc\", \"virq\", \"irq\", \"fault\", \"space\", \"time\", \"mark\" or \"all\"; use these",
                       name);
    }
    if (count && !s->trace_size)
        diag_error(at, "\"trace-classes\" says what the trace records, but there is none; expected \"trace-size\" above 0; add trace-size = <0x10000>");
}

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
    read_trace_classes(s, top);
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

        /* What the machine's node names is the guest's. */
        if (model_is_vmm(c))
            *vec_push(&c->controls) = (struct reference){ .node = c->node, .at = c->at };
        if (model_is_vmm(c) || model_is_io(c))
            continue;
        model_read_devices(s, c);
        model_read_uses(s, c);
    }
}

static void read_consoles(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++)
        if (!model_is_guest(s->cells.at[i]))
            model_read_console(s, s->cells.at[i]);
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
    model_read_schedule(s, top);
    model_read_bridges(s);
    read_group(s, top, "segments", model_read_segment);
    read_group(s, top, "cells", model_read_cell);
    if (s->cells.count == 0)
        diag_error(top->at, "the system has no cell; expected one or more; add cells { name { ... }; };");
    read_group(s, top, "channels", model_read_channel);
    read_references(s);
    model_finish_pci(s);
    model_read_links(s);
    model_read_dma(s);
    model_add_io_devices(s);
    read_consoles(s);
    model_add_channel_virqs(s);
    model_read_guests(s);
    read_faults(s, top);
    return s;
}
