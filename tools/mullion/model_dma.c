/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that devices reach by themselves: what stands before them (streams),
 * what a cell gives them (regions), and where that is as they see it.
 */
#include "model_parts.h"

#include <string.h>

enum { STREAMS_MOST = 16 };
#define DMA_MAX UINT64_C(0x10000000)

/* ---- streams ----------------------------------------------------------------------- */

/*
 * Can the device itself write memory? Those known to have registers only
 * cannot, or of which the description says so; of the others it must be assumed.
 */
bool model_may_do_dma(const struct device *d)
{
    static const char *const without[] = {
        "arm,pl011", "arm,pl031", "arm,pl061", "arm,sp804", "arm,sp805", "cdns,uart-r1p12", "cdns,ttc", "xlnx,zynqmp-rtc",
        "xlnx,zynqmp-gpio-1.0", "ns16550a", "snps,dw-apb-uart", "cfi-flash",
    };
    const struct prop *p = node_prop(d->node, "compatible");

    if (node_prop(d->node, "mullion,registers-only"))
        return false;
    for (size_t i = 0; p && i < sizeof without / sizeof *without; i++)
        if (prop_has_string(p, without[i]))
            return false;
    return true;
}

/* An SMMU that the kernel drives. */
static bool is_smmu(const struct node *n)
{
    const struct prop *compatible = n ? node_prop(n, "compatible") : NULL, *status = n ? node_prop(n, "status") : NULL;

    return compatible && prop_has_string(compatible, "arm,smmu-v3") && (!status || prop_has_string(status, "okay"));
}

/* The stream with this number; one that several functions of a cell have is
 * there once. NULL after a complaint. */
static struct stream *add_stream(struct system *s, struct cell *c, const char *name, struct pos at, const struct node *smmu, uint32_t id)
{
    for (size_t i = 0; i < s->streams.count; i++) {
        struct stream *old = s->streams.at[i];

        if (old->smmu != smmu || old->id != id)
            continue;
        if (old->cell == c)
            return old;
        diag_error(at, "devices \"%s\" and \"%s\" of cells \"%s\" and \"%s\" have the same StreamID 0x%x; expected one owner of a stream; give both to one cell",
                   old->name, name, old->cell->name, c->name, id);
        return NULL;
    }
    struct stream *t = mem_alloc(sizeof *t);

    t->cell = c;
    t->name = name;
    t->at = at;
    t->index = (uint32_t)s->streams.count;
    t->id = id;
    t->smmu = smmu;
    *vec_push(&s->streams) = t;
    *vec_push(&c->streams) = t;
    return t;
}

/* Does a node demand an SMMU? */
static bool demands_smmu(const struct node *n)
{
    const char *word = NULL;

    if (!schema_string(n, "iommu", &word) || !word)
        return false;
    if (!strcmp(word, "required"))
        return true;
    diag_error(node_at(n, "iommu"), "\"iommu\" is \"%s\"; expected \"required\"; write that or remove it", word);
    return false;
}

static void complain_unprotected(const struct node *demand, const char *name, const char *todo)
{
    diag_error(node_at(demand, "iommu"), "an SMMU is demanded, but none stands before \"%s\"; expected one in the board's tree; %s", name,
               todo);
}

static void function_stream(struct system *s, struct function *f, bool required)
{
    bool own = demands_smmu(f->node);
    uint32_t id;
    const struct node *smmu = board_bridge_stream(s->tree, f->bridge->node, f->id, &id);

    if (f->broken)
        return;
    if (is_smmu(smmu))
        f->stream = add_stream(s, f->cell, f->name, f->at, smmu, id);
    else if (own || required)
        complain_unprotected(own ? f->node : f->cell->node, f->name,
                             mem_printf("add \"iommu-map\" to bridge \"%s\", or remove \"iommu\"", f->bridge->name));
}

static void device_streams(struct system *s, struct device *d, bool required)
{
    const struct node *smmu;
    uint32_t ids[STREAMS_MOST];
    size_t count = board_streams(s->tree, d->node, &smmu, ids, STREAMS_MOST);

    d->may_do_dma = model_may_do_dma(d);
    if (!d->may_do_dma)
        return;
    if (is_smmu(smmu) && count)
        for (size_t i = 0; i < count; i++)
            d->protected = add_stream(s, d->cell, i ? mem_printf("%s_%zu", d->name, i) : d->name, d->at, smmu, ids[i]) != NULL;
    else if (required)
        complain_unprotected(d->cell->node, d->name, "give another device, or remove \"iommu\"");
}

