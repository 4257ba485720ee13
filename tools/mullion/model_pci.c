/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions: nodes below a host bridge of the board's tree that the
 * description adds. Each goes to a driver's cell, the bridge to one cell that
 * alone can write configuration space.
 */
#include "model_parts.h"

#include <ctype.h>
#include <string.h>

enum { FUNCTION_CONFIG_BYTES = MV_PAGE_SIZE, BAR_MIN = 16, PIN_A = 1, PIN_D = 4 };
#define BAR_MAX UINT64_C(0x80000000)

static unsigned bus_of(const struct function *f)
{
    return f->id >> 8;
}

const char *model_function_place(const struct function *f)
{
    return mem_printf("%02x:%02x.%x", bus_of(f), f->id >> 3 & 31, f->id & 7);
}

/* ---- what the nodes say ------------------------------------------------------------ */

static bool is_enabled(const struct node *n)
{
    const struct prop *status = node_prop(n, "status");

    return !status || prop_has_string(status, "okay") || prop_has_string(status, "ok");
}

/* "reg": its first entry names the function. */
static void read_place(struct function *f)
{
    const struct prop *reg = node_prop(f->node, "reg");
    const struct bridge *b = f->bridge;

    if (!reg || reg->length < 20 || reg->length % 20 || (prop_cell(reg, 0) & 0xff0000ff)) {
        f->broken = true;
        diag_error(node_at(f->node, "reg"), "function \"%s\" has no usable \"reg\"; expected bus << 16 | device << 11 | function << 8 and four zeros; write reg = <0x0800 0 0 0 0> for device 1",
                   f->name);
        return;
    }
    f->id = prop_cell(reg, 0) >> 8;
    f->broken = b->broken || bus_of(f) < b->facts.first_bus || bus_of(f) > b->facts.last_bus;
    if (f->broken && !b->broken)
        diag_error(reg->at, "function \"%s\" is on bus %u; expected %u to %u, the \"bus-range\" of bridge \"%s\"; correct \"reg\"", f->name,
                   bus_of(f), b->facts.first_bus, b->facts.last_bus, b->name);
    for (size_t i = 0; i < b->functions.count; i++)
        if (b->functions.at[i]->id == f->id)
            diag_error(reg->at, "functions \"%s\" and \"%s\" are both at %s; expected one there; correct \"reg\" of one", b->functions.at[i]->name,
                       f->name, model_function_place(f));
}

/* Four digits of a name like "pci1af4,1042", as the bindings write it. */
static bool read_digits(const char *text, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
            return false;
        *value = *value << 4 | (uint32_t)(isdigit((unsigned char)text[i]) ? text[i] - '0' : text[i] - 'a' + 10);
    }
    return true;
}

static void read_identity(struct function *f)
{
    const struct prop *p = node_prop(f->node, "compatible");

    for (size_t at = 0; p && at < p->length;) {
        const char *text = (const char *)p->data + at;
        size_t length = strnlen(text, p->length - at);

        if (length == strlen("pciVVVV,DDDD") && !strncmp(text, "pci", 3) && text[7] == ',' && read_digits(text + 3, &f->vendor) &&
            read_digits(text + 8, &f->device))
            return;
        at += length + 1;
    }
    diag_error(node_at(f->node, "compatible"), "function \"%s\" does not say what it is; expected vendor and device, four digits each; write compatible = \"pci1af4,1042\"",
               f->name);
}

static void read_bar(struct function *f, struct pos at, uint32_t number, uint64_t size)
{
    if (number >= BARS)
        diag_error(at, "function \"%s\" has no BAR %u; expected 0 to %u; correct \"mullion,bars\"", f->name, number, BARS - 1);
    else if (f->bars[number].size)
        diag_error(at, "BAR %u of function \"%s\" stands twice in \"mullion,bars\"; expected it once; remove one", number, f->name);
    else if (size < BAR_MIN || size > BAR_MAX || (size & (size - 1)))
        diag_error(at, "BAR %u of function \"%s\" has 0x%llx bytes; expected a power of two, 0x%x to 0x%llx; write what the device has", number,
                   f->name, (unsigned long long)size, BAR_MIN, (unsigned long long)BAR_MAX);
    else
        f->bars[number].size = size;
}

static void read_bars(struct function *f)
{
    const struct prop *p = node_prop(f->node, "mullion,bars");

    if (p->length == 0 || p->length % 8) {
        diag_error(p->at, "\"mullion,bars\" is not a list of pairs; expected the number of a BAR and its bytes; write mullion,bars = <0 0x1000>, <4 0x4000>");
        return;
    }
    for (size_t i = 0; i * 4 < p->length; i += 2)
        read_bar(f, p->at, prop_cell(p, i), prop_cell(p, i + 1));
}

