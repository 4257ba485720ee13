/* SPDX-License-Identifier: BSD-2-Clause */
/* Part of the report: who owns which device, and what devices reach by themselves. */
#include <string.h>

#include "report.h"
#include "schema.h"

typedef unsigned long long ull;

/* Devices that nobody was given but whose registers share a page with d. */
static void report_neighbours(struct text *t, const struct system *s, const struct device *d)
{
    for (size_t i = 0; i < s->tree->all.count; i++) {
        const struct node *n = s->tree->all.at[i];
        struct regions r = { 0 };
        bool given = false, shares = false;

        for (size_t k = 0; k < s->devices.count; k++)
            given = given || s->devices.at[k]->node == n;
        if (given || strcmp(schema_what(n), "a device") || !node_prop(n, "reg") || !board_regions(n, &r))
            continue;
        for (size_t a = 0; a < r.list.count; a++)
            for (size_t b = 0; b < d->registers.list.count; b++)
                shares = shares || region_overlaps(r.list.at[a], region_pages(d->registers.list.at[b]));
        if (shares)
            text_printf(t, "    in the same page: %s\n", n->name);
    }
}

static void report_interrupt(struct text *t, const struct virq *v)
{
    text_printf(t, "    interrupt %u (%s)", v->interrupt, v->edge ? "edge" : "level");
    text_printf(t, v->guest_interrupt ? ", interrupt %u of the machine" : " on line %u", v->guest_interrupt ? v->guest_interrupt : v->line);
    if (v->cell->limit_us)
        text_printf(t, ", at most %u in %llu us", v->cell->limit_count, (ull)v->cell->limit_us);
    text_printf(t, "\n");
}

static void report_trusted(struct text *t, const struct cell *c)
{
    text_printf(t, "    TRUSTED: %s can reach all memory if the device does DMA; no SMMU stands before it\n", c->name);
}

static void report_device(struct text *t, const struct system *s, const struct device *d)
{
    text_printf(t, "  %s: owned by %s, vCPU %u\n", d->name, d->cell->name, d->sink->number);
    for (size_t r = 0; r < d->registers.list.count; r++)
        text_printf(t, "    registers %llx - %llx\n", (ull)d->registers.list.at[r].base,
                    (ull)(d->registers.list.at[r].base + d->registers.list.at[r].size));
    if (model_is_guest(d->cell) && d->mapping)
        text_printf(t, "    at %llx of the machine\n", (ull)d->mapping->address);
    for (size_t v = 0; v < d->virqs.count; v++)
        report_interrupt(t, d->virqs.at[v]);
    report_neighbours(t, s, d);
    if (node_prop(d->node, "mullion,registers-only"))
        text_printf(t, "    does no DMA, as the description says\n");
    if (d->may_do_dma && !d->protected)
        report_trusted(t, d->cell);
}

static void report_function(struct text *t, const struct function *f)
{
    text_printf(t, "  %s: function %s of %s, %04x:%04x, owned by %s\n", f->name, model_function_place(f), f->bridge->name, f->vendor,
                f->device, f->cell->name);
    text_printf(t, "    configuration %llx, read-only\n", (ull)f->config->extents.list.at[0].base);
    for (uint32_t i = 0; i < BARS; i++)
        if (f->bars[i].size)
            text_printf(t, "    BAR%u %llx - %llx\n", i, (ull)f->bars[i].base, (ull)(f->bars[i].base + f->bars[i].size));
    if (f->virq)
        report_interrupt(t, f->virq);
    if (f->stream)
        text_printf(t, "    stream 0x%x\n", f->stream->id);
    else
        report_trusted(t, f->cell);
}

static void report_bridge(struct text *t, const struct bridge *b)
{
    bool behind = true;

    text_printf(t, "  %s: PCI bridge, owned by %s: switches functions on and off\n", b->name, b->cell->name);
    text_printf(t, "    configuration of bus %u", b->used_first);
    text_printf(t, b->used_last != b->used_first ? " to %u\n" : "\n", b->used_last);
    for (size_t i = 0; i < b->functions.count; i++)
        behind = behind && b->functions.at[i]->stream;
    if (!behind)
        report_trusted(t, b->cell);
}

/* What the streams of a cell reach, or its devices without an SMMU are told. */
static void report_dma(struct text *t, const struct cell *c)
{
    text_printf(t, "  %s:", c->name);
    for (size_t i = 0; i < c->streams.count; i++)
        text_printf(t, "%s stream 0x%x of %s", i ? "," : "", c->streams.at[i]->id, c->streams.at[i]->name);
    if (c->dma_physical)
        text_printf(t, " no SMMU, its devices are told these addresses, and can reach all");
    text_printf(t, "\n");
    for (size_t i = 0; i < c->dma.count; i++) {
        const struct dma_region *r = &c->dma.at[i];

        text_printf(t, "    %010llx  %010llx  %s  %s\n", (ull)r->bus, (ull)(r->bus + r->size), r->writable ? "rw-" : "r--", r->name);
    }
    if (c->dma.count == 0)
        text_printf(t, "    nothing\n");
}

void report_devices(struct text *t, const struct system *s)
{
    bool any = s->devices.count != 0;

    report_heading(t, "Devices");
    for (size_t i = 0; i < s->devices.count; i++)
        report_device(t, s, s->devices.at[i]);
    for (size_t i = 0; i < s->bridges.count; i++) {
        const struct bridge *b = s->bridges.at[i];

        if (!b->cell)
            continue;
        any = true;
        report_bridge(t, b);
        for (size_t k = 0; k < b->functions.count; k++)
            report_function(t, b->functions.at[k]);
    }
    if (!any)
        text_printf(t, "  No cell owns a device.\n");
    any = false;
    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        if (c->streams.count == 0 && c->dma.count == 0)
            continue;
        if (!any)
            report_heading(t, "What devices can read and write by themselves");
        any = true;
        report_dma(t, c);
    }
}