/* Without an SMMU devices must be told physical addresses, with one the cell's;
 * a region has one of them. */
static void check_alike(struct cell *c)
{
    const char *with = NULL, *without = NULL;

    for (size_t i = 0; i < c->functions.count; i++)
        *(c->functions.at[i]->stream ? &with : &without) = c->functions.at[i]->name;
    for (size_t i = 0; i < c->devices.count; i++)
        if (c->devices.at[i]->may_do_dma)
            *(c->devices.at[i]->protected ? &with : &without) = c->devices.at[i]->name;
    c->dma_physical = without && !with;
    if (!diag_failed() && with && without && c->dma_wanted.count + c->dma_links + (c->dma_size != 0))
        diag_error(node_at(c->node, "devices"), "an SMMU stands before \"%s\", but not before \"%s\"; expected the same for all devices of a cell with memory for DMA; make a cell for each",
                   with, without);
}

/* ---- what a cell gives its devices ---------------------------------------------------- */

static struct channel *channel_of(const struct system *s, const struct node *n)
{
    for (size_t i = 0; i < s->channels.count; i++)
        if (s->channels.at[i]->node == n && !s->channels.at[i]->is_console && !s->channels.at[i]->link)
            return s->channels.at[i];
    return NULL;
}

static const struct mapping *mapping_of(const struct cell *c, const struct segment *g)
{
    for (size_t i = 0; i < c->spaces.at[0]->mappings.count; i++)
        if (c->spaces.at[0]->mappings.at[i]->segment == g)
            return c->spaces.at[0]->mappings.at[i];
    return NULL;
}

static void read_wanted(struct system *s, struct cell *c)
{
    size_t count = schema_references(s->tree, c->node, "dma");
    struct pos at = node_at(c->node, "dma");

    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, c->node, "dma", i);
        struct channel *h = channel_of(s, to);
        struct segment *g = h ? h->segment : model_segment(s, to);
        bool member = h ? h->end[0].cell == c || h->end[1].cell == c : g && mapping_of(c, g);

        if (!g)
            model_wrong_kind(at, "dma", to, "segments or channels");
        else if (!member)
            diag_error(at, "cell \"%s\" gives \"%s\" to its devices, but does not see it itself; expected memory of its own; add it to \"maps\"",
                       c->name, node_title(to));
        else
            *vec_push(&c->dma_wanted) = g;
    }
}

static void add_own(struct system *s, struct cell *c)
{
    struct mapping *m = mem_alloc(sizeof *m);
    const uint32_t data = MV_MAP_READ | MV_MAP_WRITE;

    c->dma_segment = model_add_segment(s, SEGMENT_DMA, "dma", data, c->dma_size, c);
    c->dma_segment->at = node_at(c->node, "dma-size");
    *vec_push(&c->dma_segment->extents.list) = (struct region){ 0, c->dma_size };
    *m = (struct mapping){ .segment = c->dma_segment, .name = "dma", .rights = data, .size = c->dma_size, .at = c->dma_segment->at };
    *vec_push(&c->spaces.at[0]->mappings) = m;
}

static void read_cell(struct system *s, struct cell *c)
{
    static const char *const words[] = { "dma-size", "dma-links", "dma" };
    bool required = demands_smmu(c->node), any = c->functions.count != 0;

    for (size_t i = 0; i < c->functions.count; i++)
        function_stream(s, c->functions.at[i], required);
    for (size_t i = 0; i < c->devices.count; i++) {
        device_streams(s, c->devices.at[i], required);
        any = any || c->devices.at[i]->may_do_dma;
    }
    schema_flag(c->node, "dma-links", &c->dma_links);
    if (schema_pages(c->node, "dma-size", MV_PAGE_SIZE, DMA_MAX, &c->dma_size) && c->dma_size)
        add_own(s, c);
    read_wanted(s, c);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!any && node_prop(c->node, words[i])) {
            diag_error(node_at(c->node, words[i]), "cell \"%s\" has memory for DMA, but no device that does it; expected one in \"devices\"; add it, or remove \"%s\"",
                       c->name, words[i]);
            break;
        }
    check_alike(c);
}

/* Nothing of a machine's does DMA. */
void model_read_dma(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++)
        if (!s->cells.at[i]->vm)
            read_cell(s, s->cells.at[i]);
}

