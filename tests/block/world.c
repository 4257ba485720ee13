/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
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

struct world world;
struct peer peers[CLIENTS];

static struct mv_dma_config regions[1 + CLIENTS];
static struct mv_function_config disk_function = {
    .name = "disk0", .line_cap = LINE_CAP, .line = 5, .attach_cap = ATTACH_CAP,
};
const struct mv_cell_config mv_cell = {
    .name = "block", .dma_count = 1 + CLIENTS, .function_count = 1, .dma = regions, .functions = &disk_function,
};
static struct mv_channel_config links[CLIENTS];        /* the cell's ends */
static const struct block_client block_clients[CLIENTS] = {
    { .partition = "first", .cell = "zero", .first = 0, .sectors = EACH, .link = &links[0] },
    { .partition = "a-name-longer-than-an-id", .cell = "one", .first = EACH, .sectors = EACH, .link = &links[1] },
    { .partition = "third", .cell = "two", .first = 2 * EACH, .sectors = EACH, .read_only = 1, .link = &links[2] },
};
const struct block_config block_config = { SECTORS, CLIENTS, block_clients };

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
    if (cap >= RAISE_CAP && cap < RAISE_CAP + CLIENTS) {
        world.client_raised[cap - RAISE_CAP] = true;
        world.raises++;
    } else {
        assert_in_range(cap, 1, CLIENTS);
        world.server_raised[cap - 1] = true;
    }
    return MV_OK;
}

mv_status_t mv_virq_ack(uint32_t cap, uint64_t *payload)
{
    assert_int_equal(cap, LINE_CAP);
    assert_null(payload);
    world.acks++;
    return MV_OK;
}

/* The cell of the bridge. */
mv_status_t mv_call_until(uint32_t portal, struct mv_words *io, uint64_t deadline)
{
    assert_int_equal(portal, ATTACH_CAP);
    assert_true(deadline > world.now);
    if (world.pci_silent)
        return MV_TIMEOUT;
    if (io->w[0] == PCI_ATTACH) {
        world.attaches++;
        world.attached = world.answer == PCI_OK;
        io->w[0] = world.answer;
    } else {
        world.detaches++;
        world.attached = world.live = false;
        vio_device_stop(&world.queue);
        io->w[0] = PCI_OK;
    }
    return MV_OK;
}

/* ---- the disk, from the outside --------------------------------------------------- */

enum vio_pci_status vio_pci_open(struct vio_pci *p, const struct mv_function_config *function)
{
    assert_true(world.attached);
    *p = (struct vio_pci){ .function = function, .common = 1, .type = VIO_ID_BLOCK };
    return VIO_PCI_OK;
}

