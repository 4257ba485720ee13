/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest whose requests are measured: it has a disk and a network card of
 * virtio, makes one request at a time, and sleeps until its interrupt. Without
 * end: the harness looks when it wants to, between the marks.
 */
#include "gic.h"

#include <libvirtio/driver.h>
#include <libvirtio/types.h>

#define MARK(name) __asm__ volatile(".global mark_" #name "\nmark_" #name ":" : : : "memory")
#define NOINLINE   __attribute__((noinline))
#define REPEAT     16
#define NUM        16u
#define SECTORS    8u
#define FRAME_MAX  1514u

/* Registers of a virtio-mmio device (virtio 1.2, 4.2.2). */
#define DEVICE_ID        0x008u
#define DRIVER_FEATURES  0x020u
#define DRIVER_SELECT    0x024u
#define QUEUE_SELECT     0x030u
#define QUEUE_NUM        0x038u
#define QUEUE_READY      0x044u
#define QUEUE_NOTIFY     0x050u
#define INTERRUPT_STATUS 0x060u
#define INTERRUPT_ACK    0x064u
#define STATUS           0x070u
#define QUEUE_DESC       0x080u
#define QUEUE_DRIVER     0x090u
#define QUEUE_DEVICE     0x0a0u

struct queue {
    struct vio_driver_queue queue;
    struct vio_driver_slot slot[NUM];
    _Alignas(4096) uint8_t memory[4096];
};

static struct queue block_queue, receive_queue, transmit_queue;
static uint64_t block_at, net_at;
static volatile uint32_t taken;

static struct vio_block_header header;
static uint8_t data[SECTORS * VIO_BLOCK_SECTOR], status;
static struct {
    struct vio_net_header header;
    uint8_t frame[FRAME_MAX + 2];
} out, in;

static void take(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack(), id = GIC_ID(iar);
    uint64_t at = MV_GUEST_VIRTIO + (id - MV_GUEST_SPI_VIRTIO) * MV_GUEST_VIRTIO_BYTES;

    (void)f;
    (void)vector;
    if (id < MV_GUEST_SPI_VIRTIO || id >= MV_GUEST_SPI_VIRTIO + MV_GUEST_VIRTIO_COUNT)
        return;
    write32(at + INTERRUPT_ACK, read32(at + INTERRUPT_STATUS));
    gic_eoi(iar);
    taken++;
}

static uint64_t find(uint32_t device)
{
    for (uint32_t i = MV_GUEST_VIRTIO_IO; i < MV_GUEST_VIRTIO_COUNT; i++) {
        uint64_t at = MV_GUEST_VIRTIO + i * MV_GUEST_VIRTIO_BYTES;

        if (read32(at + DEVICE_ID) != device)
            continue;
        write32(at + STATUS, 0);
        write32(at + STATUS, VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER);
        write32(at + DRIVER_SELECT, 1);
        write32(at + DRIVER_FEATURES, (uint32_t)(VIO_F_VERSION_1 >> 32));
        write32(at + DRIVER_SELECT, 0);
        write32(at + DRIVER_FEATURES, (uint32_t)VIO_F_EVENT_IDX);
        write32(at + STATUS, VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER | VIO_STATUS_FEATURES_OK);
        gic_set_edge(MV_GUEST_SPI_VIRTIO + i, true);
        gic_route(MV_GUEST_SPI_VIRTIO + i, 0);
        gic_set_priority(MV_GUEST_SPI_VIRTIO + i, 0x80);
        gic_enable(MV_GUEST_SPI_VIRTIO + i);
        return at;
    }
    say("there is no device %u", device);
    guest_end_all();
}

static void write_address(uint64_t at, const void *address)
{
    write32(at, (uint32_t)(uint64_t)address);
    write32(at + 4, (uint32_t)((uint64_t)address >> 32));
}

