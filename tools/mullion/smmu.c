/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an SMMUv3 reads (Arm IHI 0070): the stream table, and for each cell with
 * devices behind it a context descriptor and translation tables, in which the
 * cell's memory for devices lies at the cell's own addresses. All of it is in
 * the image, in one area: stream table, command queue, event queue, context
 * descriptors, translation tables. Every stream is aborted but those of cells
 * that run from boot, when nothing passes until the kernel has made them; one word
 * of an entry says which, and nothing else ever changes.
 */
#include <stdlib.h>
#include <string.h>

#include <mv/objects.h>

#include "layout.h"

/* The stream table: entries by the lower eight bits of the StreamID; if there
 * are more bits, a table of such tables. */
enum { SPLIT = 8, TABLE_ENTRIES = 1 << SPLIT, ENTRY_BYTES = 64, POINTER_BYTES = 8, CONTEXT_BYTES = 64 };
enum { STREAM_BITS_MAX = 24 };
#define TABLE_BYTES          ((uint64_t)TABLE_ENTRIES * ENTRY_BYTES)
#define CONFIG_TWO_LEVELS    (1u << 16)
#define CONFIG_SPLIT         ((uint32_t)SPLIT << 6)
#define POINTER_SPAN         (SPLIT + 1)        /* the whole table behind it */

/* A stream table entry: what all have, and for those that may pass how their
 * context descriptor is read: write-back, Inner Shareable. */
#define ENTRY_PASSES         UINT64_C(0xb)        /* beside the context descriptor's address */
#define ENTRY_1_CACHED       (UINT64_C(1) << 2 | UINT64_C(1) << 4 | UINT64_C(3) << 6)

/* A context descriptor: the lower range of addresses, the other one disabled. */
#define ADDRESS_BITS         39
#define CONTEXT_T0SZ         (uint64_t)(64 - ADDRESS_BITS)
#define CONTEXT_WALKS        (UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(3) << 12)  /* write-back, Inner Shareable */
#define CONTEXT_EPD1         (UINT64_C(1) << 30)
#define CONTEXT_VALID        (UINT64_C(1) << 31)
#define CONTEXT_IPS_SHIFT    32
#define CONTEXT_AARCH64      (UINT64_C(1) << 41)
#define CONTEXT_RECORD       (UINT64_C(1) << 45)  /* a refused access is told ... */
#define CONTEXT_ABORT        (UINT64_C(1) << 46)  /* ... also to the device       */
#define CONTEXT_OWN_ASID     (UINT64_C(1) << 47)
#define CONTEXT_ASID_SHIFT   48
#define CONTEXT_MAIR         UINT64_C(0xff)       /* attribute 0: write-back */

/* Stage 1 of EL1: a device accesses like EL0, and never fetches instructions. */
#define DESC_VALID           (UINT64_C(1) << 0)
#define DESC_TABLE           (UINT64_C(3) << 0)   /* at the last level: a page */
#define DESC_EL0             (UINT64_C(1) << 6)
#define DESC_READONLY        (UINT64_C(1) << 7)
#define DESC_INNER           (UINT64_C(3) << 8)
#define DESC_AF              (UINT64_C(1) << 10)
#define DESC_NOT_GLOBAL      (UINT64_C(1) << 11)
#define DESC_XN              (UINT64_C(3) << 53)
#define DESC_DATA            (DESC_EL0 | DESC_INNER | DESC_AF | DESC_NOT_GLOBAL | DESC_XN)
#define DESC_ADDRESS         UINT64_C(0xfffffffff000)
#define WORDS                512

/* Where the parts of the area are, from its start. */
struct parts {
    uint32_t bits;                      /* of StreamIDs */
    uint64_t pointers;                  /* bytes of the upper stream table; 0: there is one */
    uint64_t commands, events, contexts, tables, end;
};

/* ---- how much ----------------------------------------------------------------------- */

/* What devices see of a region, as a mapping of the segment. */
static struct mapping mapping_of(const struct dma_region *r)
{
    return (struct mapping){
        .segment = r->segment, .name = r->name, .at = r->at, .address = r->address, .offset = r->offset, .size = r->size,
    };
}

/* A root, and what layout_table_pages() counts below one of 39 bits. */
static uint64_t cell_pages(const struct cell *c)
{
    struct mapping *m = mem_alloc((c->dma.count + 1) * sizeof *m);
    struct space devices = { .address_bits = ADDRESS_BITS };

    for (size_t i = 0; i < c->dma.count; i++) {
        m[i] = mapping_of(&c->dma.at[i]);
        *vec_push(&devices.mappings) = &m[i];
    }
    return 1 + layout_table_pages(&devices);
}

