/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits, which are calls; and virtual machines that are stopped and started. */
#include "unit.h"

#include <string.h>

#include "invariants.h"
#include "machines.h"

#define PC        UINT64_C(0x40201234)
#define ADDRESS   UINT64_C(0x08000100)
#define SYNDROME  5u        /* here the number of the register that a reply sets */

static const uint64_t extra[4] = { 0x33, 0x44, 0x55, 0x66 };
static struct mv_vcpu_state *state_of(uint32_t native)
{
    return (struct mv_vcpu_state *)(void *)vcpu_at(native)->buffer->data;
}
static struct mv_vm_state *vm_state_of(uint32_t native)
{
    return (struct mv_vm_state *)(void *)(state_of(native) + 1);
}

/* The machines, and a guest with known registers on its core. */
static void stage(uint32_t guest, bool far)
{
    uint32_t core;

    machines_boot(true, far);
    let_guest(guest);
    core = vcpu_at(guest)->core->index;
    for (uint64_t i = 0; i < 31; i++)
        regs(core)[i] = 0x1000 + i;
    host_cores[core].live.pc = PC;
    host_cores[core].live.pstate = 5;
    host_cores[core].guest.ttbr0_el1 = 0x7770;
}

static uint32_t core_of(uint32_t vcpu) { return vcpu_at(vcpu)->core->index; }
static enum vcpu_state vcpu_is(uint32_t vcpu) { return vcpu_state(vcpu_at(vcpu)); }

/* The guest exits; which of the VMM's vCPUs serves it is returned. */
static uint32_t exit_of(uint32_t guest, enum mv_exit kind)
{
    uint32_t server = vcpu_at(guest)->fault_portal->server->index;
    uint32_t core = vcpu_at(server)->core->index;

    host_guest_exit(core_of(guest), kind, ADDRESS, SYNDROME, extra);
    invariants_check();
    settle();
    invariants_check();
    assert_int_equal(running(core), server);
    assert_int_equal(regs(core)[8], MV_OK);
    return core;
}

static void answer(uint32_t core, uint64_t action, uint64_t x1)
{
    uint64_t *x = regs(core);

    for (uint64_t i = 1; i < 8; i++)
        x[i] = x1 + i - 1;
    message(core, MV_CALL_reply_wait, action, 0, 0, 0);
    settle();
    invariants_check();
}

