/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block cell: drives a virtio disk on the PCI bus and serves partitions of it
 * to other cells over links, as a virtio block device to each. Whoever may call one
 * of its portals gets its counters: the eight words of struct serve_counters.
 */
#include <libmv/libmv.h>

#include <pci/pci_tick.h>

#include "block_config.h"
#include "disk.h"
#include "serve.h"

static struct mv_loop loop;
static struct pci_tick tick;

/* What of the description does not fit the disk that is there. */
static void tell_missing(void)
{
    for (uint32_t i = 0; i < block_config.client_count; i++) {
        const struct block_client *c = &block_config.clients[i];

        if (c->first > disk.sectors || c->sectors > disk.sectors - c->first)
            mv_print("partition %s of %s ends at sector %lu, the disk at %lu: what lies beyond fails\n",
                     c->partition, c->cell, c->first + c->sectors, disk.sectors);
    }
}

static void tell_disk(void)
{
    mv_print("%s: %lu MiB%s, %s, served to %u\n", mv_cell.functions[0].name, disk.sectors >> 11,
             disk.read_only ? ", read-only" : "", disk.can_flush ? "with a cache" : "without a cache",
             block_config.client_count);
    tell_missing();
}

static void disk_event(void *context, uint64_t payload)
{
    uint64_t sectors = disk.sectors;

    (void)context;
    (void)payload;
    if (!disk_interrupt())
        serve_disk_failed();
    pci_tick_turn(&tick);
    if (disk.works && disk.sectors != sectors) {
        mv_print("the disk now has %lu sectors, it had %lu\n", disk.sectors, sectors);
        tell_missing();
    }
}

static void client_event(void *context, uint64_t payload)
{
    (void)payload;
    serve_client((uint32_t)((const struct block_client *)context - block_config.clients));
    pci_tick_turn(&tick);
}

static uint64_t counters_call(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    (void)context;
    (void)badge;
    (void)size;
    _Static_assert(sizeof(*io) == sizeof(serve_counters), "a counter for each word");
    memcpy(io, &serve_counters, sizeof(*io));
    return MV_SIZE_SHORT;
}

int main(void)
{
    mv_loop_init(&loop);
    if (mv_cell.function_count > 0 && mv_cell.functions[0].line_cap != 0)
        mv_loop_on_line(&loop, mv_cell.functions[0].line, disk_event, NULL);
    for (uint32_t i = 0; i < block_config.client_count && i < SERVE_CLIENTS_MAX; i++)
        mv_loop_on_line(&loop, block_config.clients[i].link->line, client_event,
                        (void *)(uintptr_t)&block_config.clients[i]);
    pci_tick_start(&tick, &loop, serve);
    mv_loop_on_call(&loop, counters_call, NULL);
    if (disk_start())
        tell_disk();
    serve_start();
    pci_tick_turn(&tick);
    mv_loop_run(&loop);
    return 0;
}
