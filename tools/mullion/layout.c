/* SPDX-License-Identifier: BSD-2-Clause */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "kit.h"

/* ---- page tables ----------------------------------------------------------------- */

bool layout_is_block(const struct mapping *m, uint64_t window)
{
    uint64_t offset, from = 0;

    if (window < m->address || window + MV_BLOCK_SIZE > m->address + m->size)
        return false;
    /* Where cells' own memory lies is not known yet: no blocks for it. */
    if (m->segment->kind == SEGMENT_IMAGE || m->segment->kind == SEGMENT_PRIVATE || m->segment->kind == SEGMENT_TRACE)
        return false;
    offset = window - m->address + m->offset;
    for (size_t i = 0; i < m->segment->extents.list.count; i++) {
        struct region r = m->segment->extents.list.at[i];

        /* Large segments without a fixed place are aligned. */
        if (m->segment->kind != SEGMENT_DEVICE && !m->segment->fixed && !m->segment->early)
            r.base = 0;
        if (offset >= from && offset + MV_BLOCK_SIZE <= from + r.size)
            return (r.base + offset - from) % MV_BLOCK_SIZE == 0;
        from += r.size;
    }
    return false;
}

static int number_compare(const void *a, const void *b)
{
    const uint64_t *m = a, *n = b;

    return (*m > *n) - (*m < *n);
}

uint64_t layout_table_pages(const struct space *p)
{
    VEC(uint64_t) windows = { 0 };
    uint64_t pages = 0, above = UINT64_MAX;
    bool two_levels = p->address_bits > 34;

    for (size_t i = 0; i < p->mappings.count; i++) {
        const struct mapping *m = p->mappings.at[i];
        uint64_t first = m->address / MV_BLOCK_SIZE, last = (m->address + m->size - 1) / MV_BLOCK_SIZE;

        for (uint64_t w = first; w <= last; w++)
            *vec_push(&windows) = w << 1 | !layout_is_block(m, w * MV_BLOCK_SIZE);
    }
    if (windows.count)
        qsort(windows.at, windows.count, sizeof *windows.at, number_compare);
    for (size_t i = 0; i < windows.count; i++) {
        uint64_t w = windows.at[i];

        if (two_levels && w >> 10 != above) {
            above = w >> 10;
            pages++;
        }
        /* Several small mappings in one window share its table. */
        if ((w & 1) && (i == 0 || windows.at[i - 1] != w))
            pages++;
    }
    return pages;
}

static void count_tables(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];

        for (size_t p = 0; p < c->spaces.count; p++) {
            c->spaces.at[p]->table_pages = layout_table_pages(c->spaces.at[p]);
            c->table_pages += c->spaces.at[p]->table_pages;
        }
    }
}

/* ---- placing ----------------------------------------------------------------------- */

struct placer {
    struct system *system;
    struct layout *layout;
    uint64_t       at;
};

static void area_add(struct layout *l, const char *name, uint64_t base, uint64_t size, bool in_file)
{
    struct area *a = vec_push(&l->areas);

    *a = (struct area){ name, { base, size }, in_file };
}

/* The end of a fixed segment or reserved region in the way, or 0. */
static uint64_t obstacle(const struct system *s, struct region r)
{
    for (size_t i = 0; i < s->segments.count; i++) {
        const struct segment *g = s->segments.at[i];

        const struct region *there = g->fixed || g->early ? regions_overlap(&g->extents, r) : NULL;

        if (there)
            return there->base + there->size;
    }
    for (size_t i = 0; i < s->board.reserved.list.count; i++)
        if (region_overlaps(s->board.reserved.list.at[i], r))
            return s->board.reserved.list.at[i].base + s->board.reserved.list.at[i].size;
    return 0;
}

static uint64_t place(struct placer *p, const char *name, uint64_t size, uint64_t alignment, bool in_file)
{
    uint64_t base = mv_align_up(p->at, alignment), past;

    while (size && (past = obstacle(p->system, (struct region){ base, size })) != 0)
        base = mv_align_up(past, alignment);
    p->at = base + size;
    if (size)
        area_add(p->layout, name, base, size, in_file);
    return base;
}

/* Memory that is loaded may not be split around a fixed segment: the image is
 * one piece. */