/* Whoever handles the system's faults hears of those of devices. */
void model_add_stream_virq(struct system *s, const struct portal *handler)
{
    if (handler && s->streams.count)
        s->stream_virq = model_add_virq(s, handler->cell, "stream faults", NULL, handler->server, MV_VIRQ_SOFT);
}

/* ---- places ----------------------------------------------------------------------------- */

static bool is_reached(const struct cell *c, const struct segment *g)
{
    for (size_t i = 0; i < c->dma_wanted.count; i++)
        if (c->dma_wanted.at[i] == g)
            return true;
    return g == c->dma_segment;
}

/* Physical memory from the end of RAM downwards, for what must have its address
 * before the cells are compiled. */
static void place_segment(struct system *s, struct segment *g)
{
    uint64_t align = g->size >= MV_BLOCK_SIZE ? MV_BLOCK_SIZE : MV_PAGE_SIZE;
    struct region r = { s->early_low ? s->early_low : s->board.ram.base + s->board.ram.size, g->size };
    const struct region *there;

    if (g->fixed || g->early)
        return;
    do {
        if (r.base - s->board.ram.base < g->size) {
            diag_error(g->at, "\"%s\" finds no place in memory; expected 0x%llx bytes of it; use less", g->name, (unsigned long long)g->size);
            return;
        }
        r.base = (r.base - g->size) / align * align;
        there = regions_overlap(&s->board.reserved, r);
        for (size_t i = 0; !there && i < s->segments.count; i++)
            if (s->segments.at[i]->fixed)
                there = regions_overlap(&s->segments.at[i]->extents, r);
        if (there)
            r.base = there->base;
    } while (there);
    g->early = true;
    g->extents.list.at[0].base = s->early_low = r.base;
}

/* A mapping as regions: one, or, where devices see physical addresses, one for
 * each piece of memory. */
static void add_regions(struct cell *c, const struct mapping *m, const char *name)
{
    struct dma_region r = {
        .name = name, .segment = m->segment, .mapping = m, .writable = m->rights & MV_MAP_WRITE, .at = m->at,
    };
    uint64_t from = 0;

    for (size_t i = 0; i < m->segment->extents.list.count; i++) {
        struct region piece = m->segment->extents.list.at[i];
        uint64_t start = from > m->offset ? from : m->offset, end = from + piece.size;

        if (!c->dma_physical) {
            piece = (struct region){ 0, m->segment->size };
            start = m->offset;
            end = m->segment->size;
        }
        if (end > m->offset + m->size)
            end = m->offset + m->size;
        if (start < end) {
            r.offset = start;
            r.size = end - start;
            r.address = m->address + (start - m->offset);
            r.bus = c->dma_physical ? piece.base + (start - from) : r.address;
            *vec_push(&c->dma) = r;
        }
        if (!c->dma_physical)
            break;
        from += piece.size;
    }
}

/* The channel behind a segment as the cell calls it, or NULL. */
static const char *channel_name(const struct system *s, const struct cell *c, const struct segment *g, bool *link)
{
    for (size_t i = 0; i < 2 * s->channels.count; i++) {
        const struct channel *h = s->channels.at[i / 2];

        if (h->segment == g && h->end[i % 2].cell == c) {
            *link = h->link != NULL;
            return h->end[i % 2].name;
        }
    }
    return NULL;
}

static void check_names(const struct cell *c)
{
    for (size_t i = 0; i < c->dma.count; i++)
        for (size_t k = 0; k < i; k++)
            if (c->dma.at[i].mapping != c->dma.at[k].mapping && !strcmp(text_macro(c->dma.at[i].name), text_macro(c->dma.at[k].name))) {
                diag_error(node_at(c->node, "dma"), "cell \"%s\" has two things called \"%s\" that its devices reach; expected different names; rename one or its label",
                           c->name, c->dma.at[i].name);
                return;
            }
}

void model_place_dma(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < c->spaces.at[0]->mappings.count; i++) {
        const struct mapping *m = c->spaces.at[0]->mappings.at[i];
        bool link = false;
        const char *name = channel_name(s, c, m->segment, &link);

        if (!is_reached(c, m->segment) && !(link && c->dma_links))
            continue;
        if (c->dma_physical)
            place_segment(s, m->segment);
        add_regions(c, m, name ? name : m->name);
    }
    check_names(c);
}
