/* SPDX-License-Identifier: BSD-2-Clause */
/* The configuration is constant for the VMM, not for its tests. */
#define vmm_config vmm_config_of_the_vmm
#include "world.h"
#undef vmm_config

#include <stdlib.h>

#include <libmv/calls.h>
#include <libmv/channel.h>
#include <libmv/message.h>
#include <libmv/start.h>
#include <libmv/time.h>

#include "console.h"
#include "machine.h"
#include "power.h"

struct world world;
struct vmm_config_of_the_vmm vmm_config;

#define CONSOLE_LINE 3
static const struct mv_channel_config console_config = { .name = "console", .line = CONSOLE_LINE };
const struct mv_cell_config mv_cell = { .name = "vm-vmm", .console = &console_config };

static _Alignas(64) uint8_t message[MV_EXTENDED_BYTES];

/* ---- the kernel ---------------------------------------------------------------- */

void *mv_message_data(void)
{
    return message;
}

static uint32_t vcpu_of(uint32_t cap)
{
    assert_in_range(cap, CAP_VCPU, CAP_VCPU + vmm_config.vcpu_count - 1);
    return cap - CAP_VCPU;
}

mv_status_t mv_vcpu_read(uint32_t cap)
{
    uint32_t vcpu = vcpu_of(cap);

    if (world.hidden[vcpu])
        return MV_BUSY;
    memcpy(message, &world.guest[vcpu], sizeof(world.guest[vcpu]));
    return MV_OK;
}

mv_status_t mv_vcpu_write(uint32_t cap)
{
    uint32_t vcpu = vcpu_of(cap);

    if (world.hidden[vcpu])
        return MV_BUSY;
    memcpy(&world.guest[vcpu], message, offsetof(struct guest_state, vm.midr_el1));
    return MV_OK;
}

mv_status_t mv_vcpu_start(uint32_t cap)
{
    world.starts[vcpu_of(cap)]++;
    world.guest[vcpu_of(cap)].cpu.run_state = MV_STATE_RUNNABLE;
    world.hidden[vcpu_of(cap)] = true;
    return MV_OK;
}

mv_status_t mv_vcpu_stop(uint32_t cap)
{
    world.stops[vcpu_of(cap)]++;
    world.guest[vcpu_of(cap)].cpu.run_state = MV_STATE_STOPPED;
    world.hidden[vcpu_of(cap)] = false;
    return MV_OK;
}

mv_status_t mv_cell_stop(uint32_t cap)
{
    assert_int_equal(cap, CAP_CELL);
    world.cell_stops++;
    return MV_OK;
}

mv_status_t mv_cell_start(uint32_t cap)
{
    assert_int_equal(cap, CAP_CELL);
    world.cell_starts++;
    return MV_OK;
}

static uint32_t words_of(uint64_t field)
{
    uint32_t banks = vmm_config.vcpu_count + vmm_config.spi_banks;

    if (field == MV_VGIC_CONTROL)
        return 1;
    return field == MV_VGIC_PRIORITY || field == MV_VGIC_TARGET ? 8 * banks : banks;
}

/* The VMM never asks for what is not there. */
mv_status_t mv_vgic_get(uint32_t cap, uint64_t field, uint64_t word, uint64_t *value)
{
    assert_int_equal(cap, CAP_VGIC);
    assert_true(field < MV_VGIC_FIELDS && word < words_of(field));
    *value = world.vgic[field][word];
    return MV_OK;
}

mv_status_t mv_vgic_set(uint32_t cap, uint64_t field, uint64_t word, uint64_t mask, uint64_t value)
{
    uint32_t *w = &world.vgic[field][word];

    assert_int_equal(cap, CAP_VGIC);
    assert_true(field < MV_VGIC_FIELDS && word < words_of(field));
    *w = (uint32_t)((*w & ~mask) | (value & mask));
    return MV_OK;
}

/* The io cell's portal. */
mv_status_t mv_call_until(uint32_t portal, struct mv_words *io, uint64_t deadline)
{
    assert_int_equal(portal, CAP_IO);
    assert_true(deadline > world.now_ns && deadline <= world.now_ns + 10 * MV_S);
    world.io_calls++;
    world.io_last = *io;
    *io = world.io_answer;
    return world.io_status;
}

/* ---- time, the processor, the console --------------------------------------------- */

uint64_t mv_time_ns(void) { return world.now_ns; }
uint64_t machine_counter(void) { return world.counter; }
void machine_relax(void) { fail_msg("a lock is taken twice"); }
void machine_flush(uint64_t address, uint64_t size)
{
    assert_int_equal(address, (uintptr_t)world.ram + world.flushed);
    world.flushed += size;
}