/* Words of ours on a function's node; the bindings' own are left to them. */
static void check_words(const struct node *n)
{
    for (size_t i = 0; i < n->props.count; i++)
        if (!strncmp(n->props.at[i].name, "mullion,", 8) && strcmp(n->props.at[i].name, "mullion,bars"))
            diag_error(n->props.at[i].at, "unknown property \"%s\"; expected a property of a PCI function; did you mean \"mullion,bars\"?",
                       n->props.at[i].name);
}

static void read_function(struct bridge *b, const struct node *n)
{
    struct function *f = mem_alloc(sizeof *f);

    f->bridge = b;
    f->node = n;
    f->name = node_title(n);
    f->at = n->at;
    f->index = (uint32_t)b->functions.count;
    check_words(n);
    read_place(f);
    read_identity(f);
    read_bars(f);
    if (f->index == 0 || bus_of(f) < b->used_first)
        b->used_first = bus_of(f);
    if (f->index == 0 || bus_of(f) > b->used_last)
        b->used_last = bus_of(f);
    *vec_push(&b->functions) = f;
}

static void read_bridge(struct system *s, const struct node *n)
{
    struct bridge *b = mem_alloc(sizeof *b);
    const char *wrong = board_bridge(n, &b->facts);

    b->node = n;
    b->name = node_title(n);
    b->at = n->at;
    b->index = (uint32_t)s->bridges.count;
    b->used_first = b->used_last = b->facts.first_bus;
    b->broken = wrong != NULL;
    for (size_t i = 0; i < n->children.count; i++)
        if (node_prop(n->children.at[i], "mullion,bars") && is_enabled(n->children.at[i]))
            read_function(b, n->children.at[i]);
    /* One that nobody uses may be as it likes. */
    if (wrong && b->functions.count)
        diag_error(b->functions.at[0]->node->at, "function \"%s\" is below the PCI bridge \"%s\", which is not usable; expected %s; correct the board's tree",
                   b->functions.at[0]->name, b->name, wrong);
    if (!wrong || b->functions.count)
        *vec_push(&s->bridges) = b;
}

void model_read_bridges(struct system *s)
{
    for (size_t i = 0; i < s->tree->all.count; i++)
        if (board_is_bridge(s->tree->all.at[i]) && is_enabled(s->tree->all.at[i]))
            read_bridge(s, s->tree->all.at[i]);
}

/* ---- who gets them ----------------------------------------------------------------------- */

static struct bridge *bridge_of(const struct system *s, const struct node *n)
{
    for (size_t i = 0; i < s->bridges.count; i++)
        if (s->bridges.at[i]->node == n)
            return s->bridges.at[i];
    return NULL;
}

static struct function *function_of(const struct system *s, const struct node *n)
{
    struct bridge *b = n->parent ? bridge_of(s, n->parent) : NULL;

    for (size_t i = 0; b && i < b->functions.count; i++)
        if (b->functions.at[i]->node == n)
            return b->functions.at[i];
    return NULL;
}

/* The pin of its INTx; 0: none. */
static uint32_t pin_of(const struct function *f)
{
    uint32_t pin = PIN_A;

    schema_u32(f->node, "interrupts", 0, PIN_D, &pin);
    return pin;
}

/* Another function whose INTx is the same interrupt. */
static struct function *sharer(const struct system *s, uint32_t interrupt)
{
    for (size_t i = 0; i < s->bridges.count; i++)
        for (size_t k = 0; k < s->bridges.at[i]->functions.count; k++) {
            struct function *f = s->bridges.at[i]->functions.at[k];

            if (f->virq && f->virq->interrupt == interrupt)
                return f;
        }
    return NULL;
}

static void give_interrupt(struct system *s, struct function *f, struct vcpu *sink)
{
    uint32_t pin = pin_of(f);
    struct interrupt in;

    if (pin == 0 || !s->board.gic || f->broken)
        return;
    if (!board_bridge_interrupt(&s->board, s->tree, f->bridge->node, f->id, pin, &in) || in.id < 32 || in.id > 1019) {
        diag_error(f->node->at, "the interrupt of function \"%s\" (%s, INT%c) cannot be found; expected the bridge's \"interrupt-map\" to lead to the GIC; correct the board's tree, or write interrupts = <0> if it has none",
                   f->name, model_function_place(f), (int)('A' + pin - PIN_A));
        return;
    }
    const struct function *other = sharer(s, in.id);

    if (other && other->cell != f->cell) {
        diag_error(f->at, "functions \"%s\" (%s) and \"%s\" (%s) of cells \"%s\" and \"%s\" share interrupt %u; expected one owner of an interrupt; put one of them into another slot, or give both to one cell",
                   other->name, model_function_place(other), f->name, model_function_place(f), other->cell->name, f->cell->name, in.id);
        return;
    }
    if (other) {
        f->virq = other->virq;
        return;
    }
    f->virq = model_add_virq(s, f->cell, f->name, NULL, sink, MV_VIRQ_DEVICE);
    f->virq->interrupt = in.id;
    f->virq->edge = in.edge;
}

