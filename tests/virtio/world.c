/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <libmv/calls.h>
#include <libmv/device.h>
#include <libmv/time.h>

struct world world;

mv_status_t mv_virq_raise(uint32_t cap, uint64_t payload)
{
    if (cap >= WORLD_CAPS)
        abort();
    world.raises[cap]++;
    world.payload[cap] |= payload;
    return MV_OK;
}

uint64_t mv_time_ns(void)
{
    return ++world.now_ns;
}

void mv_sleep(uint64_t ns)
{
    world.now_ns += ns;
}

static uint32_t read_register(uint64_t address, uint32_t size)
{
    if (world.registers == NULL || address % size != 0)
        abort();
    return world.registers->read(address, size);
}

static void write_register(uint64_t address, uint32_t size, uint32_t value)
{
    if (world.registers == NULL || address % size != 0)
        abort();
    world.registers->write(address, size, value);
}

uint8_t mv_read8(uint64_t address)
{
    return (uint8_t)read_register(address, 1);
}

uint16_t mv_read16(uint64_t address)
{
    return (uint16_t)read_register(address, 2);
}

uint32_t mv_read32(uint64_t address)
{
    return read_register(address, 4);
}

void mv_write8(uint64_t address, uint8_t value)
{
    write_register(address, 1, value);
}

void mv_write16(uint64_t address, uint16_t value)
{
    write_register(address, 2, value);
}

void mv_write32(uint64_t address, uint32_t value)
{
    write_register(address, 4, value);
}

uint64_t world_random(uint64_t *state)
{
    uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void pair_make(struct pair *p, uint32_t num, uint32_t bytes, bool event_index)
{
    struct vio_ring_layout l = vio_ring_layout_of(num);
    uint8_t *at = aligned_alloc(VIO_RING_LINE, bytes);

    if (at == NULL || l.bytes > PAIR_RINGS)
        abort();
    memset(at, 0xa5, bytes);
    *p = (struct pair){ .memory = { PAIR_BASE, bytes, at } };
    if (!vio_driver_start(&p->driver, at, num, p->slot, event_index ? VIO_DRIVER_EVENT_INDEX : 0) ||
        !vio_device_start(&p->device, &p->memory, num, PAIR_BASE, PAIR_BASE + l.avail, PAIR_BASE + l.used,
                          event_index))
        abort();
}

void pair_free(struct pair *p)
{
    free(p->memory.at);
}

struct vio_span pair_span(uint64_t offset, uint32_t length)
{
    return (struct vio_span){ PAIR_BASE + offset, length };
}
