/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration is constant for the cell, not for its tests. */
#define io_config io_config_of_the_cell
#include "io_config.h"
#undef io_config
#define io_config io_config_of_the_cell
#include "world.h"
#undef io_config

#include <stdio.h>

#include <libmv/calls.h>
#include <libmv/channel.h>
#include <libmv/print.h>

struct world world;
struct io_config_of_the_cell io_config;
const struct mv_cell_config mv_cell = { .name = "cell" };

static uint64_t seed;

/* ---- the kernel and libmv ------------------------------------------------------------- */

mv_status_t mv_virq_raise(uint32_t cap, uint64_t payload)
{
    (void)payload;
    if (cap >= WORLD_CAPS)
        abort();
    world.raises[cap]++;
    return MV_OK;
}

uint64_t mv_time_ns(void)
{
    return world.now_ns;
}

void mv_vprint(const char *format, va_list list)
{
    size_t room = sizeof(world.said) - world.said_length;
    int length = vsnprintf(world.said + world.said_length, room, format, list);

    if (length > 0)
        world.said_length += (size_t)length < room ? (size_t)length : room - 1;
}

void mv_print(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    mv_vprint(format, list);
    va_end(list);
}

mv_status_t mv_channel_open(struct mv_channel *c, const struct mv_channel_config *config)
{
    *c = (struct mv_channel){ .config = config };
    return MV_OK;
}

size_t mv_channel_write_try(struct mv_channel *c, const void *bytes, size_t size)
{
    struct fifo *f = &world.from_cell[c->config->raise_cap];
    size_t part = size < WORLD_FIFO - f->length ? size : WORLD_FIFO - f->length;

    memcpy(f->bytes + f->length, bytes, part);
    f->length += part;
    return part;
}

size_t mv_channel_read_try(struct mv_channel *c, void *bytes, size_t size)
{
    struct fifo *f = &world.to_cell[c->config->raise_cap];
    size_t part = size < f->length ? size : f->length;

    memcpy(bytes, f->bytes, part);
    f->length -= part;
    memmove(f->bytes, f->bytes + part, f->length);
    return part;
}

/* ---- the world -------------------------------------------------------------------------- */

void world_make(const struct io_device *devices, uint32_t count, const struct io_port *ports, uint32_t port_count)
{
    uint8_t *ram = world.ram;

    if (ram == NULL && (ram = (uint8_t *)aligned_alloc(4096, WORLD_RAM)) == NULL)
        abort();
    memset(&world, 0, sizeof(world));
    memset(ram, 0, WORLD_RAM);
    world.ram = ram;
    world.now_ns = 1000 * MV_S;
    world_seed(1);
    io_config = (struct io_config_of_the_cell){
        .name = "vm", .ram_base = (uintptr_t)ram, .ram_size = WORLD_RAM, .status = world.status,
        .device_count = count, .devices = devices, .port_count = port_count, .ports = ports,
    };
    slot_clear();
}