static void words_and_badge(void **state)
{
    static const struct { uint32_t guest; bool far; uint32_t badge; } row[] = {
        { A0, false, 0 }, { A1, false, 1 }, { A1, true, 1 }, { A2, false, 2 }, { B0, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        uint64_t *x;
        uint32_t core, guest = row[i].guest;

        stage(guest, row[i].far);
        core = exit_of(guest, MV_EXIT_MEMORY);
        x = regs(core);
        assert_int_equal(x[0], MV_EXIT_MEMORY);
        assert_int_equal(x[1], SYNDROME);
        assert_int_equal(x[2], ADDRESS);
        assert_memory_equal(&x[3], extra, sizeof(extra));
        assert_int_equal(x[7], PC);
        assert_int_equal(x[9], row[i].badge);
        assert_int_equal(vcpu_is(guest), row[i].far ? VCPU_REMOTE : VCPU_CALLING);
        answer(core, MV_EXIT_RESUME | MV_EXIT_SKIP, 0);
        let_guest(guest);
        core = core_of(guest);
        assert_int_equal(host_cores[core].live.pc, PC + 4);
        for (uint64_t k = 19; k < 30; k++)
            assert_int_equal(regs(core)[k], 0x1000 + k);
        assert_int_equal(host_cores[core].guest.ttbr0_el1, 0x7770);
    }
}

static void actions(void **state)
{
    static const struct { uint64_t action; bool runs; uint64_t pc; int set; } row[] = {
        { MV_EXIT_RESUME, true, PC, -1 },
        { MV_EXIT_RESUME | MV_EXIT_SKIP, true, PC + 4, -1 },
        { MV_EXIT_RESUME | MV_EXIT_SET, true, PC, 1 },
        { MV_EXIT_RESUME | MV_EXIT_SKIP | MV_EXIT_SET, true, PC + 4, 1 },
        { MV_EXIT_RESUME | MV_EXIT_SET_CALL, true, PC, 4 },
        { 0, false, 0, 0 }, { MV_EXIT_SKIP, false, 0, 0 }, { MV_EXIT_ALL & ~MV_EXIT_RESUME, false, 0, 0 },
        { MV_EXIT_RESUME | (MV_EXIT_ALL + 1), false, 0, 0 },
        { MV_EXIT_RESUME | UINT64_C(1) << 63, false, 0, 0 }, { UINT64_MAX, false, 0, 0 },
        { UINT64_C(1) << 32, false, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(row); i++) {
        bool far = i % 2 != 0;
        uint32_t guest = far ? A1 : A0;
        const uint64_t *x = regs(core_of(guest));

        stage(guest, far);
        answer(exit_of(guest, MV_EXIT_REGISTER), row[i / 2].action, 0xabc0);
        if (!row[i / 2].runs) {
            assert_int_equal(vcpu_is(guest), VCPU_FAULTED);
            continue;
        }
        let_guest(guest);
        assert_int_equal(host_cores[core_of(guest)].live.pc, row[i / 2].pc);
        for (uint64_t k = 0; k < 31; k++) {
            bool set = row[i / 2].set == 1 ? k == SYNDROME : k < (uint64_t)(row[i / 2].set < 0 ? 0 : row[i / 2].set);
            uint64_t value = row[i / 2].set == 1 ? 0xabc0 : 0xabc0 + k;

            assert_int_equal(x[k], set ? value : 0x1000 + k);
        }
    }
}

/* The reply tells it to wait: as WFI does. */
static void wait_action(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool far = i % 2 != 0, pending = i >= 2;
        uint32_t guest = far ? A1 : A0, n = guest - A0, core;

        stage(guest, far);
        vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
        vgic_prepare(n, 20, 0x80, true);
        let_guest(guest);
        core = exit_of(guest, MV_EXIT_CALL);
        if (pending)
            vgic_bit(MV_VGIC_PENDING, n, 20, true);
        answer(core, MV_EXIT_RESUME | MV_EXIT_WAIT, 0);
        if (!pending) {
            assert_int_equal(vcpu_is(guest), VCPU_IDLE);
            vgic_bit(MV_VGIC_PENDING, n, 20, true);
        }
        settle();
        let_guest(guest);
        assert_int_equal(host_guest_acknowledge(core_of(guest)), 20);
    }
}

static void waits_for_an_interrupt(void **state)
{
    (void)state;
    stage(A0, false);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
    vgic_prepare(0, 3, 0x80, true);
    host_guest_wfi(0);
    assert_int_equal(vcpu_is(A0), VCPU_IDLE);
    /* Disabled, for another, held back by priority: the first two wake nobody. */
    vgic_prepare(2, 3, 0x80, true);
    vgic_bit(MV_VGIC_ENABLED, 0, 3, false);
    host_guest_sgi(1, 3, 1);
    settle();
    host_guest_sgi(1, 3, 4);
    settle();
    assert_int_equal(vcpu_is(A0), VCPU_IDLE);
    vgic_bit(MV_VGIC_ENABLED, 0, 3, true);
    settle();
    assert_int_equal(vcpu_is(A0), VCPU_RUNNABLE);
    let_guest(A0);
    assert_int_equal(host_cores[0].live.pc, PC + 4);
    host_guest_wfi(0);                              /* it is there: no wait */
    assert_int_equal(running(0), A0);
    assert_int_equal(host_cores[0].live.pc, PC + 8);
    invariants_check();
}

static void no_server(void **state)
{
    (void)state;
    for (int far = 0; far < 2; far++) {
        uint32_t guest = far ? A1 : A0;

        stage(guest, far != 0);
        assert_int_equal(boss(MV_CALL_cell_stop, CAP_CELL + CELL_VMM, 0), MV_OK);
        host_guest_exit(core_of(guest), MV_EXIT_OTHER, 0, 0, extra);
        settle();
        invariants_check();
        assert_int_equal(vcpu_is(guest), VCPU_FAULTED);
        assert_int_equal(vcpu_is(B0), VCPU_RUNNABLE);
    }
}

/* The VMM is stopped, or fails, while it serves one and another is queued. */
static void server_goes(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool far = i % 2 != 0, faults = i >= 2;
        uint32_t guest = far ? A1 : A0;

        stage(guest, far);
        exit_of(guest, MV_EXIT_MEMORY);
        if (faults)
            host_fault(0, MV_FAULT_READ, 0, 0);
        else
            assert_int_equal(boss(MV_CALL_vcpu_stop, CAP_VCPU + VMM_0, 0), MV_OK);
        settle();
        invariants_check();
        assert_int_equal(vcpu_is(guest), VCPU_FAULTED);
        assert_int_equal(vcpu_is(B0), VCPU_RUNNABLE);
        assert_int_equal(vcpu_is(A2), VCPU_RUNNABLE);
    }
}