static void give_function(struct system *s, struct function *f, struct cell *c, struct pos at, struct vcpu *sink)
{
    if (model_is_guest(c)) {
        f->broken = true;
        diag_error(at, "function \"%s\" is given to virtual machine \"%s\"; expected a native cell: machines have no PCI; give it to a driver's cell, and the machine what that serves",
                   f->name, c->name);
    } else if (f->cell == c) {
        diag_error(at, "function \"%s\" stands twice in \"devices\"; expected it once; remove one", f->name);
    } else if (f->cell) {
        diag_error(at, "function \"%s\" is given to cell \"%s\" already; expected one owner; remove it from one of them", f->name,
                   f->cell->name);
    } else {
        f->cell = c;
        f->at = at;
        *vec_push(&c->functions) = f;
        give_interrupt(s, f, sink);
    }
}

static void give_bridge(struct bridge *b, struct cell *c, struct pos at)
{
    if (model_is_guest(c)) {
        b->broken = true;
        diag_error(at, "the PCI bridge \"%s\" is given to virtual machine \"%s\"; expected a native cell; give it to one with program = \"pci\"", b->name,
                   c->name);
    } else if (b->cell == c) {
        diag_error(at, "device \"%s\" stands twice in \"devices\"; expected it once; remove one", b->name);
    } else if (b->cell) {
        diag_error(at, "device \"%s\" is given to cell \"%s\" already; expected one owner; remove it from one of them", b->name,
                   b->cell->name);
    } else if (c->bridge) {
        diag_error(at, "cell \"%s\" gets two PCI bridges, \"%s\" and \"%s\"; expected one; make a cell for each", c->name, c->bridge->name,
                   b->name);
    } else {
        b->cell = c;
        b->at = at;
        c->bridge = b;
    }
}

bool model_give_pci(struct system *s, struct cell *c, const struct node *to, struct pos at, struct vcpu *sink)
{
    struct bridge *b = bridge_of(s, to), *above = to->parent ? bridge_of(s, to->parent) : NULL;
    struct function *f = function_of(s, to);

    if (b)
        give_bridge(b, c, at);
    else if (f)
        give_function(s, f, c, at, sink);
    else if (above && is_enabled(to))
        diag_error(at, "\"%s\" is below the PCI bridge \"%s\" and has no \"mullion,bars\"; expected the function's BARs; add mullion,bars = <0 0x1000> with what it has",
                   node_title(to), above->name);
    else
        return false;
    return true;
}

/* ---- memory ------------------------------------------------------------------------------- */

/* BARs lie in the bridge's window, each at a multiple of its size and in pages
 * of its own, from `next` on as functions see it. */
static bool place_bars(struct function *f, uint64_t *next)
{
    const struct bridge_facts *w = &f->bridge->facts;

    for (uint32_t i = 0; i < BARS; i++) {
        struct bar *bar = &f->bars[i];

        if (bar->size == 0)
            continue;
        uint64_t room = mv_align_up(bar->size, MV_PAGE_SIZE), at = mv_align_up(*next, room);

        if (at + room > w->window_bus + w->window.size) {
            diag_error(node_at(f->node, "mullion,bars"), "BAR %u of function \"%s\", 0x%llx bytes, does not fit the window of bridge \"%s\", 0x%llx to 0x%llx; expected all BARs to fit; describe fewer or smaller ones",
                       i, f->name, (unsigned long long)bar->size, f->bridge->name, (unsigned long long)w->window_bus,
                       (unsigned long long)(w->window_bus + w->window.size));
            return false;
        }
        bar->bus = at;
        bar->base = w->window.base + (at - w->window_bus);
        *next = at + room;
    }
    return true;
}

