/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libmv/calls.h>
#include <libmv/config.h>
#include <libmv/message.h>
#include <libmv/print.h>
#include <libmv/time.h>

#define BUS_BASE    UINT64_C(0x40000000)
#define DMA_BYTES   0x10000u
#define ATTACH_CAP  7u
#define LINE_CAP    8u
#define RAISE_CELL  1u
#define RAISE_SWITCH 2u

struct world world;

static struct mv_dma_config regions[2];
static struct mv_function_config function = {
    .name = "nic0", .line_cap = LINE_CAP, .line = 5, .attach_cap = ATTACH_CAP,
};
static struct mv_channel_config channels[2] = { { .name = "console" } };
const struct mv_cell_config mv_cell = {
    .name = "net", .channel_count = 2, .channels = channels, .dma_count = 2, .function_count = 1, .dma = regions,
    .functions = &function,
};

/* ---- libmv and the kernel ------------------------------------------------------ */

uint64_t mv_time_ns(void)
{
    return world.now;
}

void mv_print(const char *format, ...)
{
    size_t length = strlen(world.said);
    va_list list;

    va_start(list, format);
    vsnprintf(world.said + length, sizeof(world.said) - length, format, list);
    va_end(list);
}

mv_status_t mv_virq_raise(uint32_t cap, uint64_t payload)
{
    (void)payload;
    assert_in_range(cap, RAISE_CELL, RAISE_SWITCH);
    *(cap == RAISE_CELL ? &world.cell_raised : &world.switch_raised) = true;
    return MV_OK;
}

mv_status_t mv_virq_ack(uint32_t cap, uint64_t *payload)
{
    assert_int_equal(cap, LINE_CAP);
    assert_null(payload);
    world.acks++;
    return MV_OK;
}

static void card_off(void)
{
    world.live = world.needs_reset = false;
    world.isr = 0;
    for (uint32_t i = 0; i < 2; i++)
        vio_device_stop(&world.queue[i]);
}

mv_status_t mv_call_until(uint32_t portal, struct mv_words *io, uint64_t deadline)
{
    assert_int_equal(portal, ATTACH_CAP);
    assert_true(deadline > world.now);
    if (world.pci_silent)
        return MV_TIMEOUT;
    if (io->w[0] == PCI_ATTACH) {
        world.attaches++;
        world.attached = !world.absent;
        io->w[0] = world.absent ? PCI_ABSENT : PCI_OK;
    } else {
        world.detaches++;
        world.attached = false;
        card_off();
        io->w[0] = PCI_OK;
    }
    return MV_OK;
}

/* ---- the card, from the outside ---------------------------------------------------- */

enum vio_pci_status vio_pci_open(struct vio_pci *p, const struct mv_function_config *f)
{
    assert_true(world.attached);
    *p = (struct vio_pci){ .function = f, .common = 1, .type = VIO_ID_NET };
    return VIO_PCI_OK;
}

bool vio_pci_reset(struct vio_pci *p)
{
    assert_int_equal(p->common, 1);
    if (world.reset_fails)
        return false;
    card_off();
    return true;
}

enum vio_pci_status vio_pci_begin(struct vio_pci *p, uint64_t demanded, uint64_t wanted)
{
    assert_int_equal(demanded, 0);
    if (!vio_pci_reset(p))
        return VIO_PCI_TIMEOUT;
    world.agreed = p->features = world.features & wanted;
    return VIO_PCI_OK;
}

enum vio_pci_status vio_pci_queue(struct vio_pci *p, uint32_t queue, struct vio_driver_queue *q,
                                  const struct vio_memory *dma, void *at, uint32_t num,
                                  struct vio_driver_slot *slot)
{
    bool event_index = (p->features & VIO_F_EVENT_IDX) != 0;

    assert_true(queue < 2);
    assert_int_equal((uint64_t)at % 4096, 0);
    if (num > world.num_max)
        return VIO_PCI_BAD_QUEUE;
    assert_true(vio_driver_start(q, at, num, slot, VIO_DRIVER_DEVICE | (event_index ? VIO_DRIVER_EVENT_INDEX : 0)));
    assert_true(vio_device_start(&world.queue[queue], &world.bus, num, vio_address(dma, q->desc),
                                 vio_address(dma, q->avail), vio_address(dma, q->used), event_index));
    return VIO_PCI_OK;
}

void vio_pci_go(struct vio_pci *p)
{
    (void)p;
    world.live = true;
}

