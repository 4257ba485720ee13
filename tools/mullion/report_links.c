/* SPDX-License-Identifier: BSD-2-Clause */
/* The report's part on what cells have of each other by links: disks, networks. */
#include "report.h"

#include <mv/guest.h>

typedef unsigned long long ull;

/* ---- virtual machines --------------------------------------------------------------- */

const char *report_io_device(const struct vm *vm, const struct io_device *d)
{
    const struct link *k = d->link;
    uint32_t interrupt = MV_GUEST_SPI_VIRTIO + d->slot;

    if (!k)
        return mem_printf("virtio console, %zu port%s; interrupt %u", vm->ports.count, vm->ports.count == 1 ? "" : "s", interrupt);
    if (k->kind == LINK_DISK)
        return mem_printf("virtio block: %s of %s, %s; interrupt %u", k->partition->name, k->server->name,
                          k->read_only ? "read-only" : "read-write", interrupt);
    return mem_printf("virtio network: %s, %s; interrupt %u", k->server->name, model_show_mac(k->mac), interrupt);
}

/* ---- disks ------------------------------------------------------------------------------ */

/* Who has a partition, and may do what. */
static const char *users_of(const struct system *s, const struct partition *p)
{
    struct text t = { 0 };

    for (size_t i = 0; i < s->links.count; i++) {
        const struct link *k = s->links.at[i];

        if (k->kind == LINK_DISK && k->partition == p)
            text_printf(&t, "%s%s (%s)", t.length ? ", " : "", model_shown_name(k->client), k->read_only ? "r" : "rw");
    }
    return t.length ? t.at : "nobody";
}

static void report_disk(struct text *t, const struct system *s, const struct cell *c)
{
    text_printf(t, "  disk of %s: %s sectors of 512 bytes\n", c->name, text_thousands(c->disk_sectors));
    text_printf(t, "    %-23s %15s %15s %15s  %s\n", "partition", "first sector", "sectors", "KiB", "used by");
    for (size_t i = 0; i < s->partitions.count; i++) {
        const struct partition *p = s->partitions.at[i];

        if (p->server == c)
            text_printf(t, "    %-23s %15s %15s %15s  %s\n", p->read_only ? mem_printf("%s (r)", p->name) : p->name,
                        text_thousands(p->first), text_thousands(p->sectors), text_thousands(p->sectors / 2), users_of(s, p));
    }
}

/* ---- networks --------------------------------------------------------------------------- */

static void report_switch(struct text *t, const struct system *s, const struct cell *c)
{
    text_printf(t, "  network of %s:\n", c->name);
    text_printf(t, "    %-23s %-17s  %s\n", "connected", "MAC address", "by");
    for (size_t i = 0; i < s->links.count; i++) {
        const struct link *k = s->links.at[i];

        if (k->kind == LINK_NETWORK && k->server == c)
            text_printf(t, "    %-23s %-17s  a link of %s bytes%s\n", model_shown_name(k->client),
                        k->many ? "any" : model_show_mac(k->mac), text_thousands(k->channel->segment->size),
                        model_is_io(k->client) ? mem_printf(" to %s", k->client->name) : "");
    }
}

void report_links(struct text *t, const struct system *s)
{
    bool begun = false;

    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        if (!c->disk_sectors && !c->network_server)
            continue;
        if (!begun)
            report_heading(t, "Disks and networks");
        if (c->disk_sectors)
            report_disk(t, s, c);
        if (c->network_server)
            report_switch(t, s, c);
        begun = true;
    }
}