/* splitmix64 */
uint64_t world_random(void)
{
    uint64_t x = seed += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void world_seed(uint64_t value)
{
    seed = value;
}

uint32_t world_below(uint32_t limit)
{
    return (uint32_t)(world_random() % limit);
}

void link_make(struct world_link *l, uint32_t bytes, uint32_t client_cap, uint32_t server_cap)
{
    uint8_t *at = (uint8_t *)aligned_alloc(4096, bytes);

    if (at == NULL)
        abort();
    memset(at, 0, bytes);
    for (uint8_t end = 0; end < 2; end++)
        l->end[end] = (struct mv_channel_config){
            .name = "link", .address = (uintptr_t)at, .size = bytes, .kind = MV_CHANNEL_LINK, .end = end,
            .raise_cap = end == 0 ? server_cap : client_cap,
        };
}

void link_free(struct world_link *l)
{
    free((void *)(uintptr_t)l->end[0].address);
}

/* ---- the guest ---------------------------------------------------------------------------- */

uint32_t guest_load(uint32_t slot, uint32_t offset)
{
    return (uint32_t)slot_read(slot, offset, 4);
}

void guest_store(uint32_t slot, uint32_t offset, uint32_t value)
{
    slot_write(slot, offset, 4, value);
}

uint64_t guest_features(uint32_t slot)
{
    uint64_t features;

    guest_store(slot, 0x14, 0);
    features = guest_load(slot, 0x10);
    guest_store(slot, 0x14, 1);
    return features | (uint64_t)guest_load(slot, 0x10) << 32;
}

static void store64(uint32_t slot, uint32_t offset, uint64_t value)
{
    guest_store(slot, offset, (uint32_t)value);
    guest_store(slot, offset + 4, (uint32_t)(value >> 32));
}

static void start_queue(uint32_t slot, uint32_t number, struct guest_queue *queue, uint8_t *at, uint32_t num,
                        uint64_t features)
{
    struct vio_ring_layout l = vio_ring_layout_of(num);

    assert_true(vio_driver_start(&queue->q, at, num, queue->slot,
                                 (features & VIO_F_EVENT_IDX) != 0 ? VIO_DRIVER_EVENT_INDEX : 0));
    guest_store(slot, 0x30, number);
    assert_true(guest_load(slot, 0x34) >= num);
    guest_store(slot, 0x38, num);
    store64(slot, 0x80, (uintptr_t)at);
    store64(slot, 0x90, (uintptr_t)at + l.avail);
    store64(slot, 0xa0, (uintptr_t)at + l.used);
    guest_store(slot, 0x44, 1);
    assert_int_equal(guest_load(slot, 0x44), 1);
}

void guest_start(uint32_t slot, uint64_t features, struct guest_queue *queue, uint32_t count, uint32_t num,
                 uint32_t place)
{
    features |= VIO_F_VERSION_1;
    guest_store(slot, 0x70, 0);
    guest_store(slot, 0x70, 3);
    for (uint32_t i = 0; i < 2; i++) {
        guest_store(slot, 0x24, i);
        guest_store(slot, 0x20, (uint32_t)(features >> 32 * i));
    }
    guest_store(slot, 0x70, 11);
    assert_int_equal(guest_load(slot, 0x70), 11);
    for (uint32_t i = 0; i < count; i++)
        start_queue(slot, i, &queue[i], world.ram + 16384 * (place + i), num, features);
    guest_store(slot, 0x70, 15);
    assert_int_equal(guest_load(slot, 0x70), 15);
}

uint8_t *guest_data(uint64_t offset)
{
    return world.ram + (1u << 20) + offset;
}

struct vio_span guest_span(uint64_t offset, uint32_t length)
{
    return (struct vio_span){ (uintptr_t)guest_data(offset), length };
}

/* What a bell is in the cell: only the device it belongs to is marked. */
void guest_ring(uint32_t slot, uint32_t queue)
{
    guest_store(slot, 0x50, queue);
    world_turns(NULL);
}

void world_turns(struct slot *s)
{
    if (s != NULL)
        slot_mark(s);
    for (uint32_t n = 0; n < WORLD_TURNS && slot_run(); n++)
        continue;
}

void world_wait(uint64_t ns)
{
    for (uint64_t step = 0; ns > 0; ns -= step) {
        step = ns < SLOT_TICK_NS ? ns : SLOT_TICK_NS;
        world.now_ns += step;
        slot_mark_due(world.now_ns);
        if (slot_wants_time())
            (void)slot_tick(world.now_ns);
        world_turns(NULL);
    }
}

bool world_later(void)
{
    uint64_t at = slot_later();

    if (at == 0)
        return false;
    world.now_ns = at > world.now_ns ? at : world.now_ns;
    slot_mark_due(world.now_ns);
    world_turns(NULL);
    return true;
}

bool is_broken(uint32_t slot)
{
    return (guest_load(slot, 0x70) & VIO_STATUS_NEEDS_RESET) != 0;
}