/* Stopped while its exit is served or under way: the server finds nobody, and
 * started again it is at the instruction that exited. */
static void guest_goes(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool far = i % 2 != 0, served = i >= 2;
        uint32_t guest = far ? A1 : A0, core = 0;

        stage(guest, far);
        if (served)
            core = exit_of(guest, MV_EXIT_MEMORY);
        else
            host_guest_exit(core_of(guest), MV_EXIT_MEMORY, ADDRESS, SYNDROME, extra);
        assert_int_equal(boss(MV_CALL_vcpu_stop, CAP_VCPU + guest, 0), MV_OK);
        settle();
        invariants_check();
        assert_true(vcpu_is_stopped(vcpu_at(guest)));
        answer(core, MV_EXIT_RESUME | MV_EXIT_SKIP, 0);
        assert_true(vcpu_is_stopped(vcpu_at(guest)));
        assert_int_equal(boss(MV_CALL_vcpu_start, CAP_VCPU + guest, 0), MV_OK);
        settle();
        let_guest(guest);
        assert_int_equal(host_cores[core_of(guest)].live.pc, PC);
        assert_int_equal(regs(core_of(guest))[18], 0x1000 + 18);
        assert_int_equal(host_cores[core_of(guest)].guest.ttbr0_el1, 0x7770);
    }
}

/* Who serves an exit reads and writes that vCPU, and no other that runs. */
static void server_reads_and_writes(void **state)
{
    (void)state;
    for (int far = 0; far < 2; far++) {
        uint32_t guest = far ? A1 : A0, other = far ? A0 : A1, core;

        stage(guest, far != 0);
        core = exit_of(guest, MV_EXIT_ABORT);
        PLAIN1(core, vcpu_read, CAP_VCPU + other);
        settle();
        assert_int_equal(regs(core)[0], MV_BUSY);
        PLAIN1(core, vcpu_read, CAP_VCPU + guest);
        settle();
        invariants_check();
        assert_int_equal(running(core), VMM_0);
        assert_int_equal(regs(core)[0], MV_OK);
        assert_int_equal(regs(core)[1], MV_STATE_CALLING);
        assert_int_equal(state_of(VMM_0)->x[7], 0x1007);
        assert_int_equal(state_of(VMM_0)->pc, PC);
        assert_int_equal(vm_state_of(VMM_0)->ttbr0_el1, 0x7770);
        /* As an exception is injected. */
        state_of(VMM_0)->pc = PC + 0x400;
        state_of(VMM_0)->x[7] = 0x77;
        vm_state_of(VMM_0)->elr_el1 = PC;
        PLAIN1(core, vcpu_write, CAP_VCPU + guest);
        settle();
        invariants_check();
        assert_int_equal(regs(core)[0], MV_OK);
        answer(core, MV_EXIT_RESUME, 0);
        let_guest(guest);
        assert_int_equal(host_cores[core_of(guest)].live.pc, PC + 0x400);
        assert_int_equal(regs(core_of(guest))[7], 0x77);
        assert_int_equal(host_cores[core_of(guest)].guest.elr_el1, PC);
        assert_int_equal(host_cores[core_of(guest)].guest.ttbr0_el1, 0x7770);
        /* Not any more. */
        PLAIN1(BOSS_CORE, vcpu_write, CAP_VCPU + guest);
        settle();
        assert_int_equal(regs(BOSS_CORE)[0], MV_BUSY);
    }
}

