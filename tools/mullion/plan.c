/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <stdlib.h>

#include "schema.h"

/*
 * The first window holds the program from PLAN_PROGRAM_BASE upwards and, from
 * the window's top downwards, everything small: all of it then costs one
 * page-table page. What finds no room goes above the window, upwards.
 */
struct window {
    uint64_t bottom;    /* end of what is kept for the program */
    uint64_t low;       /* lowest address given, going down from the top */
    uint64_t upper;     /* next address above the window */
    const struct space *space;
};

static bool taken(const struct space *p, uint64_t address, uint64_t size, uint64_t *clear_low, uint64_t *clear_high)
{
    for (size_t i = 0; i < p->mappings.count; i++) {
        const struct mapping *m = p->mappings.at[i];

        if (m->placed && region_overlaps((struct region){ m->address, m->size }, (struct region){ address, size })) {
            *clear_low = m->address;
            *clear_high = m->address + m->size;
            return true;
        }
    }
    return false;
}

/* Addresses for size bytes that no fixed mapping uses; guard: one unmapped
 * page below. */
static uint64_t window_take(struct window *w, uint64_t size, bool guard)
{
    uint64_t room = size + (guard ? MV_PAGE_SIZE : 0), clear_low, clear_high;

    while (size < MV_BLOCK_SIZE && w->low >= w->bottom + room) {
        if (!taken(w->space, w->low - room, room, &clear_low, &clear_high)) {
            w->low -= room;
            return w->low + (room - size);
        }
        w->low = clear_low;
    }
    uint64_t at = mv_align_up(w->upper + (room - size), size >= MV_BLOCK_SIZE ? MV_BLOCK_SIZE : MV_PAGE_SIZE);

    while (taken(w->space, at - (room - size), room, &clear_low, &clear_high))
        at = mv_align_up(clear_high + (room - size), size >= MV_BLOCK_SIZE ? MV_BLOCK_SIZE : MV_PAGE_SIZE);
    w->upper = at + size;
    return at;
}

static struct mapping *map_add(struct space *p, struct segment *g, const char *name, uint32_t rights, uint64_t address,
                               uint64_t offset, uint64_t size, struct pos at)
{
    struct mapping *m = mem_alloc(sizeof *m);

    *m = (struct mapping){ g, name, rights, true, address, offset, size, at };
    *vec_push(&p->mappings) = m;
    return m;
}

/* Buffers and stacks, at the same addresses in each of the cell's spaces. */
static void place_private(struct system *s, struct cell *c, struct window *w)
{
    uint64_t buffers = c->vcpus.count * MV_PAGE_SIZE;

    c->private_segment = model_add_segment(s, SEGMENT_PRIVATE, c->name, MV_MAP_READ | MV_MAP_WRITE, 0, c);
    uint64_t at = window_take(w, buffers, false), offset = buffers;

    for (size_t i = 0; i < c->vcpus.count; i++)
        c->vcpus.at[i]->message_address = at + i * MV_PAGE_SIZE;
    for (size_t p = 0; p < c->spaces.count; p++)
        map_add(c->spaces.at[p], c->private_segment, "message buffers", MV_MAP_READ | MV_MAP_WRITE, at, 0, buffers, c->at);
    for (size_t i = 0; i < c->vcpus.count; i++) {
        struct vcpu *v = c->vcpus.at[i];

        v->stack_address = window_take(w, v->stack_size, true);
        for (size_t p = 0; p < c->spaces.count; p++)
            map_add(c->spaces.at[p], c->private_segment, mem_printf("stack %zu", i), MV_MAP_READ | MV_MAP_WRITE,
                    v->stack_address, offset, v->stack_size, v->at);
        offset += v->stack_size;
    }
    c->zero_size = offset;
    c->private_segment->size = offset;
}

static void place_channels(struct system *s, struct cell *c, struct window *w)
{
    for (size_t i = 0; i < s->channels.count; i++)
        for (int e = 0; e < 2; e++) {
            struct channel *h = s->channels.at[i];

            if (h->end[e].cell == c)
                h->end[e].mapping = map_add(c->spaces.at[0], h->segment, mem_printf("channel %s", h->end[e].name),
                                            MV_MAP_READ | MV_MAP_WRITE, window_take(w, h->segment->size, false), 0,
                                            h->segment->size, h->at);
        }
}

static struct mapping *place_registers(struct cell *c, struct segment *g, const char *name, uint32_t rights, struct pos at,
                                       struct window *w)
{
    return g ? map_add(c->spaces.at[0], g, name, rights, window_take(w, g->size, false), 0, g->size, at) : NULL;
}