static bool id_used(const struct system *s, uint32_t table)
{
    for (size_t i = 0; i < s->streams.count; i++)
        if (s->streams.at[i]->id >> SPLIT == table)
            return true;
    return false;
}

static struct parts parts_of(const struct system *s)
{
    struct parts p = { .bits = SPLIT };
    uint64_t contexts = 0, pages = 0, tables = 1;

    for (size_t i = 0; i < s->streams.count; i++)
        while (s->streams.at[i]->id >> p.bits)
            p.bits++;
    if (p.bits > SPLIT) {
        tables = 0;
        for (uint32_t t = 0; t < 1u << (p.bits - SPLIT); t++)
            tables += id_used(s, t);
        /* At first, and as a multiple of what stands behind it: that is aligned too. */
        p.pointers = mv_align_up((uint64_t)POINTER_BYTES << (p.bits - SPLIT), TABLE_BYTES);
    }
    for (size_t i = 0; i < s->cells.count; i++)
        if (s->cells.at[i]->streams.count) {
            contexts += CONTEXT_BYTES;
            pages += cell_pages(s->cells.at[i]);
        }
    p.commands = p.pointers + tables * TABLE_BYTES;
    p.events = p.commands + MV_PAGE_SIZE;
    p.contexts = p.events + MV_PAGE_SIZE;
    p.tables = p.contexts + mv_align_up(contexts, MV_PAGE_SIZE);
    p.end = p.tables + pages * MV_PAGE_SIZE;
    return p;
}

static void check(const struct system *s)
{
    for (size_t i = 0; i < s->streams.count; i++) {
        const struct stream *t = s->streams.at[i];

        if (t->smmu != s->board.smmu)
            diag_error(t->at, "SMMU \"%s\" stands before \"%s\", \"%s\" before others; expected one for all streams; give devices behind one of them",
                       node_title(t->smmu), t->name, node_title(s->board.smmu));
        if (t->id >> STREAM_BITS_MAX)
            diag_error(t->at, "the StreamID of \"%s\" is 0x%x; expected less than 0x%x; give another device", t->name, t->id, 1u << STREAM_BITS_MAX);
    }
    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        for (size_t k = 0; c->streams.count && k < c->dma.count; k++)
            if (!(c->dma.at[k].mapping->rights & MV_MAP_READ))
                diag_error(c->dma.at[k].at, "cell \"%s\" may not read \"%s\", which its devices would; expected memory that it may read; add \"r\" to its rights",
                           c->name, c->dma.at[k].name);
    }
    diag_stop_if_failed();
}

uint64_t smmu_bytes(const struct system *s)
{
    if (!s->board.smmu)
        return 0;
    check(s);
    return parts_of(s).end;
}

uint64_t smmu_alignment(const struct system *s)
{
    struct parts p = parts_of(s);

    uint64_t bytes = p.pointers ? (uint64_t)POINTER_BYTES << (p.bits - SPLIT) : 0;

    return bytes > TABLE_BYTES ? bytes : TABLE_BYTES;
}

/* ---- what the kernel is told ---------------------------------------------------------- */

/* An entry of the stream table, from the area's start. */
static uint64_t entry_at(const struct system *s, const struct parts *p, uint32_t id)
{
    uint64_t at = p->pointers;

    for (uint32_t t = 0; p->pointers && t < id >> SPLIT; t++)
        at += id_used(s, t) ? TABLE_BYTES : 0;
    return at + id % TABLE_ENTRIES * ENTRY_BYTES;
}

/* The same of a cell's context descriptor. */
static uint64_t context_at(const struct system *s, const struct parts *p, const struct cell *c)
{
    uint64_t at = p->contexts;

    for (size_t i = 0; s->cells.at[i] != c; i++)
        at += s->cells.at[i]->streams.count ? CONTEXT_BYTES : 0;
    return at;
}

void smmu_facts(const struct system *s, const struct layout *l, struct mv_systab *t)
{
    struct parts p = parts_of(s);

    if (!s->board.smmu)
        return;
    t->smmu = s->board.smmu_registers;
    t->smmu_event_interrupt = s->board.smmu_event_interrupt;
    t->smmu_error_interrupt = s->board.smmu_error_interrupt;
    t->smmu_table = l->smmu_base;
    t->smmu_table_config = p.bits | (p.pointers ? CONFIG_TWO_LEVELS | CONFIG_SPLIT : 0);
    t->smmu_commands = l->smmu_base + p.commands;
    t->smmu_events = l->smmu_base + p.events;
}

struct mv_sys_stream smmu_stream(const struct system *s, const struct layout *l, const struct stream *t)
{
    struct parts p = parts_of(s);

    return (struct mv_sys_stream){
        .cell = t->cell->index,
        .id = t->id,
        .virq = s->stream_virq ? s->stream_virq->index : MV_NONE,
        .entry = l->smmu_base + entry_at(s, &p, t->id),
        .passes = (l->smmu_base + context_at(s, &p, t->cell)) | ENTRY_PASSES,
    };
}