static void check_image_clear(const struct system *s, const struct layout *l)
{
    struct region image = { l->kernel.base, l->image.length };

    for (size_t i = 0; i < s->segments.count; i++) {
        const struct segment *g = s->segments.at[i];

        const struct region *there = g->fixed || g->early ? regions_overlap(&g->extents, image) : NULL;

        if (there && g->early)
            diag_error(g->at, "\"%s\" would overlap the image; expected room behind that in RAM; use less memory or another board", g->name);
        else if (there)
            diag_error(g->at, "segment \"%s\" at 0x%llx overlaps the image at 0x%llx to 0x%llx; expected a place of its own; raise \"%s\" or remove it",
                       g->name, (unsigned long long)there->base, (unsigned long long)image.base,
                       (unsigned long long)(image.base + image.size), node_prop(g->node, "reg") ? "reg" : "base");
    }
    for (size_t i = 0; i < s->board.reserved.list.count; i++)
        if (region_overlaps(s->board.reserved.list.at[i], image))
            diag_error(s->at, "the image at 0x%llx to 0x%llx overlaps memory that the board's tree reserves at 0x%llx; expected it to be free; change the kernel's place",
                       (unsigned long long)image.base, (unsigned long long)(image.base + image.size),
                       (unsigned long long)s->board.reserved.list.at[i].base);
}

bool layout_is_shared(const struct segment *g)
{
    return (g->kind == SEGMENT_SHARED || g->kind == SEGMENT_CHANNEL) && !g->fixed;
}

bool layout_in_file(const struct segment *g)
{
    /* A channel outlives its cells' starts, whatever its size. */
    return layout_is_shared(g) && !g->early && (g->kind == SEGMENT_CHANNEL || g->size <= LAYOUT_IN_FILE_MAX);
}

static void image_put(struct layout *l, uint64_t base, const char *bytes, uint64_t length)
{
    if (length)
        memcpy(l->image.at + (base - l->kernel.base), bytes, length);
}

/* What is loaded, behind the kernel: the table, the cells' images, small
 * shared memory, what virtual machines start with. Places only; the bytes come when all sizes are known. */
static void place_image(struct placer *p)
{
    struct system *s = p->system;

    p->layout->systab_base = p->at = mv_align_up(p->layout->kernel.end, MV_PAGE_SIZE);
    /* As long as it will be. */
    p->layout->systab = systab_make(s, p->layout);
    p->at += p->layout->systab.length;
    area_add(p->layout, "system table, kernel objects", p->layout->systab_base, p->layout->systab.length, true);
    if (paging_pages(s)) {
        p->layout->paging_base = mv_align_up(p->at, MV_PAGE_SIZE);
        p->at = p->layout->paging_base + paging_pages(s) * MV_PAGE_SIZE;
        area_add(p->layout, "kernel's page tables", p->layout->paging_base, paging_pages(s) * MV_PAGE_SIZE, true);
    }
    if (s->board.smmu) {
        p->layout->smmu_base = p->at = mv_align_up(p->at, smmu_alignment(s));
        p->at += smmu_bytes(s);
        area_add(p->layout, "SMMU's tables and queues", p->layout->smmu_base, p->at - p->layout->smmu_base, true);
    }
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];

        p->at = mv_align_up(p->at, MV_PAGE_SIZE);
        if (c->image_segment) {
            c->image_segment->extents.list.at[0].base = p->at;
            area_add(p->layout, mem_printf("%s: code and constants", c->name), p->at, c->image_segment->size, true);
            p->at += c->image_segment->size;
        }
        for (size_t k = 0; k < c->loads.count; k++) {
            struct load *load = &c->loads.at[k];

            if (!(load->rights & MV_MAP_WRITE) || !load->file_size)
                continue;
            p->at = mv_align_up(p->at, 16);
            load->pristine = p->at;
            area_add(p->layout, mem_printf("%s: pristine data", c->name), p->at, load->file_size, true);
            p->at += load->file_size;
        }
    }
    for (size_t i = 0; i < s->segments.count; i++) {
        struct segment *g = s->segments.at[i];

        if (!layout_in_file(g))
            continue;
        p->at = mv_align_up(p->at, g->size >= MV_BLOCK_SIZE ? MV_BLOCK_SIZE : MV_PAGE_SIZE);
        g->extents.list.at[0].base = p->at;
        area_add(p->layout, mem_printf("%s %s", g->kind == SEGMENT_CHANNEL ? "channel" : "segment", g->name), p->at, g->size, true);
        p->at += g->size;
    }
    for (size_t i = 0; i < s->blobs.count; i++) {
        struct blob *b = s->blobs.at[i];

        p->at = mv_align_up(p->at, MV_PAGE_SIZE);
        b->place = p->at;
        area_add(p->layout, mem_printf("pristine %s", b->name), p->at, b->length, true);
        p->at += b->length;
    }
    p->at = mv_align_up(p->at, MV_PAGE_SIZE);
    p->layout->image.length = p->at - p->layout->kernel.base;
}