void vio_pci_publish(struct vio_pci *p, uint32_t queue, struct vio_driver_queue *q)
{
    (void)p;
    (void)queue;
    world.kicks += vio_driver_publish(q);
}

uint32_t vio_pci_interrupts(struct vio_pci *p)
{
    uint32_t isr = world.isr;

    assert_int_equal(p->common, 1);
    world.isr = 0;
    return isr;
}

bool vio_pci_is_broken(const struct vio_pci *p)
{
    assert_int_equal(p->common, 1);
    return world.needs_reset;
}

bool vio_pci_config(const struct vio_pci *p, uint32_t offset, void *to, uint32_t length)
{
    assert_int_equal(p->common, 1);
    assert_true(offset + length <= sizeof(world.config));
    memcpy(to, (uint8_t *)&world.config + offset, length);
    return true;
}

/* ---- frames -------------------------------------------------------------------------- */

static uint8_t byte_of(uint32_t number, uint32_t i)
{
    return (uint8_t)(i < 4 ? number >> 8 * i : number * 13 + i * 7);
}

static void frame_make(uint8_t *frame, uint32_t number, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        frame[i] = byte_of(number, i);
}

/* What has arrived is what was sent, whole; its header says nothing. */
static void frame_check(struct log *log, const struct vio_chain *c)
{
    uint8_t bytes[4096];
    uint32_t size = (uint32_t)c->out_bytes, number;

    assert_true(size >= HEADER + 14 && size <= sizeof(bytes) && c->in_count == 0);
    assert_int_equal(vio_parts_get(c->part, c->out_count, 0, bytes, size), size);
    for (uint32_t i = 0; i < HEADER; i++)
        assert_int_equal(bytes[i], 0);
    memcpy(&number, bytes + HEADER, 4);
    for (uint32_t i = 0; i < size - HEADER; i++)
        assert_int_equal(bytes[HEADER + i], byte_of(number, i));
    assert_true(log->count < LOG_FRAMES);
    log->frame[log->count].number = number;
    log->frame[log->count++].bytes = size - HEADER;
}

/* Put a frame where a chain is to be written; how many bytes that is said to be. */
static uint32_t frame_put(const struct vio_chain *c, uint32_t number, uint32_t bytes)
{
    uint8_t frame[4096];

    memset(frame, 0xff, HEADER);
    frame_make(frame + HEADER, number, bytes);
    assert_int_equal(c->out_count, 0);
    assert_int_equal(c->in_bytes, 2048);
    (void)vio_parts_put(c->part, c->in_count, 0, frame, HEADER + bytes);
    return HEADER + bytes;
}

static void spoil(struct vio_device_queue *q)
{
    uint32_t slot = (uint16_t)(q->done - 1) % q->num;

    if (world.mishap == BAD_ID)
        q->used->ring[slot].id = q->num + 1;
    if (world.mishap == BAD_LENGTH)
        q->used->ring[slot].length = 0x7fffffff;
}

static void card_done(struct vio_device_queue *q)
{
    spoil(q);
    if (vio_device_publish(q))
        world.isr |= VIO_INTERRUPT_USED;
    if (world.mishap == BAD_INDEX)
        q->used->index = (uint16_t)(q->done + 1000);
}

bool card_receives(uint32_t number, uint32_t bytes)
{
    struct vio_part part[4];
    struct vio_chain c = { .part = part, .part_max = 4 };
    struct vio_device_queue *q = &world.queue[VIO_NET_RECEIVE];

    if (!world.live || vio_device_next(q, &c) != VIO_OK) {
        world.overrun++;
        return false;
    }
    vio_device_done(q, c.head, frame_put(&c, number, bytes));
    card_done(q);
    return true;
}

uint32_t card_sends(uint32_t most)
{
    struct vio_part part[4];
    struct vio_chain c = { .part = part, .part_max = 4 };
    struct vio_device_queue *q = &world.queue[VIO_NET_TRANSMIT];
    uint32_t n = 0;

    if (world.mishap == SILENT)
        return 0;
    for (; world.live && n < most && vio_device_next(q, &c) == VIO_OK; n++) {
        frame_check(&world.outside, &c);
        vio_device_done(q, c.head, 0);
    }
    if (n > 0)
        card_done(q);
    (void)vio_device_listen(q);
    return n;
}

static void switch_poll(void)
{
    world.switch_raised = false;
    if (!world.there || vio_link_server_poll(&world.link) != VIO_LINK_NEW)
        return;
    assert_true(vio_link_server_accept(&world.link));
    world.sessions++;
}

