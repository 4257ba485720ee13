/* SPDX-License-Identifier: BSD-2-Clause */
#include "hostile.h"

#include "disk.h"
#include "network.h"
#include "ports.h"
#include "world.h"

#define LINK_BYTES 0x20000u
#define FIRST      2u
#define DEVICES    3u
#define QUEUES     6u                      /* of the ports, which have most */
#define PLACE      16384u                  /* bytes of the guest's memory for each queue's rings */

static struct ports ports;
static struct disk disk;
static struct network network;
static struct world_link links[2];
static struct vio_link_server servers[2];
static struct io_device devices[DEVICES];
static const struct mv_channel_config channels[2] = { { .raise_cap = 0 }, { .raise_cap = 1 } };
static const struct io_port port_configs[2] = { { "one", &channels[0] }, { "two", &channels[1] } };

/* ---- what the bytes say ------------------------------------------------------------- */

static const uint8_t *input;
static size_t left;

static uint32_t any(void)
{
    if (left == 0)
        return 0;
    left--;
    return *input++;
}

static uint32_t any32(void)
{
    uint32_t value = any();

    return value < 128 ? value : value | any() << 8 | any() << 16 | any() << 24;
}

/* ---- things to do ---------------------------------------------------------------------- */

static struct slot *slot_of(uint32_t n)
{
    return n == 0 ? &ports.slot : n == 1 ? &disk.slot : &network.slot;
}

static uint8_t *rings(uint32_t device, uint32_t queue)
{
    return world.ram + (device * QUEUES + queue) * PLACE;
}

/* An address that means something, or nearly. */
static uint64_t address(void)
{
    uint64_t base = (uintptr_t)world.ram;

    switch (any() % 8) {
    case 0:  return any32();
    case 1:  return base + WORLD_RAM - any() % 64;
    case 2:  return base - 8 + any() % 16;
    case 3:  return ~UINT64_C(0) - any();
    default: return base + (1u << 20) + any32() % 65536;
    }
}

static void set64(uint32_t slot, uint32_t offset, uint64_t value)
{
    guest_store(slot, offset, (uint32_t)value);
    guest_store(slot, offset + 4, (uint32_t)(value >> 32));
}

/* A driver that sets its device up, more or less. */
static void set_up(uint32_t device, bool event_index)
{
    uint32_t slot = FIRST + device, num = 1u << any() % 9, count = slot_of(device)->device.queue_count;
    struct vio_ring_layout l = vio_ring_layout_of(num);

    guest_store(slot, 0x70, 0);
    guest_store(slot, 0x70, 3);
    guest_store(slot, 0x24, 1);
    guest_store(slot, 0x20, 1);
    guest_store(slot, 0x24, 0);
    guest_store(slot, 0x20, (event_index ? (uint32_t)VIO_F_EVENT_IDX : 0) |
                            (device == 0 ? (uint32_t)VIO_CONSOLE_F_MULTIPORT : 0));
    guest_store(slot, 0x70, 11);
    for (uint32_t q = 0; q < count; q++) {
        uint8_t *at = rings(device, q);

        memset(at, 0, PLACE);
        guest_store(slot, 0x30, q);
        guest_store(slot, 0x38, num);
        set64(slot, 0x80, (uintptr_t)at);
        set64(slot, 0x90, (uintptr_t)at + l.avail);
        set64(slot, 0xa0, (uintptr_t)at + l.used);
        guest_store(slot, 0x44, 1);
    }
    guest_store(slot, 0x70, 15);
}

/* A descriptor of a queue, perhaps a good one. */
static void describe(uint32_t device)
{
    struct vio_desc *d = (struct vio_desc *)(void *)rings(device, any() % QUEUES) + any() % 16;
    uint32_t what = any();

    d->address = (what & 1) != 0 ? address() : (uintptr_t)world.ram + (1u << 20) + 512 * any();
    d->length = (what & 2) != 0 ? any32() : (what & 4) != 0 ? 16 : 512;
    d->flags = (uint16_t)((what & 8) != 0 ? any() : what >> 4 & 3);
    d->next = (uint16_t)(any() % 20);
}