/* What only needs room: page tables, trace, cells' and machines' memory, large segments. */
static void place_rest(struct placer *p)
{
    struct system *s = p->system;

    if (s->trace_segment)
        s->trace_segment->extents.list.at[0].base = place(p, "trace rings", s->trace_segment->size, MV_PAGE_SIZE, false);
    for (size_t i = 0; i < s->cells.count; i++) {
        struct segment *g = s->cells.at[i]->private_segment;

        if (!g)
            continue;
        g->extents.list.at[0].base = place(p, mem_printf("%s: data, stacks, buffers", s->cells.at[i]->name), g->size,
                                           MV_PAGE_SIZE, false);
    }
    for (size_t i = 0; i < s->segments.count; i++) {
        struct segment *g = s->segments.at[i];

        const char *name = mem_printf("%s %s", g->kind == SEGMENT_CHANNEL ? "channel" : "segment", g->name);

        if (g->kind == SEGMENT_DMA)
            name = mem_printf("%s: memory for DMA", g->cell->name);
        if (g->early)
            area_add(p->layout, name, g->extents.list.at[0].base, g->size, false);
        else if (g->kind == SEGMENT_DMA || (layout_is_shared(g) && !layout_in_file(g)))
            g->extents.list.at[0].base = place(p, name, g->size,
                                               g->size >= MV_BLOCK_SIZE ? MV_BLOCK_SIZE : MV_PAGE_SIZE, false);
        else if (g->kind == SEGMENT_GUEST)
            g->extents.list.at[0].base = place(p, mem_printf("%s: memory", g->name), g->size, MV_BLOCK_SIZE, false);
        for (size_t e = 0; g->fixed && e < g->extents.list.count; e++)
            area_add(p->layout, mem_printf("segment %s", g->name), g->extents.list.at[e].base, g->extents.list.at[e].size, false);
    }
}

/* ---- the bytes ------------------------------------------------------------------------ */

static void fill_image(struct layout *l, const struct system *s)
{
    l->image.at = mem_alloc(l->image.length + 1);
    image_put(l, l->kernel.base, l->kernel.image.at, l->kernel.image.length);
    image_put(l, l->systab_base, l->systab.at, l->systab.length);
    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        for (size_t k = 0; k < c->loads.count; k++) {
            const struct load *load = &c->loads.at[k];

            if (load->rights & MV_MAP_WRITE)
                image_put(l, load->pristine, load->bytes, load->file_size);
            else
                image_put(l, c->image_segment->extents.list.at[0].base + load->offset, load->bytes, load->file_size);
        }
    }
    for (size_t i = 0; i < s->blobs.count; i++)
        image_put(l, s->blobs.at[i]->place, s->blobs.at[i]->bytes, s->blobs.at[i]->length);
    paging_make(l, s);
    smmu_make(l, s);
}

static int area_compare(const void *a, const void *b)
{
    const struct area *m = a, *n = b;

    return (m->place.base > n->place.base) - (m->place.base < n->place.base);
}

const struct mv_systab *layout_header(const struct layout *l)
{
    return (const struct mv_systab *)(const void *)l->systab.at;
}

void layout_make(struct layout *l, struct system *s)
{
    struct placer p = { s, l, 0 };

    elf_read_kernel(&l->kernel, kit_path("boards/%s/mullion.elf", s->board.name), s->board.name);
    if (l->kernel.info.gic_version && l->kernel.info.gic_version != s->board.gic_version)
        diag_fatal("the kernel of board \"%s\" drives a GICv%u, but the board's tree has a GICv%u; expected the same; correct the board",
                   s->board.name, l->kernel.info.gic_version, s->board.gic_version);
    if (s->board.smmu && !l->kernel.info.smmu_version)
        diag_fatal("the board's tree has an SMMU, \"%s\", but its kernel drives none; expected the same; set SMMU in the board's board.mk",
                   node_title(s->board.smmu));
    count_tables(s);
    area_add(l, "kernel", l->kernel.base, l->kernel.image.length, true);
    place_image(&p);
    check_image_clear(s, l);
    l->tables_base = place(&p, "cells' page tables", layout_header(l)->tables_size, 0x10000, false);
    place_rest(&p);
    l->end = p.at;
    if (l->kernel.base < s->board.ram.base || l->end > s->board.ram.base + s->board.ram.size)
        diag_error(s->at, "the system lies at 0x%llx to 0x%llx; expected it to fit RAM, 0x%llx to 0x%llx; use less memory or another board",
                   (unsigned long long)l->kernel.base, (unsigned long long)l->end, (unsigned long long)s->board.ram.base,
                   (unsigned long long)(s->board.ram.base + s->board.ram.size));
    diag_stop_if_failed();
    /* Now that everything has its place. */
    l->systab = systab_make(s, l);
    fill_image(l, s);
    qsort(l->areas.at, l->areas.count, sizeof *l->areas.at, area_compare);
}
