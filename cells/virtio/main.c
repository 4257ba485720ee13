/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The io cell of a virtual machine: its disks, networks and ports. It maps the
 * guest's memory, its own ends of links and channels, and nothing else.
 */
#include <libmv/libmv.h>

#include <libvirtio/io.h>

#include "disk.h"
#include "network.h"
#include "ports.h"
#include "slot.h"

/* How many of each the machine has: the host tool says it. */
#ifndef IO_DISKS
#define IO_DISKS 14
#endif
#ifndef IO_NETWORKS
#define IO_NETWORKS 14
#endif

static struct mv_loop loop;
static struct disk disk[IO_DISKS > 0 ? IO_DISKS : 1];
static struct network network[IO_NETWORKS > 0 ? IO_NETWORKS : 1];
static struct ports ports;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool ticking;               /* the timer runs */

/* Give turns, and see that the loop comes back for what is left: as soon as it
 * has looked for calls and lines, or when a device wants to be looked at again. */
static void run(void)
{
    bool more = slot_run();

    if (!ticking && slot_wants_time()) {
        ticking = true;
        (void)mv_timer_set(io_config.timer_cap, mv_time_ns() + SLOT_TICK_NS, SLOT_TICK_NS);
    }
    mv_loop_at(&loop, more ? 1 : slot_later());
}

static void on_time(void *context)
{
    (void)context;
    slot_mark_due(mv_time_ns());
    run();
}

/* It runs on until nobody has wanted it for a while: setting it has its price. */
static void on_tick(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    if (!slot_tick(mv_time_ns())) {
        ticking = false;
        (void)mv_timer_set(io_config.timer_cap, 0, 0);
    }
    run();
}

/* A bell, a link or a channel: `context` has something to do. */
static void on_line(void *context, uint64_t payload)
{
    (void)payload;
    slot_mark((struct slot *)context);
    run();
}

/* The VMM: see libvirtio/io.h. What a write has marked is done after the answer. */
static uint64_t on_call(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    uint64_t value = 0;

    (void)context;
    (void)badge;
    (void)size;
    switch (io->w[VIO_IO_CALL]) {
    case VIO_IO_READ:
        value = slot_read(io->w[VIO_IO_SLOT], io->w[VIO_IO_OFFSET], io->w[VIO_IO_SIZE]);
        break;
    case VIO_IO_WRITE:
        slot_write(io->w[VIO_IO_SLOT], io->w[VIO_IO_OFFSET], io->w[VIO_IO_SIZE], io->w[VIO_IO_VALUE]);
        mv_loop_at(&loop, 1);
        break;
    case VIO_IO_RESET:
        slot_reset_all();
        break;
    default:
        break;
    }
    *io = (struct mv_words){ { value } };
    return MV_SIZE_SHORT;
}

static void listen_to(struct slot *s, uint32_t line)
{
    mv_loop_on_line(&loop, line, on_line, s);
}

static void start_ports(const struct io_device *config)
{
    if (!ports_start(&ports, config))
        mv_panic("more ports than a device can have");
    listen_to(&ports.slot, config->bell_line);
    for (uint32_t i = 0; i < io_config.port_count; i++)
        listen_to(&ports.slot, io_config.ports[i].channel->line);
    slot_mark(&ports.slot);
}

static void start_disk(struct disk *d, const struct io_device *config)
{
    disk_start(d, config);
    listen_to(&d->slot, config->bell_line);
    listen_to(&d->slot, config->link->line);
    slot_mark(&d->slot);
}

static void start_network(struct network *n, const struct io_device *config)
{
    network_start(n, config);
    listen_to(&n->slot, config->bell_line);
    listen_to(&n->slot, config->link->line);
    slot_mark(&n->slot);
}

int main(void)
{
    uint32_t disks = 0, networks = 0;

    mv_loop_init(&loop);
    mv_loop_on_call(&loop, on_call, NULL);
    mv_loop_on_time(&loop, on_time, NULL);
    mv_loop_on_line(&loop, io_config.timer_line, on_tick, NULL);
    slot_clear();
    for (uint32_t i = 0; i < io_config.device_count; i++) {
        const struct io_device *config = &io_config.devices[i];

        if (config->kind == IO_PORTS)
            start_ports(config);
        else if (config->kind == IO_BLOCK && disks < COUNT(disk))
            start_disk(&disk[disks++], config);
        else if (config->kind == IO_NET && networks < COUNT(network))
            start_network(&network[networks++], config);
        else
            mv_panic("more devices than places");
    }
    run();
    mv_loop_run(&loop);
    return 0;
}