static void start(uint64_t at, uint32_t number, struct queue *q)
{
    vio_driver_start(&q->queue, q->memory, NUM, q->slot, VIO_DRIVER_EVENT_INDEX);
    write32(at + QUEUE_SELECT, number);
    write32(at + QUEUE_NUM, NUM);
    write_address(at + QUEUE_DESC, q->queue.desc);
    write_address(at + QUEUE_DRIVER, q->queue.avail);
    write_address(at + QUEUE_DEVICE, q->queue.used);
    write32(at + QUEUE_READY, 1);
}

static void go(uint64_t at)
{
    write32(at + STATUS, read32(at + STATUS) | VIO_STATUS_DRIVER_OK);
}

static struct vio_span span(const void *p, uint32_t length)
{
    return (struct vio_span){ (uint64_t)p, length };
}

/* Sleep until the device has done something in this queue. Interrupts stay asked
 * for, as Linux's drivers have them while little is under way. */
static void wait(struct queue *q)
{
    void *token;
    uint32_t length;

    irq_disable();
    while (vio_driver_take(&q->queue, &token, &length) == VIO_EMPTY) {
        if (!vio_driver_listen(&q->queue))
            wfi();
        irq_enable();
        irq_disable();
    }
    (void)vio_driver_listen(&q->queue);
    irq_enable();
}

static void notify(struct queue *q, uint64_t at, uint32_t number)
{
    if (vio_driver_publish(&q->queue))
        write32(at + QUEUE_NOTIFY, number);
}

static NOINLINE void request(uint32_t type)
{
    struct vio_span part[3] = { span(&header, sizeof(header)), span(data, sizeof(data)), span(&status, 1) };

    header.type = type;
    header.sector = 0;
    status = 0xff;
    vio_driver_add(&block_queue.queue, part, type == VIO_BLOCK_IN ? 1 : 2, type == VIO_BLOCK_IN ? 2 : 1, data);
    notify(&block_queue, block_at, 0);
    wait(&block_queue);
    if (status != VIO_BLOCK_OK)
        say("a request failed: %u", status);
}

/* A frame to the native cell that sends all back. */
static NOINLINE void frame(uint32_t bytes)
{
    static const uint8_t head[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x88, 0xb5 };
    struct vio_span to = span(&out, (uint32_t)sizeof(out.header) + bytes), from = span(&in, sizeof(in));

    memcpy(out.frame, head, sizeof(head));
    vio_driver_add(&receive_queue.queue, &from, 0, 1, &in);
    notify(&receive_queue, net_at, VIO_NET_RECEIVE);
    vio_driver_add(&transmit_queue.queue, &to, 1, 0, &out);
    notify(&transmit_queue, net_at, VIO_NET_TRANSMIT);
    wait(&receive_queue);
    wait(&transmit_queue);
}

void guest_main(void)
{
    gic_init();
    guest_on_irq = take;
    irq_enable();
    block_at = find(VIO_ID_BLOCK);
    start(block_at, 0, &block_queue);
    go(block_at);
    net_at = find(VIO_ID_NET);
    start(net_at, VIO_NET_RECEIVE, &receive_queue);
    start(net_at, VIO_NET_TRANSMIT, &transmit_queue);
    go(net_at);
    request(VIO_BLOCK_IN);
    frame(FRAME_MAX);
    say("ready");
    for (;;) {
        for (int i = 0; i < REPEAT; i++) {
            MARK(block_read_begin);
            request(VIO_BLOCK_IN);
            MARK(block_read_end);
        }
        for (int i = 0; i < REPEAT; i++) {
            MARK(block_write_begin);
            request(VIO_BLOCK_OUT);
            MARK(block_write_end);
        }
        for (int i = 0; i < REPEAT; i++) {
            MARK(net_small_begin);
            frame(60);
            MARK(net_small_end);
        }
        for (int i = 0; i < REPEAT; i++) {
            MARK(net_large_begin);
            frame(FRAME_MAX);
            MARK(net_large_end);
        }
    }
}
