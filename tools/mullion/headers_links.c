/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated files about links: io_config.c of a machine's io cell,
 * block_config.c and switch_config.c of those who serve disks and networks.
 * They point into the channels of cell_config.c.
 */
#include "headers.h"

typedef unsigned long long ull;

static void include(struct text *t, const char *header)
{
    text_printf(t, "#include <stddef.h>\n\n#include <%s>\n\nextern const struct mv_channel_config mv_cell_channels[];\n\n", header);
}

/* Which of the cell's channels it is, in the order of cell_config.c. */
static size_t channel_number(const struct system *s, const struct cell *c, const struct channel *h)
{
    size_t number = 0;

    for (size_t i = 0; i < s->channels.count && s->channels.at[i] != h; i++)
        number += s->channels.at[i]->end[0].cell == c || s->channels.at[i]->end[1].cell == c;
    return number;
}

static void put_mac(struct text *t, const struct link *k)
{
    text_printf(t, "{ ");
    for (size_t i = 0; i < MAC_BYTES; i++)
        text_printf(t, "%s0x%02x", i ? ", " : "", k->many ? 0 : k->mac[i]);
    text_printf(t, " }");
}

/* ---- io_config.c ---------------------------------------------------------------- */

static void io_device(struct text *t, const struct system *s, const struct cell *c, const struct io_device *d)
{
    const struct link *k = d->link;

    text_printf(t, "    { .kind = %s, .slot = %u, .raise_cap = %u, .bell_line = %u, .name = \"%s\",\n      ",
                !k ? "IO_PORTS" : k->kind == LINK_DISK ? "IO_BLOCK" : "IO_NET", d->slot, d->raise_cap, d->bell->line, k ? k->name : "");
    if (k && k->kind == LINK_DISK)
        text_printf(t, ".read_only = %d, ", k->read_only);
    if (k && k->kind == LINK_NETWORK) {
        text_printf(t, ".mac = ");
        put_mac(t, k);
        text_printf(t, ", ");
    }
    if (k)
        text_printf(t, ".link = &mv_cell_channels[%zu] },\n", channel_number(s, c, k->channel));
    else
        text_printf(t, ".link = NULL },\n");
}

void headers_io_config(struct text *t, const struct system *s, const struct cell *c)
{
    const struct vm *vm = c->vm;

    include(t, "virtio/io_config.h");
    text_printf(t, "static const struct io_device devices[] = {\n");
    for (size_t i = 0; i < vm->io_devices.count; i++)
        io_device(t, s, c, vm->io_devices.at[i]);
    text_printf(t, "};\n\n");
    for (size_t i = 0; i < vm->ports.count; i++)
        text_printf(t, "%s    { \"%s\", &mv_cell_channels[%zu] },\n", i ? "" : "static const struct io_port ports[] = {\n",
                    vm->ports.at[i]->name, channel_number(s, c, vm->ports.at[i]));
    text_printf(t, "%sconst struct io_config io_config = {\n    .name = \"%s\",\n    .ram_base = 0x%llx,\n    .ram_size = 0x%llx,\n",
                vm->ports.count ? "};\n\n" : "", vm->cell->name, (ull)vm->cell->spaces.at[0]->mappings.at[0]->address, (ull)vm->memory);
    text_printf(t, "    .timer_cap = %u,\n    .timer_line = %u,\n", headers_cap(c, MV_TYPE_TIMER, &vm->io_timer->index),
                vm->io_timer->virq->line);
    text_printf(t, "    .status = (uint32_t *)0x%llx,\n    .device_count = %zu,\n    .port_count = %zu,\n    .devices = devices,\n    .ports = %s,\n};\n",
                (ull)vm->io_status_mapping->address, vm->io_devices.count, vm->ports.count, vm->ports.count ? "ports" : "NULL");
}

/* ---- block_config.c ---------------------------------------------------------------- */

/* Whoever serves a disk can read it, not only the kit's cell. */
bool headers_has_block_config(const struct cell *c)
{
    return c->disk_sectors != 0;
}

void headers_block_config(struct text *t, const struct system *s, const struct cell *c)
{
    size_t count = 0;

    include(t, "block/block_config.h");
    for (size_t i = 0; i < s->links.count; i++) {
        const struct link *k = s->links.at[i];

        if (k->server != c || k->kind != LINK_DISK)
            continue;
        text_printf(t, "%s    { \"%s\", \"%s\", 0x%llx, 0x%llx, %d, &mv_cell_channels[%zu] },\n",
                    count++ ? "" : "static const struct block_client clients[] = {\n", k->partition->name, model_shown_name(k->client),
                    (ull)k->partition->first, (ull)k->partition->sectors, k->read_only, channel_number(s, c, k->channel));
    }
    text_printf(t, "%sconst struct block_config block_config = { 0x%llx, %zu, %s };\n", count ? "};\n\n" : "", (ull)c->disk_sectors, count,
                count ? "clients" : "NULL");
}

/* ---- switch_config.c ---------------------------------------------------------------- */

bool headers_has_switch_config(const struct cell *c)
{
    return c->network_server;
}

void headers_switch_config(struct text *t, const struct system *s, const struct cell *c)
{
    size_t count = 0;

    include(t, "switch/switch_config.h");
    for (size_t i = 0; i < s->links.count; i++) {
        const struct link *k = s->links.at[i];

        if (k->server != c || k->kind != LINK_NETWORK)
            continue;
        text_printf(t, "%s    { \"%s\", &mv_cell_channels[%zu], ", count++ ? "" : "static const struct switch_port ports[] = {\n",
                    model_shown_name(k->client), channel_number(s, c, k->channel));
        put_mac(t, k);
        text_printf(t, " },\n");
    }
    text_printf(t, "%sconst struct switch_config switch_config = { %zu, %s };\n", count ? "};\n\n" : "", count, count ? "ports" : "NULL");
}
