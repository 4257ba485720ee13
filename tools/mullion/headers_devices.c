/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated files about devices with DMA: a cell's PCI functions, the memory
 * that its devices reach, streams for who handles their faults, and pci_config.c
 * of a cell that owns a host bridge.
 */
#include "headers.h"

typedef unsigned long long ull;

static uint64_t bar_address(const struct function *f, uint32_t bar)
{
    return f->registers_mapping->address + f->bars[bar].offset;
}

/* The right to call the bridge's owner for this function; 0: the cell owns it. */
static uint32_t attach_cap(const struct cell *c, const struct function *f)
{
    const struct portal *p = f->bridge->portal;

    for (size_t i = 0; p && i < c->caps.count; i++)
        if (c->caps.at[i].type == MV_TYPE_PORTAL && c->caps.at[i].object == &p->index && c->caps.at[i].badge == f->index + 1)
            return (uint32_t)i + 1;
    return 0;
}

/* The cell that handles faults of streams. */
static bool hears_streams(const struct system *s, const struct cell *c)
{
    return s->stream_virq && s->stream_virq->cell == c;
}

/* ---- cell.h ------------------------------------------------------------------------ */

void headers_functions(struct text *t, const struct cell *c)
{
    if (c->functions.count)
        text_printf(t, "\n/* PCI functions */\n");
    for (size_t i = 0; i < c->functions.count; i++) {
        const struct function *f = c->functions.at[i];

        headers_define(t, model_function_place(f), f->config_mapping->address, "FUNCTION_%s_CONFIG", f->name);
        for (uint32_t b = 0; b < BARS; b++) {
            if (!f->bars[b].size)
                continue;
            headers_define(t, NULL, bar_address(f, b), "FUNCTION_%s_BAR%u_ADDRESS", f->name, b);
            headers_define(t, NULL, f->bars[b].size, "FUNCTION_%s_BAR%u_SIZE", f->name, b);
        }
        if (f->virq) {
            headers_define(t, NULL, f->virq->line, "FUNCTION_%s_LINE", f->name);
            headers_define(t, NULL, headers_virq_cap(c, &f->virq->index), "FUNCTION_%s_CAP", f->name);
        }
    }
    if (c->bridge) {
        headers_define(t, "configuration space", c->bridge->mapping->address, "BRIDGE_%s_ADDRESS", c->bridge->name);
        headers_define(t, NULL, c->bridge->mapping->size, "BRIDGE_%s_SIZE", c->bridge->name);
    }
}

void headers_dma(struct text *t, const struct cell *c)
{
    if (c->dma.count)
        text_printf(t, "\n/* Memory that devices reach: DMA_<name>_BUS is what they are told */\n");
    for (size_t i = 0; i < c->dma.count; i++) {
        const struct dma_region *r = &c->dma.at[i];
        size_t piece = 0;

        for (size_t k = 0; k < i; k++)
            piece += c->dma.at[k].mapping == r->mapping;
        const char *suffix = piece ? mem_printf("_%zu", piece) : "";

        headers_define(t, r->writable ? "rw" : "r", r->address, "DMA_%s_ADDRESS%s", r->name, suffix);
        headers_define(t, NULL, r->size, "DMA_%s_SIZE%s", r->name, suffix);
        headers_define(t, NULL, r->bus, "DMA_%s_BUS%s", r->name, suffix);
    }
}

void headers_streams(struct text *t, const struct system *s, const struct cell *c)
{
    if (!hears_streams(s, c))
        return;
    text_printf(t, "\n/* Streams of devices: accesses that were refused */\n");
    headers_define(t, "a bit of the payload for each stream", s->stream_virq->line, "LINE_STREAM_FAULTS");
    headers_define(t, NULL, s->streams.count, "STREAM_COUNT");
}

/* ---- cell_config.c --------------------------------------------------------------------- */

