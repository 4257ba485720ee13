/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include "invariants.h"
#include "machines.h"

void machines_boot(bool all, bool far)
{
    uint32_t vmm, a, b;

    world_begin(3);
    vmm = world_cell("vmm");
    world_vcpu(vmm, 0, 50);
    world_vcpu(vmm, 1, 50);
    world_vcpu(world_cell("boss"), BOSS_CORE, 50);
    a = world_vm("a", 2);
    for (uint32_t i = 0; i < 3; i++)
        world_guest(a, i % 2, 10, far ? 0 : i % 2);
    b = world_vm("b", 1);
    world_guest(b, 0, 10, 0);
    for (uint32_t i = A1; i <= A2; i++)
        world.vcpu[i].start = all;
    for (uint32_t i = 0; i < 2; i++) {
        world_portal(i);
        world_virq(i);
    }
    world.virq[world_device(A0, IRQ_LEVEL, false)].guest_interrupt = SPI_LEVEL;
    world.virq[world_device(A0, IRQ_EDGE, true)].guest_interrupt = SPI_EDGE;
    world.virq[world_device(A0, IRQ_MORE, false)].guest_interrupt = SPI_MORE;
    world.virq[world_virq(A0)].guest_interrupt = SPI_SOFT;
    world.virq[world_virq(A0)].guest_interrupt = SPI_SOFT_2;
    for (uint32_t i = 0; i < 3; i++)
        world.bell[world.head.bells.count++].virq = i == 0 ? 0 : i == 2 ? 1 : MV_NONE;
    world.vgic[0].bell_count = 3;
    world.vgic[0].bell_address = BELLS;
    world.head.caps.count = 0;
    for (uint32_t c = 0; c < 4; c++) {
        world.cell[c].first_cap = world.head.caps.count;
        world.cell[c].cap_count = 0;
        world_cap(c, MV_TYPE_NONE, 0, 0, 0);
        if (c == a || c == b) {
            world_cap(c, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE, 0);
            for (uint32_t i = 0; c == a && i < 2; i++)
                world_cap(c, MV_TYPE_VIRQ, 5 + i, MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE, 0);
            continue;
        }
        for (uint32_t i = 0; i < 2; i++)
            world_cap(c, MV_TYPE_VGIC, i, MV_RIGHT_VGIC_CONTROL, 0);
        for (uint32_t i = 0; i <= B0; i++)
            world_cap(c, MV_TYPE_VCPU, i, MV_RIGHT_VCPU_CONTROL, 0);
        for (uint32_t i = 0; i < 4; i++)
            world_cap(c, MV_TYPE_CELL, i, MV_RIGHT_CELL_CONTROL, 0);
        for (uint32_t i = 0; i < 2; i++)
            world_cap(c, MV_TYPE_VIRQ, i, MV_RIGHT_VIRQ_RAISE, 0);
        for (uint32_t i = 0; i < 2; i++)
            world_cap(c, MV_TYPE_VIRQ, 5 + i, MV_RIGHT_VIRQ_RAISE, 0);
    }
    world_boot();
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    message(1, MV_CALL_wait, 0, 0, 0, 0);
    settle();
    invariants_check();
}

bool machines_by_vmm;

/* Until this vCPU, whose operation is under way, runs again. */
static void finish(uint32_t vcpu)
{
    for (uint32_t i = 0; running(vcpu_at(vcpu)->core->index) != (int)vcpu; i++) {
        assert_true(i < 1000);
        for (uint32_t c = 0; c < world.head.core_count; c++)
            host_interrupt(c);
    }
    invariants_check();
}

mv_status_t boss(enum mv_call_number number, uint32_t cap, uint64_t x2)
{
    plain(BOSS_CORE, number, cap, x2, 0, 0, 0, 0);
    finish(BOSS);
    return regs(BOSS_CORE)[0];
}

static uint32_t operate(enum mv_call_number number, uint32_t cap, enum mv_vgic_field field, uint32_t word,
                        uint32_t mask, uint32_t bits)
{
    uint32_t core = machines_by_vmm ? 0 : BOSS_CORE;
    uint64_t value;

    if (machines_by_vmm) {
        boss(MV_CALL_virq_raise, CAP_VIRQ, 1);
        finish(VMM_0);
    }
    plain(core, number, cap, field, word, mask, bits, 0);
    finish(machines_by_vmm ? VMM_0 : BOSS);
    assert_int_equal(regs(core)[0], MV_OK);
    value = regs(core)[1];
    if (machines_by_vmm)
        message(0, MV_CALL_wait, 0, 0, 0, 0);
    return (uint32_t)value;
}

void vgic_set_bits(uint32_t cap, enum mv_vgic_field field, uint32_t word, uint32_t mask, uint32_t bits)
{
    operate(MV_CALL_vgic_set, cap, field, word, mask, bits);
}

uint32_t vgic_get_word(uint32_t cap, enum mv_vgic_field field, uint32_t word)
{
    return operate(MV_CALL_vgic_get, cap, field, word, 0, 0);
}

static uint32_t bank(uint32_t n, uint32_t id)
{
    return id < VGIC_BANK ? n : 3 + id / VGIC_BANK - 1;
}

void vgic_bit(enum mv_vgic_field field, uint32_t n, uint32_t id, bool on)
{
    uint32_t bit = 1u << id % VGIC_BANK;

    vgic_set_bits(CAP_VGIC_A, field, bank(n, id), bit, on ? bit : 0);
}

bool vgic_is(enum mv_vgic_field field, uint32_t n, uint32_t id)
{
    return (vgic_get_word(CAP_VGIC_A, field, bank(n, id)) >> id % VGIC_BANK & 1) != 0;
}

void vgic_byte(enum mv_vgic_field field, uint32_t n, uint32_t id, uint32_t value)
{
    uint32_t shift = id % 4 * 8;

    vgic_set_bits(CAP_VGIC_A, field, 8 * bank(n, id) + id % VGIC_BANK / 4, 0xffu << shift, value << shift);
}

void vgic_prepare(uint32_t n, uint32_t id, uint32_t priority, bool edge)
{
    vgic_bit(MV_VGIC_EDGE, n, id, edge);
    vgic_byte(MV_VGIC_PRIORITY, n, id, priority);
    if (id >= VGIC_BANK)
        vgic_byte(MV_VGIC_TARGET, n, id, n);
    vgic_bit(MV_VGIC_ENABLED, n, id, true);
}

void let_guest(uint32_t vcpu)
{
    uint32_t core = vcpu_at(vcpu)->core->index;

    for (uint32_t i = 0; running(core) != (int)vcpu; i++) {
        assert_true(i < 8 && host_current(core) != NULL && host_current(core)->vm != NULL);
        host_guest_hvc(core, MV_CALL_yield);
    }
    invariants_check();
}