/* ---- the bytes --------------------------------------------------------------------------- */

struct maker {
    struct layout *l;
    uint64_t       next;                /* physical: the next page for a table */
};

static void put(const struct maker *m, uint64_t at, uint64_t value)
{
    memcpy(m->l->image.at + (at - m->l->kernel.base), &value, sizeof value);
}

static uint64_t get(const struct maker *m, uint64_t at)
{
    uint64_t value;

    memcpy(&value, m->l->image.at + (at - m->l->kernel.base), sizeof value);
    return value;
}

static uint64_t new_table(struct maker *m)
{
    m->next += MV_PAGE_SIZE;
    return m->next - MV_PAGE_SIZE;
}

/* Where a descriptor that spans 1 << shift bytes stands for an address. */
static uint64_t descriptor_at(struct maker *m, uint64_t root, uint64_t address, unsigned shift)
{
    uint64_t table = root;

    for (unsigned s = 30;; s -= 9) {
        uint64_t at = table + (address >> s) % WORDS * 8;

        if (s == shift)
            return at;
        if (!get(m, at))
            put(m, at, new_table(m) | DESC_TABLE);
        table = get(m, at) & DESC_ADDRESS;
    }
}

/* The physical address of a byte of a segment. */
static uint64_t physical(const struct segment *g, uint64_t offset)
{
    size_t i = 0;

    while (offset >= g->extents.list.at[i].size)
        offset -= g->extents.list.at[i++].size;
    return g->extents.list.at[i].base + offset;
}

static void map_region(struct maker *m, uint64_t root, const struct dma_region *r)
{
    struct mapping whole = mapping_of(r);
    uint64_t attributes = DESC_DATA | (r->writable ? 0 : DESC_READONLY), step;

    for (uint64_t done = 0; done < r->size; done += step) {
        uint64_t address = r->address + done, pa = physical(r->segment, r->offset + done);
        bool block = address % MV_BLOCK_SIZE == 0 && layout_is_block(&whole, address);

        step = block ? MV_BLOCK_SIZE : MV_PAGE_SIZE;
        put(m, descriptor_at(m, root, address, block ? 21 : 12), pa | attributes | (block ? DESC_VALID : DESC_TABLE));
    }
}

static void make_context(struct maker *m, const struct cell *c, uint64_t at)
{
    uint64_t root = new_table(m), ips = mv_pa_range(mv_physical_bits(layout_header(m->l)));

    put(m, at, CONTEXT_T0SZ | CONTEXT_WALKS | CONTEXT_EPD1 | CONTEXT_VALID | ips << CONTEXT_IPS_SHIFT | CONTEXT_AARCH64 |
        CONTEXT_RECORD | CONTEXT_ABORT | CONTEXT_OWN_ASID | (uint64_t)MV_STREAM_ASID(c->index) << CONTEXT_ASID_SHIFT);
    put(m, at + 8, root);
    put(m, at + 24, CONTEXT_MAIR);
    for (size_t i = 0; i < c->dma.count; i++)
        map_region(m, root, &c->dma.at[i]);
}

static void make_stream_table(const struct maker *m, const struct system *s, const struct parts *p)
{
    for (uint64_t at = p->pointers; at < p->commands; at += ENTRY_BYTES)
        put(m, m->l->smmu_base + at, MV_STREAM_ENTRY_ABORTED);
    for (size_t i = 0; i < s->streams.count; i++) {
        const struct cell *c = s->streams.at[i]->cell;
        uint32_t id = s->streams.at[i]->id;

        if (c->autostart)
            put(m, m->l->smmu_base + entry_at(s, p, id), (m->l->smmu_base + context_at(s, p, c)) | ENTRY_PASSES);
        put(m, m->l->smmu_base + entry_at(s, p, id) + 8, ENTRY_1_CACHED);
        if (p->pointers)
            put(m, m->l->smmu_base + (id >> SPLIT) * POINTER_BYTES,
                (m->l->smmu_base + entry_at(s, p, id - id % TABLE_ENTRIES)) | POINTER_SPAN);
    }
}

void smmu_make(struct layout *l, const struct system *s)
{
    struct parts p = parts_of(s);
    struct maker m = { l, l->smmu_base + p.tables };

    if (!s->board.smmu)
        return;
    make_stream_table(&m, s, &p);
    for (size_t i = 0; i < s->cells.count; i++)
        if (s->cells.at[i]->streams.count)
            make_context(&m, s->cells.at[i], l->smmu_base + context_at(s, &p, s->cells.at[i]));
    if (m.next > l->smmu_base + p.end)
        abort();    /* counted wrongly */
}