static void add_segments(struct system *s, struct function *f)
{
    uint64_t config = f->bridge->facts.ecam.base + (uint64_t)(f->id - (f->bridge->facts.first_bus << 8)) * FUNCTION_CONFIG_BYTES;

    f->config = model_add_segment(s, SEGMENT_DEVICE, mem_printf("%s, configuration", f->name), MV_MAP_READ, FUNCTION_CONFIG_BYTES, f->cell);
    *vec_push(&f->config->extents.list) = (struct region){ config, FUNCTION_CONFIG_BYTES };
    for (uint32_t i = 0; i < BARS; i++) {
        struct bar *bar = &f->bars[i];

        if (bar->size == 0)
            continue;
        if (!f->registers)
            f->registers = model_add_segment(s, SEGMENT_DEVICE, mem_printf("%s, BARs", f->name), MV_MAP_READ | MV_MAP_WRITE, 0, f->cell);
        bar->offset = f->registers->size;
        *vec_push(&f->registers->extents.list) = (struct region){ bar->base, mv_align_up(bar->size, MV_PAGE_SIZE) };
        f->registers->size += mv_align_up(bar->size, MV_PAGE_SIZE);
        model_check_registers(s, f->name, f->node->at, region_pages((struct region){ bar->base, bar->size }));
    }
}

/* The owner's piece of configuration space: the buses that are used. */
static void add_ecam(struct system *s, struct bridge *b)
{
    struct region ecam = { b->facts.ecam.base + (uint64_t)(b->used_first - b->facts.first_bus) * BOARD_PCI_BUS_BYTES,
                           (uint64_t)(b->used_last - b->used_first + 1) * BOARD_PCI_BUS_BYTES };

    b->segment = model_add_segment(s, SEGMENT_DEVICE, b->name, MV_MAP_READ | MV_MAP_WRITE, ecam.size, b->cell);
    *vec_push(&b->segment->extents.list) = ecam;
    model_check_registers(s, b->name, b->at, ecam);
}

/* ---- the owner's portal --------------------------------------------------------------------- */

static const char portal_name[] = "functions";

static struct portal *portal_of(const struct system *s, const struct cell *c)
{
    for (size_t i = 0; i < s->portals.count; i++)
        if (s->portals.at[i]->cell == c && !strcmp(s->portals.at[i]->name, portal_name))
            return s->portals.at[i];
    return NULL;
}

/* A badge is all that tells the owner whose function is meant. */
static void check_callers(const struct system *s, const struct bridge *b)
{
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t k = 0; k < s->cells.at[i]->calls.count; k++)
            if (s->cells.at[i]->calls.at[k].portal == b->portal)
                diag_error(s->cells.at[i]->calls.at[k].at, "cell \"%s\" calls portal \"%s\" of cell \"%s\", which owns a PCI bridge; expected only drivers there, whose functions give them the right; remove it from \"calls\"",
                           s->cells.at[i]->name, portal_name, b->cell->name);
}

/* Each driver calls the owner with its function's number. */
static void add_callers(struct system *s, struct bridge *b)
{
    bool drivers = false;

    for (size_t i = 0; i < b->functions.count; i++)
        drivers = drivers || (b->functions.at[i]->cell && b->functions.at[i]->cell != b->cell);
    b->portal = portal_of(s, b->cell);
    if (!drivers)
        return;
    if (!b->portal) {
        diag_error(b->at, "cell \"%s\" owns the PCI bridge \"%s\" and has no portal \"%s\"; expected one, which drivers call; add portals { %s { }; }",
                   b->cell->name, b->name, portal_name, portal_name);
        return;
    }
    check_callers(s, b);
    for (size_t i = 0; i < b->functions.count; i++) {
        struct function *f = b->functions.at[i];

        if (f->cell && f->cell != b->cell)
            *vec_push(&f->cell->calls) = (struct reference){
                .node = b->portal->node, .at = f->at, .badge = f->index + 1, .portal = b->portal,
                .name = mem_printf("FUNCTION_%s_ATTACH", f->name),
            };
    }
}

void model_finish_pci(struct system *s)
{
    for (size_t i = 0; i < s->bridges.count; i++) {
        struct bridge *b = s->bridges.at[i];
        /* A BAR that holds 0 is one that nobody has set. */
        uint64_t next = b->facts.window_bus ? b->facts.window_bus : MV_PAGE_SIZE;
        bool fits = true;

        if (b->broken)
            continue;
        if (b->functions.count && !b->cell)
            diag_error(b->functions.at[0]->node->at, "no cell owns the PCI bridge \"%s\" of function \"%s\"; expected one, which switches functions on; add a cell with program = \"pci\" and devices = <&%s>",
                       b->name, b->functions.at[0]->name, b->name);
        for (size_t k = 0; k < b->functions.count; k++) {
            struct function *f = b->functions.at[k];

            if (!f->cell && !f->broken)
                diag_error(f->node->at, "no cell drives function \"%s\"; expected it in \"devices\" of one; add it there, or status = \"disabled\" to the function",
                           f->name);
            fits = fits && place_bars(f, &next);
            if (f->cell && fits && !f->broken)
                add_segments(s, f);
        }
        if (!b->cell)
            continue;
        add_ecam(s, b);
        add_callers(s, b);
    }
}