/* A request of a disk that is right. */
static void request(void)
{
    struct vio_device_queue *q = &disk.slot.mmio.queue[0];
    struct vio_desc *d = (struct vio_desc *)(void *)rings(1, 0);
    struct vio_block_header *h = (struct vio_block_header *)(void *)guest_data(0);
    uint32_t type = any() % 3 * (any() % 3), bytes = 512 * any();

    if (!q->ready || q->num < 4)
        return;
    *h = (struct vio_block_header){ .type = type, .sector = any() };
    d[0] = (struct vio_desc){ (uintptr_t)h, 16, VIO_DESC_NEXT, 1 };
    d[1] = (struct vio_desc){ (uintptr_t)guest_data(4096), bytes,
                              (uint16_t)(VIO_DESC_NEXT | (type == VIO_BLOCK_OUT ? 0 : VIO_DESC_WRITE)), 2 };
    d[2] = (struct vio_desc){ (uintptr_t)guest_data(64), 1, VIO_DESC_WRITE, 0 };
    q->avail->ring[q->avail->index % q->num] = 0;
    q->avail->index++;
    guest_ring(FIRST + 1, 0);
}

/* A buffer of one part that is right: a frame, a place for one, bytes of a port, a
 * message about one. */
static void buffer(void)
{
    uint32_t device = any() % 2 * 2, count = slot_of(device)->device.queue_count, queue = any() % count;
    struct vio_device_queue *q = &slot_of(device)->mmio.queue[queue];
    uint32_t length = device == 2 ? (queue == 0 ? 1530 : 26 + 6 * any()) : queue == 3 ? 8 : any();
    struct vio_console_control c = { any() % 3, (uint16_t)(any() % 8), (uint16_t)(any() % 2) };
    uint32_t n = any() % 16;

    if (!q->ready || q->num <= n)
        return;
    memcpy(guest_data(65536 + 2048 * n), &c, sizeof(c));
    ((struct vio_desc *)(void *)rings(device, queue))[n] =
        (struct vio_desc){ (uintptr_t)guest_data(65536 + 2048 * n), length, queue % 2 == 0 ? VIO_DESC_WRITE : 0, 0 };
    q->avail->ring[q->avail->index % q->num] = (uint16_t)n;
    q->avail->index++;
    guest_ring(FIRST + device, queue);
}

static void make_available(uint32_t device)
{
    struct vio_device_queue *q = &slot_of(device)->mmio.queue[any() % slot_of(device)->device.queue_count];
    uint32_t count = any() % 8;

    if (!q->ready)
        return;
    for (uint32_t i = 0; i < count; i++)
        q->avail->ring[(q->avail->index + i) % q->num] = (uint16_t)(any() % 18);
    q->avail->index = (uint16_t)(q->avail->index + count);
    guest_ring(FIRST + device, any() % 8);
}

static void server_open(uint32_t n)
{
    uint8_t config[64] = { (uint8_t)any(), (uint8_t)any() };

    (void)vio_link_server_open(&servers[n], &links[n].end[1], n == 0 ? VIO_ID_BLOCK : VIO_ID_NET,
                               any() % 2 != 0 ? VIO_BLOCK_F_FLUSH : 0, config, sizeof(config));
}

/* The other end of a link works, and says what it likes. */
static void serve(uint32_t n)
{
    struct vio_link_server *s = &servers[n];
    uint32_t count = any() % 16;

    if (s->link.header == NULL)
        return;
    if (vio_link_server_poll(s) == VIO_LINK_NEW)
        (void)vio_link_server_accept(s);
    for (uint32_t i = 0; i < count; i++) {
        struct vio_part part[20];
        struct vio_chain chain = { .part = part, .part_max = 20 };
        uint32_t q = n == 0 ? 0 : any() % 2, how = any();

        if (vio_device_next(&s->queue[q], &chain) != VIO_OK)
            break;
        if ((how & 1) != 0 && chain.in_bytes != 0) {
            uint8_t status = (uint8_t)((how & 2) != 0 ? any() : 0);

            (void)vio_parts_put(part + chain.out_count, chain.in_count, chain.in_bytes - 1, &status, 1);
        }
        if ((how & 4) == 0)
            vio_device_done(&s->queue[q], chain.head,
                            (how & 8) != 0 ? any32() : (how & 16) != 0 ? 100 : (uint32_t)chain.in_bytes);
    }
    for (uint32_t q = 0; q < s->link.layout.queue_count; q++)
        vio_link_server_publish(s, q);
    slot_mark(slot_of(n + 1));
}