void switch_open(void)
{
    struct vio_net_config c = { .status = VIO_NET_LINK_UP };

    world.there = true;
    assert_true(vio_link_server_open(&world.link, &world.link_config, VIO_ID_NET, VIO_NET_F_MAC | VIO_NET_F_CSUM, &c,
                                     sizeof(c)));
    switch_poll();
}

uint32_t switch_takes(uint32_t most)
{
    struct vio_part part[4];
    struct vio_chain c = { .part = part, .part_max = 4 };
    uint32_t n = 0;

    switch_poll();
    for (; n < most && vio_device_next(&world.link.queue[VIO_NET_TRANSMIT], &c) == VIO_OK; n++) {
        frame_check(&world.inside, &c);
        vio_device_done(&world.link.queue[VIO_NET_TRANSMIT], c.head, 0);
    }
    if (n > 0)
        vio_link_server_publish(&world.link, VIO_NET_TRANSMIT);
    (void)vio_device_listen(&world.link.queue[VIO_NET_TRANSMIT]);
    return n;
}

bool switch_gives(uint32_t number, uint32_t bytes)
{
    struct vio_part part[4];
    struct vio_chain c = { .part = part, .part_max = 4 };
    struct vio_device_queue *q = &world.link.queue[VIO_NET_RECEIVE];

    switch_poll();
    if (vio_device_next(q, &c) != VIO_OK)
        return false;
    vio_device_done(q, c.head, frame_put(&c, number, bytes));
    vio_link_server_publish(&world.link, VIO_NET_RECEIVE);
    return true;
}

uint32_t card_buffers(void)
{
    return vio_device_available(&world.queue[VIO_NET_RECEIVE]);
}

uint32_t switch_buffers(void)
{
    return vio_device_available(&world.link.queue[VIO_NET_RECEIVE]);
}

/* ---- all together ---------------------------------------------------------------------- */

static void *map(int fd, uint64_t offset, uint64_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

    assert_true(at != MAP_FAILED);
    return at;
}

void world_make(void)
{
    int fd = memfd_create("bus", 0);

    assert_true(fd >= 0 && ftruncate(fd, DMA_BYTES + LINK_BYTES) == 0);
    world = (struct world){ .now = 1000, .num_max = 256, .features = VIO_NET_F_MAC | VIO_NET_F_STATUS | VIO_F_EVENT_IDX };
    world.config = (struct vio_net_config){ .mac = { 2, 0, 0, 0, 0, 1 }, .status = VIO_NET_LINK_UP };
    world.bus = (struct vio_memory){ BUS_BASE, DMA_BYTES + LINK_BYTES, map(fd, 0, DMA_BYTES + LINK_BYTES) };
    regions[0] = (struct mv_dma_config){ "dma", (uint64_t)map(fd, LINK_BYTES, DMA_BYTES), DMA_BYTES,
                                         BUS_BASE + LINK_BYTES, 1 };
    regions[1] = (struct mv_dma_config){ "link", (uint64_t)map(fd, 0, LINK_BYTES), LINK_BYTES, BUS_BASE, 1 };
    channels[1] = (struct mv_channel_config){ .name = "link", .peer = "switch", .address = regions[1].address,
                                              .size = LINK_BYTES, .kind = MV_CHANNEL_LINK, .end = 0,
                                              .raise_cap = RAISE_SWITCH };
    world.link_config = channels[1];
    world.link_config.end = 1;
    world.link_config.raise_cap = RAISE_CELL;
    close(fd);
}

static bool cell_run(void)
{
    bool any = world.cell_raised || (world.isr != 0 && nic.works);
    enum pci_again back;

    world.cell_raised = false;
    if (world.isr != 0 && nic.works && !nic_interrupt())
        relay_card_failed();
    if (any)
        do
            back = relay();
        while (back == PCI_AGAIN_NOW);
    return any;
}

void world_settle(void)
{
    for (int n = 0; cell_run() || world.switch_raised; n++) {
        assert_true(n < 1000);
        if (world.switch_raised)
            switch_poll();
    }
}

void world_pass(uint64_t ns)
{
    for (uint64_t passed = 0; passed < ns; passed += MV_S / 2) {
        enum pci_again back;

        world.now += MV_S / 2;
        do
            back = relay();
        while (back == PCI_AGAIN_NOW);
        world_settle();
    }
}

void world_start(bool with_switch)
{
    (void)nic_start();
    assert_true(relay_start());
    (void)relay();
    if (with_switch)
        switch_open();
    world_settle();
}