/* Its registers may still be in the hardware when its state is asked for. */
static void stopped_one_is_read(void **state)
{
    (void)state;
    for (uint32_t guest = A0; guest <= A1; guest++) {
        stage(guest, false);
        host_cores[core_of(guest)].guest.cntv_ctl_el0 = 1;
        host_cores[core_of(guest)].guest.cntv_cval_el0 = host_time + 500;
        assert_int_equal(boss(MV_CALL_vcpu_stop, CAP_VCPU + guest, 0), MV_OK);
        assert_int_equal(boss(MV_CALL_vcpu_read, CAP_VCPU + guest, 0), MV_OK);
        assert_int_equal(state_of(BOSS)->pc, PC);
        assert_int_equal(state_of(BOSS)->x[20], 0x1000 + 20);
        assert_int_equal(vm_state_of(BOSS)->ttbr0_el1, 0x7770);
        assert_int_equal(vm_state_of(BOSS)->cntv_cval_el0, host_time + 500);
        pass_ns(2000000);       /* its timer fires for nobody */
        invariants_check();
        assert_true(vcpu_is_stopped(vcpu_at(guest)));
    }
}

/* ---- starting ---------------------------------------------------------------------- */

/* One that does not start with its cell, as PSCI's CPU_ON starts it. */
static void second_one(void **state)
{
    (void)state;
    for (uint32_t guest = A1; guest <= A2; guest++) {
        machines_boot(false, false);
        assert_int_equal(vcpu_is(guest), VCPU_STOPPED);
        assert_int_equal(boss(MV_CALL_vcpu_read, CAP_VCPU + guest, 0), MV_OK);
        state_of(BOSS)->pc = PC;
        state_of(BOSS)->x[0] = 0x4242;
        vm_state_of(BOSS)->sctlr_el1 = 0x30d00800;
        assert_int_equal(boss(MV_CALL_vcpu_write, CAP_VCPU + guest, 0), MV_OK);
        assert_int_equal(boss(MV_CALL_vcpu_start, CAP_VCPU + guest, 0), MV_OK);
        assert_int_equal(boss(MV_CALL_vcpu_start, CAP_VCPU + guest, 0), MV_BUSY);
        settle();
        let_guest(guest);
        assert_int_equal(host_cores[core_of(guest)].live.pc, PC);
        assert_int_equal(regs(core_of(guest))[0], 0x4242);
        assert_int_equal(host_cores[core_of(guest)].guest.sctlr_el1, 0x30d00800);
    }
}

/* As it was built, whatever it did before; the other machine goes on. */
static void machine_starts_again(void **state)
{
    (void)state;
    machines_boot(false, false);
    for (uint32_t i = A1; i <= A2; i++)
        assert_int_equal(boss(MV_CALL_vcpu_start, CAP_VCPU + i, 0), MV_OK);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
    for (uint32_t n = 0; n < 3; n++) {
        vgic_prepare(n, 2, 0x80, true);
        vgic_prepare(n, ARCH_VM_TIMER, 0x40, false);
        vgic_prepare(n, 40 + n, 0x60, true);
        vgic_bit(MV_VGIC_PENDING, n, 40 + n, true);
        vgic_bit(MV_VGIC_PENDING, n, 2, true);
        let_guest(A0 + n);
        host_guest_acknowledge(n % 2);
        host_cores[n % 2].guest.cntv_ctl_el0 = 1;
        host_cores[n % 2].guest.cntv_cval_el0 = n == 0 ? host_time : host_time + 700;
        host_cores[n % 2].guest.ttbr0_el1 = 0x666;
        settle();
        invariants_check();
    }
    let_guest(A0);
    assert_int_equal(boss(MV_CALL_cell_start, CAP_CELL + CELL_A, 0), MV_BUSY);
    assert_int_equal(boss(MV_CALL_cell_stop, CAP_CELL + CELL_A, 0), MV_OK);
    assert_int_equal(boss(MV_CALL_cell_start, CAP_CELL + CELL_A, 0), MV_OK);
    settle();
    invariants_check();
    for (uint32_t bank = 0; bank < 5; bank++) {
        for (uint32_t field = MV_VGIC_ENABLED; field <= MV_VGIC_EDGE; field++)
            assert_int_equal(vgic_get_word(CAP_VGIC_A, (enum mv_vgic_field)field, bank),
                             field == MV_VGIC_EDGE && bank < 3 ? 0xffff : 0);
        for (uint32_t word = 0; word < 8; word++) {
            assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_PRIORITY, 8 * bank + word), 0);
            assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_TARGET, 8 * bank + word), 0);
        }
    }
    assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_CONTROL, 0), 0);
    assert_int_equal(vcpu_is(A1), VCPU_STOPPED);
    assert_int_equal(vcpu_is(A2), VCPU_STOPPED);
    let_guest(A0);
    assert_int_equal(host_cores[0].live.pc, WORLD_ENTRY);
    assert_int_equal(host_cores[0].guest.ttbr0_el1, 0);
    assert_int_equal(host_cores[0].guest.cntv_ctl_el0, 0);
    assert_int_equal(host_guest_offered(0), HOST_NO_IRQ);
    pass_ns(2000000);
    invariants_check();
    let_guest(B0);
}