struct mv_local *mv_local(void)
{
    static struct mv_local local;

    return &local;
}

mv_status_t mv_channel_open(struct mv_channel *c, const struct mv_channel_config *config)
{
    c->config = config;
    return MV_OK;
}

uint32_t mv_channel_space(struct mv_channel *c)
{
    (void)c;
    return (uint32_t)world.out_space;
}

size_t mv_channel_write_try(struct mv_channel *c, const void *bytes, size_t size)
{
    size_t part = size < world.out_space ? size : world.out_space;

    (void)c;
    if (part > sizeof(world.out) - world.out_length)
        world.out_length = 0;
    memcpy(world.out + world.out_length, bytes, part);
    world.out_length += part;
    world.out_space -= part;
    return part;
}

size_t mv_channel_read_try(struct mv_channel *c, void *bytes, size_t size)
{
    size_t part = size < world.in_length ? size : world.in_length;

    (void)c;
    memcpy(bytes, world.in, part);
    world.in_length -= part;
    memmove(world.in, world.in + part, world.in_length);
    return part;
}

/* ---- what tests do ---------------------------------------------------------------- */

void world_make(uint32_t gic_version, uint32_t vcpu_count, enum vmm_console console)
{
    uint8_t *ram = world.ram;

    if (ram == NULL)
        ram = (uint8_t *)aligned_alloc(4096, WORLD_RAM_BYTES);
    memset(&world, 0, sizeof(world));
    memset(ram, 0, WORLD_RAM_BYTES);
    world.ram = ram;
    world.out_space = SIZE_MAX / 2;
    world.now_ns = MV_S;
    vmm_config = (struct vmm_config_of_the_vmm){
        .name = "vm", .vcpu_count = vcpu_count, .gic_version = gic_version, .spi_banks = 2,
        .cell_cap = CAP_CELL, .vgic_cap = CAP_VGIC, .ram_base = (uintptr_t)ram,
        .ram_size = WORLD_RAM_BYTES, .console = console, .has_rng = 1, .time_base = 1000000,
    };
    for (uint32_t i = 0; i < MV_VM_VCPUS_MAX; i++) {
        vmm_config.vcpu_cap[i] = CAP_VCPU + i;
        world.guest[i].cpu.pstate = 0x3c5;
        world.guest[i].cpu.run_state = i == 0 ? MV_STATE_CALLING : MV_STATE_STOPPED;
    }
    console_open();
    power_init();
}

struct mv_words world_exit(uint32_t vcpu, enum mv_exit kind, uint64_t syndrome, uint64_t address,
                           uint64_t w3, uint64_t w4)
{
    struct mv_words io = { { kind, syndrome, address, w3, w4, 0, 0, world.guest[vcpu].cpu.pc } };

    power_enter(vcpu);
    exit_serve(vcpu, &io);
    power_leave(vcpu);
    return io;
}

uint64_t world_load(uint32_t vcpu, uint64_t address, unsigned log2)
{
    struct mv_words io = world_exit(vcpu, MV_EXIT_MEMORY, SYNDROME_LOAD(log2), address, 0, 0);

    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SKIP | MV_EXIT_SET);
    return io.w[1];
}

void world_store(uint32_t vcpu, uint64_t address, unsigned log2, uint64_t value)
{
    struct mv_words io = world_exit(vcpu, MV_EXIT_MEMORY, SYNDROME_STORE(log2), address, value, 0);

    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SKIP);
}

uint64_t world_call(uint32_t vcpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct mv_words io = { { MV_EXIT_CALL, (uint64_t)EC_HVC << 26 | ESR_IL, 0, x0, x1, x2, x3, 0 } };

    power_enter(vcpu);
    exit_serve(vcpu, &io);
    power_leave(vcpu);
    return io.w[0] == 0 ? 0 : io.w[1];
}

void world_give_io(uint32_t slots)
{
    vmm_config.io_cap = CAP_IO;
    vmm_config.io_slots = slots;
    vmm_config.io_status = world.io_page;
}

bool world_line(uint32_t id)
{
    return world.vgic[MV_VGIC_LEVEL][vmm_config.vcpu_count + id / 32 - 1] >> id % 32 & 1;
}

void world_type(const char *text)
{
    memcpy(world.in + world.in_length, text, strlen(text));
    world.in_length += strlen(text);
    world_console_event();
}

void world_console_event(void)
{
    console_event(CONSOLE_LINE);
}