static void place_devices(struct cell *c, struct window *w)
{
    const uint32_t data = MV_MAP_READ | MV_MAP_WRITE;

    for (size_t i = 0; i < c->devices.count; i++) {
        struct device *d = c->devices.at[i];

        d->mapping = place_registers(c, d->segment, mem_printf("device %s", d->name), data, d->at, w);
    }
    for (size_t i = 0; i < c->functions.count; i++) {
        struct function *f = c->functions.at[i];

        f->config_mapping = place_registers(c, f->config, mem_printf("function %s, configuration", f->name), MV_MAP_READ, f->at, w);
        f->registers_mapping = place_registers(c, f->registers, mem_printf("function %s, BARs", f->name), data, f->at, w);
    }
    if (c->bridge)
        c->bridge->mapping = place_registers(c, c->bridge->segment, mem_printf("configuration space of %s", c->bridge->name), data,
                                             c->bridge->at, w);
}

static void place_segments(struct space *p, struct window *w)
{
    for (size_t i = 0; i < p->mappings.count; i++) {
        struct mapping *m = p->mappings.at[i];

        if (m->placed)
            continue;
        m->address = window_take(w, m->size, false);
        m->placed = true;
    }
}

static void fit_address_bits(struct space *p)
{
    uint64_t end = 0;
    uint32_t given = p->address_bits;
    const struct node *n = p->node ? p->node : p->cell->node;

    for (size_t i = 0; i < p->mappings.count; i++)
        if (p->mappings.at[i]->address + p->mappings.at[i]->size > end)
            end = p->mappings.at[i]->address + p->mappings.at[i]->size;
    while (p->address_bits < 39 && end > UINT64_C(1) << p->address_bits)
        p->address_bits++;
    if (end > UINT64_C(1) << p->address_bits)
        diag_error(n->at, "space \"%s\" of cell \"%s\" ends at 0x%llx; expected at most 0x8000000000; map less", p->name,
                   p->cell->name, (unsigned long long)end);
    else if (p->address_bits != given && node_prop(n, "address-bits"))
        diag_error(node_at(n, "address-bits"), "space \"%s\" of cell \"%s\" ends at 0x%llx, beyond %u bits; expected it to fit; raise \"address-bits\" to %u or remove it",
                   p->name, p->cell->name, (unsigned long long)end, given, p->address_bits);
}

void plan_check_overlaps(const struct space *p)
{
    for (size_t i = 0; i < p->mappings.count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct mapping *a = p->mappings.at[i], *b = p->mappings.at[j];

            if (!region_overlaps((struct region){ a->address, a->size }, (struct region){ b->address, b->size }))
                continue;
            /* Blame the one that the description placed. */
            if (b->segment->kind == SEGMENT_SHARED && a->segment->kind != SEGMENT_SHARED) {
                const struct mapping *swap = a;

                a = b;
                b = swap;
            }
            diag_error(a->at, "\"%s\" at 0x%llx to 0x%llx overlaps \"%s\" at 0x%llx to 0x%llx in cell \"%s\"; expected separate addresses; move one",
                       a->name, (unsigned long long)a->address, (unsigned long long)(a->address + a->size), b->name,
                       (unsigned long long)b->address, (unsigned long long)(b->address + b->size), p->cell->name);
        }
}

/* What the description places must leave the program its room. */
static void check_program_room(const struct cell *c, uint64_t bottom)
{
    for (size_t p = 0; p < c->spaces.count; p++)
        for (size_t i = 0; i < c->spaces.at[p]->mappings.count; i++) {
            const struct mapping *m = c->spaces.at[p]->mappings.at[i];

            if (m->placed && m->address < bottom && m->address + m->size > PLAN_PROGRAM_BASE)
                diag_error(m->at, "\"%s\" at 0x%llx to 0x%llx lies where the program of cell \"%s\" goes; expected an address from 0x%llx; move it or lower \"image-size\"",
                           m->name, (unsigned long long)m->address, (unsigned long long)(m->address + m->size), c->name,
                           (unsigned long long)bottom);
        }
}

/* Addresses of the cell's own memory, and of what its description leaves open. */
static void place_cell(struct system *s, struct cell *c)
{
    uint64_t bottom = PLAN_PROGRAM_BASE + c->image_size;

    check_program_room(c, bottom);
    struct window main = { bottom, mv_align_up(bottom, MV_BLOCK_SIZE), mv_align_up(bottom, MV_BLOCK_SIZE), c->spaces.at[0] };

    place_private(s, c, &main);
    place_channels(s, c, &main);
    place_devices(c, &main);
    place_segments(c->spaces.at[0], &main);
    if (c->trace_read && s->trace_segment)
        c->trace_mapping = map_add(c->spaces.at[0], s->trace_segment, "trace", MV_MAP_READ,
                                   window_take(&main, s->trace_segment->size, false), 0, s->trace_segment->size, c->at);
    c->fixed_low = main.low;
    for (size_t i = 1; i < c->spaces.count; i++) {
        struct window extra = { bottom, main.low, main.upper, c->spaces.at[i] };

        place_segments(c->spaces.at[i], &extra);
        if (extra.low < c->fixed_low)
            c->fixed_low = extra.low;
    }
}