/* ---- kernel calls from a guest ---------------------------------------------------------- */

static void guest_calls(void **state)
{
    (void)state;
    stage(A0, false);
    host_guest_hvc(0, MV_CALL_null);
    assert_int_equal(regs(0)[0], MV_OK);
    assert_int_equal(host_cores[0].live.pc, PC + 4);
    assert_int_equal(host_cores[0].live.pstate, 5);
    for (uint32_t n = 1; n <= MV_CALL_upcall_return; n++) {
        host_guest_hvc(0, n);       /* with a message: not for guests */
        assert_int_equal(regs(0)[0], MV_BAD_CALL);
    }
    host_guest_hvc(0, 0xffff);
    assert_int_equal(regs(0)[0], MV_BAD_CALL);
    /* What needs a message buffer. */
    host_guest_hvc(0, MV_CALL_upcall_set);
    assert_int_equal(regs(0)[0], MV_BAD_ARG);
    regs(0)[1] = 7;
    host_guest_hvc(0, MV_CALL_virq_raise);
    assert_int_equal(regs(0)[0], MV_BAD_CAP);
    /* A device of its own making: the native cell notices, at once. */
    regs(0)[1] = 1;
    regs(0)[2] = 0x99;
    host_guest_hvc(0, MV_CALL_virq_raise);
    invariants_check();
    assert_int_equal(running(0), VMM_0);
    assert_int_equal(regs(0)[0], 0x99);
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(running(0), A0);
    assert_int_equal(regs(0)[0], MV_OK);
    host_guest_hvc(0, MV_CALL_exit);
    invariants_check();
    assert_int_equal(vcpu_is(A0), VCPU_STOPPED);
    assert_int_not_equal(running(0), A0);
}

/* Registers of machines that share a core stay apart. */
static void registers_apart(void **state)
{
    static const uint32_t guest[] = { A0, A2, B0 };

    (void)state;
    machines_boot(true, false);
    for (uint32_t round = 0; round < 30; round++) {
        let_guest(guest[round % 3]);
        uint64_t *el1 = (uint64_t *)&host_cores[0].guest;
        uint64_t *x = regs(0), mark = guest[round % 3] * 0x100 + round / 3;

        /* Those of the last round, and new ones. All but the timer's. */
        for (size_t i = 0; i < offsetof(struct mv_vm_state, cntv_ctl_el0) / 8; i++) {
            if (round >= 3)
                assert_int_equal(el1[i], (mark - 1) << 16 | i);
            el1[i] = mark << 16 | i;
        }
        for (uint64_t i = 19; i < 30; i++) {
            if (round >= 3)
                assert_int_equal(x[i], (mark - 1) << 16 | i);
            x[i] = mark << 16 | i;
        }
    }
}

GROUP(vm, cmocka_unit_test(words_and_badge), cmocka_unit_test(actions), cmocka_unit_test(wait_action),
      cmocka_unit_test(waits_for_an_interrupt), cmocka_unit_test(no_server), cmocka_unit_test(server_goes),
      cmocka_unit_test(guest_goes), cmocka_unit_test(server_reads_and_writes),
      cmocka_unit_test(stopped_one_is_read), cmocka_unit_test(second_one),
      cmocka_unit_test(machine_starts_again), cmocka_unit_test(guest_calls),
      cmocka_unit_test(registers_apart));