/* A word of a link: of the header more often, then of the rings. */
static void poke_link(uint32_t n)
{
    static const uint32_t most[4] = { 64, 256, 8192, LINK_BYTES };
    uint32_t at = any32() % (most[any() % 4] / 4), value = any32();

    memcpy((uint8_t *)(uintptr_t)links[n].end[0].address + 4 * at, &value, 4);
    slot_mark(slot_of(n + 1));
}

static void poke_ram(void)
{
    uint32_t at = any32() % (DEVICES * QUEUES * PLACE / 2), value = any32();

    memcpy(world.ram + 2 * at, &value, 2);
}

static void write_register(void)
{
    uint32_t slot = any() % 8, offset = any() * 4 % 0x210, size = 1u << any() % 5;

    slot_write(slot, offset, size, any() % 2 != 0 ? address() : any32());
    (void)slot_read(slot, offset, size);
}

static void do_one(void)
{
    uint32_t what = any(), device = any() % DEVICES, n = any() % 2;

    switch (what % 18) {
    case 0:  set_up(device, what > 127); break;
    case 1:
    case 2:  describe(device); break;
    case 3:
    case 4:  make_available(device); break;
    case 5:  request(); break;
    case 6:  server_open(n); break;
    case 7:
    case 8:  serve(n); break;
    case 9:  poke_link(n); break;
    case 10: poke_ram(); break;
    case 11: write_register(); break;
    case 12:
    case 13:
    case 14:
    case 15: buffer(); break;
    case 16: world_wait((uint64_t)any() % 16 * SLOT_TICK_NS); break;
    default:
        world.to_cell[n].length = any();
        world.from_cell[n].length = 0;
        slot_mark(&ports.slot);
        if (any() == 0)
            slot_reset_all();
        break;
    }
}

/* ---- all of it --------------------------------------------------------------------------- */

static void make(void)
{
    static const uint32_t kinds[DEVICES] = { IO_PORTS, IO_BLOCK, IO_NET };

    for (uint32_t i = 0; i < 2; i++) {
        if (links[i].end[0].address != 0)
            link_free(&links[i]);
        link_make(&links[i], LINK_BYTES, 10 + i, 12 + i);
        memset(&servers[i], 0, sizeof(servers[i]));
    }
    for (uint32_t i = 0; i < DEVICES; i++)
        devices[i] = (struct io_device){ .kind = kinds[i], .slot = FIRST + i, .raise_cap = i, .name = "name",
                                         .link = i == 0 ? NULL : &links[i - 1].end[0] };
    world_make(devices, DEVICES, port_configs, 2);
    memset(&ports, 0, sizeof(ports));
    memset(&disk, 0, sizeof(disk));
    memset(&network, 0, sizeof(network));
    if (!ports_start(&ports, &devices[0]))
        abort();
    disk_start(&disk, &devices[1]);
    network_start(&network, &devices[2]);
}

void hostile_run(const uint8_t *bytes, size_t size)
{
    input = bytes;
    left = size;
    make();
    for (uint32_t i = 0; i < 2; i++)
        server_open(i);
    for (uint32_t i = 0; i < DEVICES; i++)
        set_up(i, true);
    while (left > 0) {
        do_one();
        (void)slot_run();
        world.said_length = 0;
    }
    /* Whatever has happened, it comes to rest, and no request stays for ever. */
    for (uint32_t n = 0; n < 3; n++)
        world_wait(DISK_FLUSH_LIMIT_NS + 2 * SLOT_TICK_NS);
    if (slot_run() || disk.used != 0)
        abort();
}