static void put_function(struct text *t, const struct cell *c, const struct function *f)
{
    text_printf(t, "    { .name = \"%s\", .id = 0x%x, .vendor = 0x%04x, .device = 0x%04x, .config = 0x%llx,\n", f->name, f->id, f->vendor,
                f->device, (ull)f->config_mapping->address);
    text_printf(t, "      .bar = {");
    for (uint32_t b = 0; b < BARS; b++)
        if (f->bars[b].size)
            text_printf(t, " [%u] = { 0x%llx, 0x%llx },", b, (ull)bar_address(f, b), (ull)f->bars[b].size);
    text_printf(t, " },\n      .line_cap = %u, .line = %u, .behind_smmu = %d, .attach_cap = %u },\n",
                f->virq ? headers_virq_cap(c, &f->virq->index) : 0, f->virq ? f->virq->line : 0, f->stream != NULL, attach_cap(c, f));
}

void headers_device_tables(struct text *t, const struct system *s, const struct cell *c)
{
    if (c->functions.count)
        text_printf(t, "static const struct mv_function_config functions[] = {\n");
    for (size_t i = 0; i < c->functions.count; i++)
        put_function(t, c, c->functions.at[i]);
    text_printf(t, "%s", c->functions.count ? "};\n\n" : "");

    if (c->dma.count)
        text_printf(t, "static const struct mv_dma_config dma[] = {\n");
    for (size_t i = 0; i < c->dma.count; i++) {
        const struct dma_region *r = &c->dma.at[i];

        text_printf(t, "    { .name = \"%s\", .address = 0x%llx, .size = 0x%llx, .bus = 0x%llx, .writable = %d },\n", r->name,
                    (ull)r->address, (ull)r->size, (ull)r->bus, r->writable);
    }
    text_printf(t, "%s", c->dma.count ? "};\n\n" : "");

    if (!hears_streams(s, c))
        return;
    text_printf(t, "static const struct mv_stream_config streams[] = {\n");
    for (size_t i = 0; i < s->streams.count; i++) {
        const struct stream *k = s->streams.at[i];

        text_printf(t, "    { .name = \"%s\", .cell = \"%s\", .id = 0x%x, .cap = %u },\n", k->name, k->cell->name, k->id,
                    headers_cap(c, MV_TYPE_STREAM, &k->index));
    }
    text_printf(t, "};\n\n");
}

void headers_device_fields(struct text *t, const struct system *s, const struct cell *c)
{
    if (c->dma.count)
        text_printf(t, "    .dma_count = %zu,\n    .dma = dma,\n", c->dma.count);
    if (c->functions.count)
        text_printf(t, "    .function_count = %zu,\n    .functions = functions,\n", c->functions.count);
    if (hears_streams(s, c))
        text_printf(t, "    .stream_count = %zu,\n    .stream_line = %u,\n    .streams = streams,\n", s->streams.count,
                    s->stream_virq->line);
}

/* ---- pci_config.c ------------------------------------------------------------------------ */

bool headers_has_pci_config(const struct cell *c)
{
    return c->bridge != NULL;
}

void headers_pci_config(struct text *t, const struct system *s, const struct cell *c)
{
    const struct bridge *b = c->bridge;

    (void)s;
    text_printf(t, "#include <stddef.h>\n\n#include <pci/pci_config.h>\n\n");
    if (b->functions.count)
        text_printf(t, "static const struct pci_function functions[] = {\n");
    for (size_t i = 0; i < b->functions.count; i++) {
        const struct function *f = b->functions.at[i];

        text_printf(t, "    { .name = \"%s\", .driver = \"%s\", .id = 0x%x, .vendor = 0x%04x, .device = 0x%04x, .badge = %u,\n      .bar = {",
                    f->name, f->cell->name, f->id, f->vendor, f->device, f->index + 1);
        for (uint32_t k = 0; k < BARS; k++)
            if (f->bars[k].size)
                text_printf(t, " [%u] = { 0x%llx, 0x%llx },", k, (ull)f->bars[k].bus, (ull)f->bars[k].size);
        text_printf(t, " } },\n");
    }
    text_printf(t, "%sconst struct pci_config pci_config = {\n", b->functions.count ? "};\n\n" : "");
    text_printf(t, "    .ecam = 0x%llx,\n    .first_bus = %u,\n    .bus_count = %u,\n    .function_count = %zu,\n    .functions = %s,\n};\n",
                (ull)b->mapping->address, b->used_first, b->used_last - b->used_first + 1, b->functions.count,
                b->functions.count ? "functions" : "NULL");
}