static void plan_cell(struct system *s, struct cell *c)
{
    /* A guest finds the board of guest.h: its addresses are there. */
    if (!model_is_guest(c)) {
        place_cell(s, c);
        model_place_dma(s, c);
    }
    for (size_t i = 0; i < c->spaces.count; i++) {
        fit_address_bits(c->spaces.at[i]);
        plan_check_overlaps(c->spaces.at[i]);
    }
}

void plan(struct system *s)
{
    if (s->trace_size) {
        s->trace_segment = model_add_segment(s, SEGMENT_TRACE, "trace", MV_MAP_READ, s->trace_size * s->cores, NULL);
        *vec_push(&s->trace_segment->extents.list) = (struct region){ 0, s->trace_segment->size };
    }
    for (size_t i = 0; i < s->cells.count; i++)
        plan_cell(s, s->cells.at[i]);
}

/* ---- the program --------------------------------------------------------------------- */

static struct pos program_at(const struct cell *c)
{
    return node_at(c->node, c->image ? "image" : c->program ? "program" : "sources");
}

static bool check_load(const struct cell *c, const struct load *l)
{
    bool fits = l->address >= MV_PAGE_SIZE && l->address + l->size <= c->fixed_low;

    if (!fits)
        diag_error(program_at(c), "the program of cell \"%s\" has a part at 0x%llx to 0x%llx; expected 0x%llx to 0x%llx; %s",
                   c->name, (unsigned long long)l->address, (unsigned long long)(l->address + l->size),
                   (unsigned long long)MV_PAGE_SIZE, (unsigned long long)c->fixed_low,
                   l->address < MV_PAGE_SIZE ? "link it at 0x10000" : "make it smaller or raise \"image-size\"");
    if ((l->rights & MV_MAP_WRITE) && (l->rights & MV_MAP_EXECUTE))
        diag_error(program_at(c), "the program of cell \"%s\" has a part at 0x%llx that is writable and executable; expected one or the other; link code and data in separate pages",
                   c->name, (unsigned long long)l->address);
    return fits;
}

/* Where its servers go on when a service has lasted too long. */
static void check_recover(const struct cell *c)
{
    bool good = c->recover == 0;

    for (size_t i = 0; i < c->loads.count; i++) {
        const struct load *l = &c->loads.at[i];

        good = good || ((l->rights & MV_MAP_EXECUTE) && c->recover >= l->address && c->recover - l->address < l->size && c->recover % 4 == 0);
    }
    if (!good)
        diag_error(program_at(c), "\"mv_recover\" of cell \"%s\" is at 0x%llx, which is not executable; expected a function; rename what is not one",
                   c->name, (unsigned long long)c->recover);
}

void plan_program(struct system *s, struct cell *c)
{
    uint64_t image = 0;
    bool entry_good = false;

    for (size_t i = 0; i < c->loads.count; i++) {
        struct load *l = &c->loads.at[i];

        /* One part that does not fit is enough to say so. */
        if (!check_load(c, l))
            return;
        if ((l->rights & MV_MAP_EXECUTE) && c->entry >= l->address && c->entry < l->address + l->size)
            entry_good = true;
        if (l->rights & MV_MAP_WRITE) {
            l->offset = c->private_segment->size;
            c->private_segment->size += l->size;
        } else {
            l->offset = image;
            image += l->size;
        }
    }
    if (!entry_good)
        diag_error(program_at(c), "the program of cell \"%s\" starts at 0x%llx, which is not executable; expected an address in its code; link it with an entry symbol",
                   c->name, (unsigned long long)c->entry);
    check_recover(c);
    *vec_push(&c->private_segment->extents.list) = (struct region){ 0, c->private_segment->size };
    if (image) {
        c->image_segment = model_add_segment(s, SEGMENT_IMAGE, c->name, MV_MAP_READ | MV_MAP_EXECUTE, image, c);
        *vec_push(&c->image_segment->extents.list) = (struct region){ 0, image };
    }
    for (size_t p = 0; p < c->spaces.count; p++) {
        for (size_t i = 0; i < c->loads.count; i++) {
            const struct load *l = &c->loads.at[i];
            bool writable = l->rights & MV_MAP_WRITE;

            map_add(c->spaces.at[p], writable ? c->private_segment : c->image_segment,
                    writable ? "data" : l->rights & MV_MAP_EXECUTE ? "code" : "constants", l->rights, l->address, l->offset,
                    l->size, program_at(c));
        }
        plan_check_overlaps(c->spaces.at[p]);
    }
}
