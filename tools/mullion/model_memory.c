/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that cells share: segments, and channels with their vIRQs. */
#include "model_parts.h"

enum {
    RING_HEADER = 256,          /* of a channel's half that is not for data */
};

/* Each piece of a segment with a given place must lie in RAM. */
static void check_in_ram(const struct system *s, const struct segment *g, const char *property)
{
    const struct region *ram = &s->board.ram;

    for (size_t i = 0; i < g->extents.list.count; i++) {
        const struct region *r = &g->extents.list.at[i];

        if (r->base >= ram->base && r->base - ram->base < ram->size && r->size <= ram->size - (r->base - ram->base))
            continue;
        diag_error(node_at(g->node, property), "segment \"%s\" lies at 0x%llx to 0x%llx; expected a place in RAM, 0x%llx to 0x%llx; correct \"%s\" or remove it",
                   g->name, (unsigned long long)r->base, (unsigned long long)(r->base + r->size), (unsigned long long)ram->base,
                   (unsigned long long)(ram->base + ram->size), property);
        return;
    }
}

/* "reg": pieces with given places, one behind the other in the segment. */
static void read_pieces(struct system *s, struct segment *g)
{
    const struct node *n = g->node;
    const struct prop *p = node_prop(n, "reg");

    g->broken = true;
    g->fixed = true;
    if (node_prop(n, "size") || node_prop(n, "base")) {
        diag_error(p->at, "segment \"%s\" has \"reg\" and \"%s\"; expected one way to say where it lies; remove one", n->name,
                   node_prop(n, "size") ? "size" : "base");
        return;
    }
    if (!board_memory(s->tree, p, &g->extents)) {
        diag_error(p->at, "\"reg\" has %zu numbers; expected addresses and sizes as in the board's memory node; write reg = <0x0 0x50000000 0x0 0x1000>",
                   p->length / 4);
        return;
    }
    g->size = 0;
    for (size_t i = 0; i < g->extents.list.count; i++) {
        const struct region *r = &g->extents.list.at[i];

        if (r->size == 0 || r->size % MV_PAGE_SIZE || r->base % MV_PAGE_SIZE) {
            diag_error(p->at, "a piece of segment \"%s\" has 0x%llx bytes at 0x%llx; expected whole pages; use multiples of 0x1000", n->name,
                       (unsigned long long)r->size, (unsigned long long)r->base);
            return;
        }
        g->size += r->size;
    }
    g->broken = false;
    check_in_ram(s, g, "reg");
}

static void read_one_piece(struct system *s, struct segment *g)
{
    const struct node *n = g->node;
    uint64_t base = 0;

    if (!node_prop(n, "size"))
        diag_error(n->at, "segment \"%s\" has no size; expected a number of bytes; add size = <0x1000>", n->name);
    g->broken = !node_prop(n, "size") || !schema_pages(n, "size", MV_PAGE_SIZE, UINT64_C(1) << 39, &g->size);
    if (s->board.ram.size && g->size > s->board.ram.size)
        diag_error(node_at(n, "size"), "segment \"%s\" has 0x%llx bytes; expected at most the RAM's 0x%llx; make it smaller",
                   n->name, (unsigned long long)g->size, (unsigned long long)s->board.ram.size);
    g->fixed = node_prop(n, "base") && schema_pages(n, "base", 0, UINT64_C(1) << 48, &base);
    *vec_push(&g->extents.list) = (struct region){ base, g->size };
    if (g->fixed)
        check_in_ram(s, g, "base");
}

void model_read_segment(struct system *s, const struct node *n)
{
    struct segment *g = model_add_segment(s, SEGMENT_SHARED, n->name, MV_MAP_READ | MV_MAP_WRITE, MV_PAGE_SIZE, NULL);
    const char *rights = NULL;

    g->node = n;
    g->at = n->at;
    schema_check(n, SCHEMA_SEGMENT);
    model_check_name(n);
    if (schema_string(n, "rights", &rights) && rights)
        schema_rights(node_at(n, "rights"), "rights", rights, &g->rights);
    if (node_prop(n, "reg"))
        read_pieces(s, g);
    else
        read_one_piece(s, g);
}

struct channel *model_add_channel(struct system *s, const char *name, const struct node *n, struct pos at, uint64_t size,
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

/* A machine's end is a port of its virtio console, which its io cell has. */
static void channel_ports(struct channel *h)
{
    for (int i = 0; i < 2; i++) {
        if (!model_is_io(h->end[i].cell))
            continue;
        *vec_push(&h->end[i].cell->vm->ports) = h;
        if (node_prop(h->node, "message-size"))
            diag_error(node_at(h->node, "message-size"), "channel \"%s\" has messages, but one end is virtual machine \"%s\", whose port takes bytes; expected a stream of bytes; remove \"message-size\"",
                       h->name, h->end[i].cell->vm->cell->name);
    }
}

void model_read_channel(struct system *s, const struct node *n)
{
    size_t count = schema_references(s->tree, n, "between");
    struct cell *ends[2] = { NULL, NULL };
    uint64_t size = MV_PAGE_SIZE;

    schema_check(n, SCHEMA_CHANNEL);
    model_check_name(n);
    schema_pages(n, "size", MV_PAGE_SIZE, MODEL_CHANNEL_MAX, &size);
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
            return model_wrong_kind(node_at(n, "between"), "between", to, "cells");
    }
    if (ends[0] == ends[1])
        return diag_error(node_at(n, "between"), "channel \"%s\" has both ends in cell \"%s\"; expected two cells; correct one",
                          n->name, ends[0]->name);
    for (size_t i = 0; i < 2; i++)
        if (model_is_guest(ends[i]))
            ends[i] = model_io_cell(s, ends[i]->vm);
    struct channel *h = model_add_channel(s, n->name, n, n->at, size, ends[0], ends[1]);

    schema_u32(n, "message-size", 1, (uint32_t)(size / 2 - RING_HEADER) / 2, &h->message_size);
    channel_vcpus(h);
    channel_ports(h);
}

/* "console = <&console>" in a cell: a byte channel to that cell. */
void model_read_console(struct system *s, struct cell *c)
{
    const struct node *to = model_one_reference(s, c->node, "console");
    struct cell *server = to ? model_cell(s, to) : NULL;

    if (!to)
        return;
    if (!server || model_is_guest(server))
        return model_wrong_kind(node_at(c->node, "console"), "console", to, server ? "a cell with a program" : "a cell");
    if (server == c)
        return diag_error(node_at(c->node, "console"), "cell \"%s\" is its own console; expected another cell; remove it", c->name);
    struct channel *h = model_add_channel(s, "console", NULL, node_at(c->node, "console"), MV_PAGE_SIZE, c, server);

    h->is_console = true;
    /* A machine has one name at its console; what its io cell says is told apart. */
    h->end[1].name = model_is_io(c) ? c->name : model_shown_name(c);
    c->console_channel = h;
}

void model_add_channel_virqs(struct system *s)
{
    for (size_t i = 0; i < s->channels.count; i++)
        for (int e = 0; e < 2; e++) {
            struct channel *h = s->channels.at[i];

            h->end[e].virq = model_add_virq(s, h->end[e].cell, h->end[e].name, NULL, h->end[e].vcpu, MV_VIRQ_SOFT);
        }
}