bool vio_pci_reset(struct vio_pci *p)
{
    assert_int_equal(p->common, 1);
    if (world.reset_fails)
        return false;
    world.resets++;
    world.live = world.needs_reset = false;
    world.isr = 0;
    vio_device_stop(&world.queue);
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

    assert_int_equal(queue, 0);
    if (num > world.num_max)
        return VIO_PCI_BAD_QUEUE;
    assert_true(vio_driver_start(q, at, num, slot, VIO_DRIVER_DEVICE | (event_index ? VIO_DRIVER_EVENT_INDEX : 0)));
    assert_true(vio_device_start(&world.queue, &world.bus, num, vio_address(dma, q->desc),
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
    assert_int_equal(queue, 0);
    if (!vio_driver_publish(q))
        return;
    world.kicks++;
    world.kicked = true;
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

/* ---- the disk, from the inside ------------------------------------------------------ */

uint8_t *world_sector(uint64_t sector)
{
    assert_true(sector < SECTORS);
    return world.image + sector * 512;
}

static uint8_t transfer(const struct vio_chain *c, const struct vio_block_header *h)
{
    bool reads = h->type == VIO_BLOCK_IN;
    uint64_t bytes = reads ? c->in_bytes - 1 : c->out_bytes - sizeof(*h), sectors = bytes / 512;
    uint8_t *at = world.image + h->sector * 512;

    assert_int_equal(bytes % (world.agreed & VIO_BLOCK_F_BLK_SIZE ? world.config.blk_size : 512), 0);
    assert_true(bytes > 0 && (reads || c->in_bytes == 1));
    assert_true(c->out_count + c->in_count - 2u <= (world.agreed & VIO_BLOCK_F_SEG_MAX ? world.config.seg_max : 1));
    if (c->out_count + c->in_count - 2u > world.parts_most)
        world.parts_most = c->out_count + c->in_count - 2u;
    if (bytes > world.bytes_most)
        world.bytes_most = bytes;
    if (h->sector > world.config.capacity || sectors > world.config.capacity - h->sector)
        return VIO_BLOCK_IOERR;
    if (world.bad_sector >= h->sector && world.bad_sector < h->sector + sectors)
        return VIO_BLOCK_IOERR;
    if (reads)
        assert_int_equal(vio_parts_put(c->part + c->out_count, c->in_count, 0, at, bytes), bytes);
    else
        assert_int_equal(vio_parts_get(c->part, c->out_count, sizeof(*h), at, bytes), bytes);
    return VIO_BLOCK_OK;
}

static uint32_t disk_do(const struct vio_chain *c)
{
    struct vio_block_header h;
    uint8_t status = VIO_BLOCK_OK;
    uint32_t length = (uint32_t)c->in_bytes;

    assert_int_equal(c->part[0].length, sizeof(h));
    assert_int_equal(c->part[c->out_count + c->in_count - 1].length, 1);
    memcpy(&h, c->part[0].at, sizeof(h));
    for (uint32_t i = 0; i + 2u < (uint32_t)c->out_count + c->in_count; i++)
        if ((world.agreed & VIO_BLOCK_F_SIZE_MAX) != 0)
            assert_true(c->part[i + 1].length <= world.config.size_max);
    if (h.type == VIO_BLOCK_FLUSH) {
        assert_true((world.agreed & VIO_BLOCK_F_FLUSH) != 0);
        assert_int_equal(c->out_count + c->in_count, 2);
        world.flushes++;
    } else {
        assert_in_range(h.type, VIO_BLOCK_IN, VIO_BLOCK_OUT);
        status = transfer(c, &h);
    }
    if (world.mishap == BAD_STATUS)
        status = 9;
    if (world.mishap != NO_STATUS)
        *c->part[c->out_count + c->in_count - 1].at = status;
    if (world.mishap == SHORT_READ && h.type == VIO_BLOCK_IN)
        length -= 10;
    return length;
}

static void disk_spoil(void)
{
    struct vio_used *used = world.queue.used;
    uint32_t slot = (uint16_t)(world.queue.done - 1) % world.queue.num;

    if (world.mishap == BAD_ID)
        used->ring[slot].id = world.queue.num + 3;
    if (world.mishap == BAD_LENGTH)
        used->ring[slot].length = 0x7fffffff;
    if (world.mishap == BAD_INDEX)
        used->index = (uint16_t)(world.queue.done + 500);
}

uint32_t world_disk(uint32_t most)
{
    static struct vio_part part[VIO_NUM_MAX][VIO_NUM_MAX];
    struct vio_chain chain[VIO_NUM_MAX];
    uint32_t n = 0, last = 0;

    if (!world.live || world.mishap == SILENT || !world.kicked || most == 0)
        return 0;
    while (n < most && vio_device_available(&world.queue) > world.hold) {
        chain[n] = (struct vio_chain){ .part = part[n], .part_max = VIO_NUM_MAX };
        assert_int_equal(vio_device_next(&world.queue, &chain[n]), VIO_OK);
        n++;
    }
    if (world.mishap == SILENT_ONCE && n > 0) {
        world.mishap = WELL;
        last = 1;
    }
    for (uint32_t i = last; i < n; i++) {
        struct vio_chain *c = &chain[world.backwards ? n - 1 - i : i];

        vio_device_done(&world.queue, c->head, disk_do(c));
    }
    if (n > last) {
        if (world.mishap == BAD_ID || world.mishap == BAD_LENGTH)
            disk_spoil();
        if (vio_device_publish(&world.queue))
            world.isr |= VIO_INTERRUPT_USED;
        if (world.mishap == BAD_INDEX)
            disk_spoil();
    }
    world.kicked = vio_device_listen(&world.queue) && vio_device_available(&world.queue) > world.hold;
    world.done += n - last;
    return n;
}

/* ---- clients ------------------------------------------------------------------------ */

void peer_open(uint32_t client)
{
    struct peer *p = &peers[client];

    p->used = 0;
    p->out = 0;
    assert_true(vio_link_client_open(&p->link, &p->config, VIO_ID_BLOCK,
                                     VIO_BLOCK_F_RO | VIO_BLOCK_F_FLUSH | VIO_BLOCK_F_SEG_MAX, p->slots));
    peer_poll(client);
}

void peer_poll(uint32_t client)
{
    struct peer *p = &peers[client];
    void *token;
    uint32_t length;

    world.client_raised[client] = false;
    if (vio_link_client_poll(&p->link) == VIO_LINK_NEW) {
        p->sessions++;
        p->used = 0;
        p->out = 0;
    }
    do {
        while (vio_driver_take(&p->link.queue[0], &token, &length) == VIO_OK) {
            ((struct ask *)token)->done = true;
            ((struct ask *)token)->length = length;
            p->out--;
            p->done++;
        }
    } while (vio_driver_listen(&p->link.queue[0]));
}

uint8_t *peer_buffer(uint32_t client, uint32_t bytes)
{
    struct peer *p = &peers[client];
    uint8_t *at = p->link.link.memory.at + p->used;

    p->used += (bytes + 15) & ~15u;
    assert_true(p->used <= p->link.link.memory.size);
    return at;
}

struct ask *peer_ask(uint32_t client, uint32_t type, uint64_t sector, uint32_t bytes, uint32_t parts)
{
    struct peer *p = &peers[client];
    struct ask *a = (struct ask *)calloc(1, sizeof(*a));
    struct vio_span span[VIO_NUM_MAX];
    uint32_t n = 0;
    bool reads = type == VIO_BLOCK_IN || type == VIO_BLOCK_GET_ID;

    a->header = (struct vio_block_header *)(void *)peer_buffer(client, sizeof(*a->header));
    *a->header = (struct vio_block_header){ .type = type, .sector = sector };
    a->status = peer_buffer(client, 1);
    *a->status = 0xee;
    a->data = peer_buffer(client, bytes);
    a->bytes = bytes;
    span[n++] = (struct vio_span){ vio_address(&p->link.link.memory, a->header), sizeof(*a->header) };
    for (uint32_t i = 0; i < parts; i++)
        span[n++] = (struct vio_span){ vio_address(&p->link.link.memory, a->data + i * (bytes / parts)), bytes / parts };
    span[n++] = (struct vio_span){ vio_address(&p->link.link.memory, a->status), 1 };
    assert_int_equal(vio_driver_add(&p->link.queue[0], span, reads ? 1 : n - 1, reads ? n - 1 : 1, a), VIO_OK);
    p->out++;
    vio_link_client_publish(&p->link, 0);
    return a;
}

uint8_t peer_do(uint32_t client, uint32_t type, uint64_t sector, uint32_t bytes)
{
    uint32_t used = peers[client].used;
    struct ask *a = peer_ask(client, type, sector, bytes, bytes > 0);
    uint8_t status;

    world_settle();
    status = *a->status;
    assert_int_equal(a->done, status != 0xee);
    peers[client].used = used;
    free(a);
    return status;
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
    uint64_t bytes = DMA_BYTES + CLIENTS * LINK_BYTES;
    int fd = memfd_create("bus", 0);

    assert_true(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0);
    world = (struct world){ .now = 1000, .num_max = 256, .bad_sector = UINT64_MAX };
    world.features = VIO_BLOCK_F_SEG_MAX | VIO_BLOCK_F_FLUSH | VIO_BLOCK_F_BLK_SIZE | VIO_F_EVENT_IDX;
    world.config = (struct vio_block_config){ .capacity = SECTORS, .seg_max = 254, .blk_size = 512 };
    world.bus = (struct vio_memory){ BUS_BASE, bytes, map(fd, 0, bytes) };
    /* In the cell, the private region is first; on the bus it is last. */
    regions[0] = (struct mv_dma_config){ "dma", (uint64_t)map(fd, CLIENTS * LINK_BYTES, DMA_BYTES), DMA_BYTES,
                                         BUS_BASE + CLIENTS * LINK_BYTES, 1 };
    for (uint32_t i = 0; i < CLIENTS; i++) {
        peers[i].segment = map(fd, i * LINK_BYTES, LINK_BYTES);
        regions[i + 1] = (struct mv_dma_config){ "link", (uint64_t)peers[i].segment, LINK_BYTES,
                                                 BUS_BASE + i * LINK_BYTES, 1 };
        links[i] = (struct mv_channel_config){ .name = "link", .address = regions[i + 1].address, .size = LINK_BYTES,
                                               .kind = MV_CHANNEL_LINK, .end = 1, .raise_cap = RAISE_CAP + i };
        peers[i].config = links[i];
        peers[i].config.end = 0;
        peers[i].config.raise_cap = i + 1;
    }
    close(fd);
    for (uint64_t s = 0; s < SECTORS; s++)
        for (uint32_t b = 0; b < 512; b++)
            world.image[s * 512 + b] = (uint8_t)(s * 7 + b);
}

static bool cell_run(void)
{
    bool any = false;
    enum pci_again back;

    for (uint32_t i = 0; i < CLIENTS; i++) {
        if (!world.server_raised[i])
            continue;
        world.server_raised[i] = false;
        serve_client(i);
        any = true;
    }
    if (world.isr != 0 && disk.works) {
        if (!disk_interrupt())
            serve_disk_failed();
        any = true;
    }
    if (!any)
        return false;
    do
        back = serve();
    while (back == PCI_AGAIN_NOW);
    return true;
}

static void settle(uint32_t disk_does)
{
    bool any = true;

    for (int n = 0; any; n++) {
        assert_true(n < 20000);
        any = world_disk(disk_does) > 0;
        any |= cell_run();
        for (uint32_t i = 0; i < CLIENTS; i++) {
            any |= world.client_raised[i];
            if (world.client_raised[i])
                peer_poll(i);
        }
    }
}

void world_settle(void)
{
    settle(5);
}

void world_settle_without_disk(void)
{
    settle(0);
}

void world_pass(uint64_t ns)
{
    for (uint64_t passed = 0; passed < ns; passed += MV_S / 2) {
        enum pci_again back;

        world.now += MV_S / 2;
        do
            back = serve();
        while (back == PCI_AGAIN_NOW);
        world_settle();
    }
}

void world_start(void)
{
    (void)disk_start();
    serve_start();
    (void)serve();
    for (uint32_t i = 0; i < CLIENTS; i++)
        peer_open(i);
    world_settle();
}
