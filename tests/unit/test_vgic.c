/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vGIC, one situation after another. Machine A's vCPU 0 on core 0 is what
 * most of them look at.
 */
#include "unit.h"

#include "invariants.h"
#include "machines.h"

#define SPI(n) (VGIC_BANK + (n))

static void boot(void)
{
    machines_boot(true, false);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
    vgic_set_bits(CAP_VGIC_B, MV_VGIC_CONTROL, 0, 1, 1);
    let_guest(A0);
}

static void expect_none(uint32_t core)
{
    settle();
    invariants_check();
    assert_int_equal(host_guest_offered(core), HOST_NO_IRQ);
}

static void expect(uint32_t core, uint32_t id)
{
    settle();
    invariants_check();
    assert_int_equal(host_guest_acknowledge(core), id);
    invariants_check();
}

static void handle(uint32_t core, uint32_t id)
{
    expect(core, id);
    host_guest_end(core, id);
    settle();
    invariants_check();
}

static void set_timer(uint32_t core, uint64_t at)
{
    host_cores[core].guest.cntv_cval_el0 = at;
    host_cores[core].guest.cntv_ctl_el0 = 1;
}

/* ---- what software asks ---------------------------------------------------------- */

static void edge_and_level(void **state)
{
    (void)state;
    for (uint32_t id = 20; id <= SPI(40); id += SPI(40) - 20) {
        boot();
        vgic_prepare(0, id, 0x80, true);
        vgic_bit(MV_VGIC_LEVEL, 0, id, true);
        vgic_bit(MV_VGIC_LEVEL, 0, id, true);       /* no second edge */
        expect(0, id);
        vgic_bit(MV_VGIC_LEVEL, 0, id, false);
        vgic_bit(MV_VGIC_LEVEL, 0, id, true);       /* while it is active: once more */
        assert_true(vgic_is(MV_VGIC_PENDING, 0, id) && vgic_is(MV_VGIC_ACTIVE, 0, id));
        host_guest_end(0, id);
        handle(0, id);
        expect_none(0);

        vgic_bit(MV_VGIC_LEVEL, 0, id, false);
        vgic_bit(MV_VGIC_EDGE, 0, id, false);
        vgic_bit(MV_VGIC_LEVEL, 0, id, true);
        handle(0, id);
        handle(0, id);                              /* still asserted */
        vgic_bit(MV_VGIC_LEVEL, 0, id, false);
        expect_none(0);
        vgic_bit(MV_VGIC_LEVEL, 0, id, true);
        vgic_bit(MV_VGIC_LEVEL, 0, id, false);      /* before it is taken */
        expect_none(0);
    }
}

/* What software makes pending is so until it is taken, also of a level interrupt. */
static void set_and_cleared_by_software(void **state)
{
    (void)state;
    for (int edge = 0; edge < 2; edge++) {
        boot();
        vgic_prepare(0, SPI(1), 0x80, edge != 0);
        vgic_bit(MV_VGIC_PENDING, 0, SPI(1), true);
        assert_true(vgic_is(MV_VGIC_PENDING, 0, SPI(1)));
        vgic_bit(MV_VGIC_PENDING, 0, SPI(1), false);
        expect_none(0);
        vgic_bit(MV_VGIC_PENDING, 0, SPI(1), true);
        expect(0, SPI(1));
        assert_false(vgic_is(MV_VGIC_PENDING, 0, SPI(1)));
        assert_true(vgic_is(MV_VGIC_ACTIVE, 0, SPI(1)));
        host_guest_end(0, SPI(1));
        assert_false(vgic_is(MV_VGIC_ACTIVE, 0, SPI(1)));
        expect_none(0);
    }
}

static void disabled_is_kept(void **state)
{
    (void)state;
    boot();
    vgic_prepare(0, SPI(1), 0x80, true);
    vgic_bit(MV_VGIC_PENDING, 0, SPI(1), true);
    vgic_bit(MV_VGIC_ENABLED, 0, SPI(1), false);
    expect_none(0);
    assert_true(vgic_is(MV_VGIC_PENDING, 0, SPI(1)));
    vgic_bit(MV_VGIC_ENABLED, 0, SPI(1), true);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 0);
    expect_none(0);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
    handle(0, SPI(1));
}

static void refusals(void **state)
{
    static const struct { uint64_t field, word; mv_status_t want; } row[] = {
        { MV_VGIC_FIELDS, 0, MV_BAD_ARG }, { UINT64_MAX, 0, MV_BAD_ARG },
        { MV_VGIC_ENABLED, 4, MV_OK }, { MV_VGIC_ENABLED, 5, MV_BAD_ARG },
        { MV_VGIC_LEVEL, UINT64_C(1) << 32, MV_BAD_ARG },
        { MV_VGIC_PRIORITY, 39, MV_OK }, { MV_VGIC_PRIORITY, 40, MV_BAD_ARG },
        { MV_VGIC_TARGET, 40, MV_BAD_ARG }, { MV_VGIC_CONTROL, 1, MV_BAD_ARG },
    };

    (void)state;
    boot();
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        assert_int_equal(PLAIN3(BOSS_CORE, vgic_get, CAP_VGIC_A, row[i].field, row[i].word), row[i].want);
        assert_int_equal(plain(BOSS_CORE, MV_CALL_vgic_set, CAP_VGIC_A, row[i].field, row[i].word, 0, ~0u, 0),
                         row[i].want);
    }
    assert_int_equal(PLAIN3(BOSS_CORE, vgic_get, CAP_CELL, 0, 0), MV_BAD_CAP);
    /* SGIs are edge-triggered; the timer's line is the hardware's. */
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_EDGE, 0, ~0u, 0);
    assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_EDGE, 0), 0xffff);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_LEVEL, 0, ~0u, ~0u);
    assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_LEVEL, 0) & TIMER_BIT, 0);
}

/* ---- more than list registers ------------------------------------------------------- */

static void many_pending(void **state)
{
    (void)state;
    boot();
    for (uint32_t i = 0; i < 12; i++)
        vgic_prepare(0, SPI(i), 0xf0 - 8 * i, true);
    vgic_set_bits(CAP_VGIC_A, MV_VGIC_PENDING, 3, 0xfff, 0xfff);
    for (uint32_t i = 12; i-- > 0;)
        handle(0, SPI(i));
    expect_none(0);
}

/* A deeper and deeper nest; then the ends, most urgent first. */
static void many_active(void **state)
{
    (void)state;
    for (int edge = 0; edge < 2; edge++) {
        boot();
        for (uint32_t i = 0; i < 9; i++)
            vgic_prepare(0, SPI(i), 0xf0 - 8 * i, edge != 0);
        for (uint32_t i = 0; i < 9; i++) {
            vgic_bit(MV_VGIC_LEVEL, 0, SPI(i), true);
            expect(0, SPI(i));
        }
        settle();
        invariants_check();
        assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_ACTIVE, 3), 0x1ff);
        vgic_set_bits(CAP_VGIC_A, MV_VGIC_LEVEL, 3, 0x1ff, 0);
        for (uint32_t i = 9; i-- > 0;) {
            host_guest_end(0, SPI(i));
            expect_none(0);
            assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_ACTIVE, 3), (1u << i) - 1);
        }
    }
}

/* The outermost, whose line stays high, ends before anything has been told. */
static void ends_in_no_register(void **state)
{
    (void)state;
    boot();
    for (uint32_t i = 0; i < 6; i++) {
        vgic_prepare(0, SPI(i), 0xf0 - 8 * i, i != 0);
        vgic_bit(MV_VGIC_LEVEL, 0, SPI(i), true);
        expect(0, SPI(i));
    }
    settle();
    for (uint32_t i = 6; i-- > 0;)
        host_guest_end(0, SPI(i));
    handle(0, SPI(0));
    assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_ACTIVE, 3), 0);
}

/* Active and pending at the same time is nothing that can be taken: what is
 * more urgent has its place all the same. */
static void urgent_over_active_and_pending(void **state)
{
    (void)state;
    boot();
    for (uint32_t i = 0; i < 5; i++)
        vgic_prepare(0, SPI(i), 0xf0 - 8 * i, true);
    for (uint32_t i = 0; i < 4; i++) {
        vgic_bit(MV_VGIC_PENDING, 0, SPI(i), true);
        expect(0, SPI(i));
    }
    vgic_bit(MV_VGIC_PENDING, 0, SPI(2), true);
    vgic_bit(MV_VGIC_PENDING, 0, SPI(4), true);
    handle(0, SPI(4));
    host_guest_end(0, SPI(3));
    host_guest_end(0, SPI(2));
    handle(0, SPI(2));
    host_guest_end(0, SPI(1));
    host_guest_end(0, SPI(0));
    expect_none(0);
    assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_ACTIVE, 3), 0);
}

/* With its line high, in its handler: a wait waits. */
static void wait_in_a_handler(void **state)
{
    (void)state;
    boot();
    vgic_prepare(0, SPI(0), 0x80, false);
    vgic_bit(MV_VGIC_LEVEL, 0, SPI(0), true);
    expect(0, SPI(0));
    host_guest_wfi(0);
    assert_int_equal(vcpu_state(vcpu_at(A0)), VCPU_IDLE);
    invariants_check();
}

/* ---- SGIs ---------------------------------------------------------------------------- */

static void sgis(void **state)
{
    (void)state;
    for (int senders = 0; senders < 2; senders++) {
        boot();
        host_sgi_has_sender = senders != 0;
        for (uint32_t n = 0; n < 3; n++) {
            for (uint32_t id = 0; id < VGIC_SGIS; id++)
                vgic_prepare(n, id, 0xf0 - 8 * id, true);
        }
        for (uint32_t id = 0; id < VGIC_SGIS; id++)
            host_guest_sgi(0, id, 0xff);
        for (uint32_t id = VGIC_SGIS; id-- > 0;) {
            handle(0, id);
            handle(1, id);
        }
        expect_none(0);
        expect_none(1);
        let_guest(A2);
        for (uint32_t id = VGIC_SGIS; id-- > 0;)
            handle(0, id);
        expect_none(0);
        host_sgi_has_sender = false;
    }
}

/* Of two senders, both arrive if the hardware says who; else they are one. */
static void two_senders(void **state)
{
    (void)state;
    for (int senders = 0; senders < 2; senders++) {
        boot();
        host_sgi_has_sender = senders != 0;
        vgic_prepare(0, 3, 0x80, true);
        host_guest_sgi(1, 3, 1);
        host_guest_sgi(0, 3, 1);
        if (senders == 0) {
            handle(0, 3);
        } else {
            expect(0, 3);
            let_guest(A2);
            let_guest(A0);
            host_guest_end(0, 3);
            expect(0, 3 | 1 << 10);
            let_guest(A2);          /* active while another has the registers */
            let_guest(A0);
            host_guest_end(0, 3 | 1 << 10);
        }
        expect_none(0);
        assert_false(vgic_is(MV_VGIC_ACTIVE, 0, 3));
        host_sgi_has_sender = false;
    }
}

/* ---- from core to core ------------------------------------------------------------------ */

/* The handler runs on one vCPU while the interrupt is given to another. */
static void target_moves_while_active(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool edge = i % 2 != 0;

        boot();
        vgic_prepare(0, SPI(5), 0x80, edge);
        vgic_bit(MV_VGIC_LEVEL, 0, SPI(5), true);
        expect(0, SPI(5));
        vgic_byte(MV_VGIC_TARGET, 1, SPI(5), 1);
        expect_none(1);
        if (edge)
            vgic_bit(MV_VGIC_PENDING, 0, SPI(5), true);
        expect_none(1);
        host_guest_end(0, SPI(5));
        if (i >= 2)
            let_guest(A2);      /* before the interface has asked */
        expect_none(0);
        handle(1, SPI(5));
        vgic_bit(MV_VGIC_LEVEL, 0, SPI(5), false);
        expect_none(1);
        assert_int_equal(vgic_get_word(CAP_VGIC_A, MV_VGIC_ACTIVE, 3), 0);
    }
}

static void target_moves_while_pending(void **state)
{
    (void)state;
    boot();
    vgic_prepare(0, SPI(5), 0x80, true);
    vgic_bit(MV_VGIC_PENDING, 0, SPI(5), true);
    vgic_byte(MV_VGIC_TARGET, 1, SPI(5), 1);
    expect_none(0);
    vgic_byte(MV_VGIC_TARGET, 1, SPI(5), 0xff);     /* nobody's */
    expect_none(0);
    expect_none(1);
    vgic_byte(MV_VGIC_TARGET, 1, SPI(5), 2);
    let_guest(A2);
    handle(0, SPI(5));
}

/* A level interrupt ends with its line high; before the interface can say so
 * the guest waits and another has the registers. */
static void end_then_wait(void **state)
{
    (void)state;
    boot();
    vgic_prepare(0, SPI(0), 0x80, false);
    vgic_bit(MV_VGIC_LEVEL, 0, SPI(0), true);
    expect(0, SPI(0));
    host_guest_end(0, SPI(0));
    host_guest_wfi(0);
    settle();
    invariants_check();
    assert_int_equal(vcpu_state(vcpu_at(A0)), VCPU_RUNNABLE);
    let_guest(A0);
    handle(0, SPI(0));
}

/* The same, and an SGI comes first. */
static void end_then_sgi(void **state)
{
    (void)state;
    boot();
    vgic_prepare(0, SPI(0), 0x80, false);
    vgic_prepare(0, 1, 0x40, true);
    vgic_bit(MV_VGIC_LEVEL, 0, SPI(0), true);
    expect(0, SPI(0));
    host_guest_end(0, SPI(0));
    host_guest_sgi(0, 1, 1);
    handle(0, 1);
    handle(0, SPI(0));
}

/* ---- the virtual timer -------------------------------------------------------------------- */

static void timer_boot(void)
{
    boot();
    vgic_prepare(0, ARCH_VM_TIMER, 0x40, false);
    vgic_prepare(2, ARCH_VM_TIMER, 0x40, false);
}

static void timer_fires(void **state)
{
    (void)state;
    timer_boot();
    set_timer(0, host_time + 100);
    pass_ns(99000);
    expect_none(0);
    pass_ns(1000);
    expect(0, ARCH_VM_TIMER);
    expect_none(0);
    host_guest_end(0, ARCH_VM_TIMER);
    handle(0, ARCH_VM_TIMER);           /* its line is still high */
    host_cores[0].guest.cntv_ctl_el0 = 3;
    handle(0, ARCH_VM_TIMER);           /* fired before it was masked */
    expect_none(0);
}

/* It has ended and fires again while something else stands in a list register. */
static void timer_fires_beside_another(void **state)
{
    (void)state;
    timer_boot();
    vgic_prepare(0, SPI(0), 0x80, true);
    set_timer(0, host_time);
    settle();
    vgic_bit(MV_VGIC_PENDING, 0, SPI(0), true);
    expect(0, ARCH_VM_TIMER);
    host_cores[0].guest.cntv_ctl_el0 = 0;
    host_guest_end(0, ARCH_VM_TIMER);
    set_timer(0, host_time);
    handle(0, ARCH_VM_TIMER);
    host_cores[0].guest.cntv_ctl_el0 = 0;
    handle(0, ARCH_VM_TIMER);
    handle(0, SPI(0));
    expect_none(0);
}

static void timer_disabled(void **state)
{
    (void)state;
    timer_boot();
    vgic_bit(MV_VGIC_ENABLED, 0, ARCH_VM_TIMER, false);
    set_timer(0, host_time);
    expect_none(0);
    vgic_bit(MV_VGIC_ENABLED, 0, ARCH_VM_TIMER, true);
    handle(0, ARCH_VM_TIMER);
    vgic_bit(MV_VGIC_ENABLED, 0, ARCH_VM_TIMER, false);
    settle();
    set_timer(0, host_time + 1000);     /* not due any more */
    vgic_bit(MV_VGIC_ENABLED, 0, ARCH_VM_TIMER, true);
    expect_none(0);
    pass_ns(1000000);
    let_guest(A0);
    handle(0, ARCH_VM_TIMER);
}

/* Its handler is under way when software makes it inactive: it can fire again. */
static void timer_made_inactive(void **state)
{
    (void)state;
    timer_boot();
    set_timer(0, host_time);
    expect(0, ARCH_VM_TIMER);
    vgic_bit(MV_VGIC_ACTIVE, 0, ARCH_VM_TIMER, false);
    host_cores[0].active = 0;
    handle(0, ARCH_VM_TIMER);
    /* ... and inactive ones made active cannot. */
    host_cores[0].guest.cntv_ctl_el0 = 0;
    settle();
    vgic_bit(MV_VGIC_ACTIVE, 0, ARCH_VM_TIMER, false);
    vgic_bit(MV_VGIC_ACTIVE, 0, ARCH_VM_TIMER, true);
    set_timer(0, host_time);
    expect_none(0);
    vgic_bit(MV_VGIC_ACTIVE, 0, ARCH_VM_TIMER, false);
    handle(0, ARCH_VM_TIMER);
}

/* Each has its own; the handler of one does not hold the other's back. */
static void timers_of_two(void **state)
{
    (void)state;
    timer_boot();
    set_timer(0, host_time);
    expect(0, ARCH_VM_TIMER);
    let_guest(A2);
    set_timer(0, host_time);
    handle(0, ARCH_VM_TIMER);
    expect(0, ARCH_VM_TIMER);
    let_guest(A0);
    expect_none(0);
    host_guest_end(0, ARCH_VM_TIMER);
    handle(0, ARCH_VM_TIMER);
    let_guest(A2);
    expect_none(0);
    host_guest_end(0, ARCH_VM_TIMER);
    handle(0, ARCH_VM_TIMER);
}

/* It waits, has lost the registers, and its timer comes: exactly then. */
static void timer_of_one_that_waits(void **state)
{
    (void)state;
    timer_boot();
    set_timer(0, host_time + 5000);
    host_guest_wfi(0);
    assert_int_not_equal(running(0), A0);
    pass_ns(4990000);
    assert_int_equal(vcpu_state(vcpu_at(A0)), VCPU_IDLE);
    pass_ns(10000);
    assert_int_equal(vcpu_state(vcpu_at(A0)), VCPU_RUNNABLE);
    let_guest(A0);
    handle(0, ARCH_VM_TIMER);
}

/* The same, but nobody else had the registers. */
static void timer_of_one_that_waits_alone(void **state)
{
    (void)state;
    boot();
    vgic_prepare(1, ARCH_VM_TIMER, 0x40, false);
    set_timer(1, host_time + 5000);
    host_guest_wfi(1);
    assert_int_equal(running(1), -1);
    host_time += 5000;
    settle();
    assert_int_equal(running(1), A1);
    handle(1, ARCH_VM_TIMER);
}

/* It came while it was disabled; that ends from elsewhere. */
static void timer_enabled_later(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 2; n++) {
        timer_boot();
        vgic_prepare(n, ARCH_VM_TIMER, 0x40, false);
        vgic_bit(MV_VGIC_ENABLED, n, ARCH_VM_TIMER, false);
        set_timer(n, host_time + 100);
        host_guest_wfi(n);
        pass_ns(1000000);
        assert_int_equal(vcpu_state(vcpu_at(A0 + n)), VCPU_IDLE);
        vgic_bit(MV_VGIC_ENABLED, n, ARCH_VM_TIMER, true);
        settle();
        assert_int_equal(vcpu_state(vcpu_at(A0 + n)), VCPU_RUNNABLE);
        let_guest(A0 + n);
        handle(n, ARCH_VM_TIMER);
    }
}

/* ---- vIRQs and devices behind shared interrupts ---------------------------------------- */

static const struct host_irq *hardware(uint32_t interrupt) { return &host_irqs[interrupt - HOST_IRQ_FIRST]; }

/* Once without and once with a list register that ends the physical interrupt. */
static void boot_with(uint32_t i)
{
    boot();
    host_sgi_has_sender = i % 2 != 0;
}

static void raised_by_another_core(void **state)
{
    (void)state;
    boot();
    vgic_prepare(0, SPI_SOFT, 0x80, true);
    assert_int_equal(boss(MV_CALL_virq_raise, CAP_SPI, 7), MV_OK);
    handle(0, SPI_SOFT);
    expect_none(0);
    boss(MV_CALL_virq_raise, CAP_SPI, 7);
    settle();
    boss(MV_CALL_virq_raise, CAP_SPI, 8);       /* twice before it is taken is once */
    expect(0, SPI_SOFT);
    boss(MV_CALL_virq_raise, CAP_SPI, 0);       /* while it is active: once more */
    expect_none(0);
    host_guest_end(0, SPI_SOFT);
    handle(0, SPI_SOFT);
    expect_none(0);
    /* Masked, then nobody's, then another's, then less urgent than what is active. */
    vgic_bit(MV_VGIC_ENABLED, 0, SPI_SOFT, false);
    boss(MV_CALL_virq_raise, CAP_SPI, 0);
    expect_none(0);
    vgic_byte(MV_VGIC_TARGET, 0, SPI_SOFT, 0xff);
    vgic_bit(MV_VGIC_ENABLED, 0, SPI_SOFT, true);
    boss(MV_CALL_virq_raise, CAP_SPI, 0);
    expect_none(0);
    vgic_byte(MV_VGIC_TARGET, 0, SPI_SOFT, 1);
    handle(1, SPI_SOFT);
    vgic_prepare(1, SPI_SOFT_2, 0x40, true);
    boss(MV_CALL_virq_raise, CAP_SPI + 1, 0);
    expect(1, SPI_SOFT_2);
    boss(MV_CALL_virq_raise, CAP_SPI, 0);
    expect_none(1);
    host_guest_end(1, SPI_SOFT_2);
    handle(1, SPI_SOFT);
}

static void raised_for_one_that_waits(void **state)
{
    (void)state;
    boot();
    for (uint32_t n = 0; n < 2; n++) {
        vgic_prepare(n, SPI_SOFT, 0x80, true);
        host_guest_wfi(n);
        settle();
        assert_int_equal(vcpu_state(vcpu_at(A0 + n)), VCPU_IDLE);
        boss(MV_CALL_virq_raise, CAP_SPI, 0);
        settle();
        assert_int_equal(vcpu_state(vcpu_at(A0 + n)), VCPU_RUNNABLE);
        let_guest(A0 + n);
        handle(n, SPI_SOFT);
    }
}

/* A guest raises its own, by a kernel call; what natives do with theirs does nothing. */
static void raised_by_the_guest(void **state)
{
    static const struct { enum mv_call_number call; uint32_t cap; mv_status_t want; } row[] = {
        { MV_CALL_virq_mask, 2, MV_OK }, { MV_CALL_virq_ack, 2, MV_OK }, { MV_CALL_virq_raise, 2, MV_OK },
        { MV_CALL_virq_unmask, 2, MV_OK }, { MV_CALL_virq_ack, 2, MV_OK }, { MV_CALL_virq_raise, 4, MV_BAD_CAP },
    };

    (void)state;
    boot();
    vgic_prepare(0, SPI_SOFT, 0x80, true);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        regs(0)[1] = row[i].cap;
        regs(0)[2] = 1;
        host_guest_hvc(0, row[i].call);
        assert_int_equal(regs(0)[0], row[i].want);
        invariants_check();
    }
    handle(0, SPI_SOFT);
    expect_none(0);
}

static void device_level(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        boot_with(i);
        vgic_prepare(0, SPI_LEVEL, 0x80, i >= 2);       /* as the guest calls it changes nothing */
        host_irq_line(IRQ_LEVEL, true);
        expect(0, SPI_LEVEL);
        assert_true(hardware(IRQ_LEVEL)->active);
        expect_none(0);
        host_guest_end(0, SPI_LEVEL);
        expect(0, SPI_LEVEL);                           /* its line is still high */
        host_irq_line(IRQ_LEVEL, false);
        host_guest_end(0, SPI_LEVEL);
        expect_none(0);
        assert_false(hardware(IRQ_LEVEL)->active);
        host_irq_line(IRQ_LEVEL, true);
        handle(0, SPI_LEVEL);
    }
    host_sgi_has_sender = false;
}

static void device_edge(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        boot_with(i);
        vgic_prepare(0, SPI_EDGE, 0x80, true);
        host_irq_line(IRQ_EDGE, true);
        host_irq_line(IRQ_EDGE, false);
        expect(0, SPI_EDGE);
        host_irq_line(IRQ_EDGE, true);
        expect_none(0);
        host_guest_end(0, SPI_EDGE);
        handle(0, SPI_EDGE);
        expect_none(0);
        assert_false(hardware(IRQ_EDGE)->active);
    }
    host_sgi_has_sender = false;
}

/* What software does to a device's interrupt: then it can come again, or does. */
static void device_and_software(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        bool high = i >= 2;

        boot_with(i);
        vgic_prepare(0, SPI_LEVEL, 0x80, false);
        /* Disabled: it is kept, also when its line falls. */
        vgic_bit(MV_VGIC_ENABLED, 0, SPI_LEVEL, false);
        host_irq_line(IRQ_LEVEL, true);
        expect_none(0);
        assert_true(hardware(IRQ_LEVEL)->active && vgic_is(MV_VGIC_PENDING, 0, SPI_LEVEL));
        vgic_bit(MV_VGIC_ENABLED, 0, SPI_LEVEL, true);
        settle();
        /* Pending is cleared in the list register: if the line is high it comes again. */
        host_irq_line(IRQ_LEVEL, high);
        vgic_bit(MV_VGIC_PENDING, 0, SPI_LEVEL, false);
        if (high)
            expect(0, SPI_LEVEL);
        else
            expect_none(0);
        assert_int_equal(hardware(IRQ_LEVEL)->active, high);
        host_irq_line(IRQ_LEVEL, true);
        if (!high)
            expect(0, SPI_LEVEL);
        /* Active is cleared while it is handled. */
        host_irq_line(IRQ_LEVEL, high);
        vgic_bit(MV_VGIC_ACTIVE, 0, SPI_LEVEL, false);
        host_cores[0].active = 0;
        host_irq_line(IRQ_LEVEL, true);
        handle(0, SPI_LEVEL);
        host_irq_line(IRQ_LEVEL, false);
        handle(0, SPI_LEVEL);
        /* Made pending and active by software alone; then the device comes too. */
        vgic_bit(MV_VGIC_PENDING, 0, SPI_LEVEL, true);
        expect(0, SPI_LEVEL);
        host_irq_line(IRQ_LEVEL, true);
        expect_none(0);
        host_guest_end(0, SPI_LEVEL);
        expect(0, SPI_LEVEL);
        host_irq_line(IRQ_LEVEL, false);
        host_guest_end(0, SPI_LEVEL);
        expect_none(0);
        assert_false(hardware(IRQ_LEVEL)->active);
    }
    host_sgi_has_sender = false;
}

/* Another vCPU is to take it: before it comes, while it is pending, while it is active. */
static void device_changes_target(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        boot_with(i);
        vgic_prepare(1, SPI_LEVEL, 0x80, false);
        host_irq_line(IRQ_LEVEL, true);
        expect_none(0);
        handle(1, SPI_LEVEL);
        settle();
        vgic_byte(MV_VGIC_TARGET, 0, SPI_LEVEL, 0);
        expect_none(1);
        expect(0, SPI_LEVEL);
        vgic_byte(MV_VGIC_TARGET, 0, SPI_LEVEL, 1);
        expect_none(1);
        host_guest_end(0, SPI_LEVEL);
        expect(1, SPI_LEVEL);
        host_irq_line(IRQ_LEVEL, false);
        host_guest_end(1, SPI_LEVEL);
        expect_none(0);
        expect_none(1);
        assert_false(hardware(IRQ_LEVEL)->active);
    }
    host_sgi_has_sender = false;
}

/* More are active than there are list registers; the device's is in none. */
static void device_ends_in_no_register(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        boot_with(i);
        vgic_prepare(0, SPI_LEVEL, 0xf0, false);
        host_irq_line(IRQ_LEVEL, true);
        expect(0, SPI_LEVEL);
        host_irq_line(IRQ_LEVEL, false);
        for (uint32_t k = 0; k <= ARCH_LRS; k++) {
            vgic_prepare(0, SPI(k), 0x80 - 8 * k, true);
            vgic_bit(MV_VGIC_PENDING, 0, SPI(k), true);
            expect(0, SPI(k));
        }
        for (uint32_t k = ARCH_LRS + 1; k-- > 0;) {
            assert_true(hardware(IRQ_LEVEL)->active);
            host_guest_end(0, SPI(k));
            settle();
        }
        host_guest_end(0, SPI_LEVEL);
        expect_none(0);
        assert_false(hardware(IRQ_LEVEL)->active);
    }
    host_sgi_has_sender = false;
}

/* The machine stops with the device's interrupt pending, active, in none of both. */
static void device_of_a_machine_that_stops(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        boot_with(i);
        vgic_prepare(i / 2 == 2 ? 1 : 0, SPI_LEVEL, 0x80, false);
        vgic_bit(MV_VGIC_ENABLED, 0, SPI_LEVEL, i / 2 != 0);
        host_irq_line(IRQ_LEVEL, true);
        settle();
        if (i / 2 == 1)
            expect(0, SPI_LEVEL);
        assert_true(hardware(IRQ_LEVEL)->active);
        boss(MV_CALL_cell_stop, CAP_CELL + CELL_A, 0);
        settle();
        invariants_check();
        assert_false(hardware(IRQ_LEVEL)->active || hardware(IRQ_LEVEL)->enabled);
        boss(MV_CALL_virq_raise, CAP_SPI, 1);           /* nobody takes it */
        boss(MV_CALL_cell_start, CAP_CELL + CELL_A, 0);
        settle();
        invariants_check();
        assert_true(hardware(IRQ_LEVEL)->active);       /* for the new life */
        host_cores[0].active = 0;
        vgic_set_bits(CAP_VGIC_A, MV_VGIC_CONTROL, 0, 1, 1);
        let_guest(A0);
        vgic_prepare(0, SPI_LEVEL, 0x80, false);
        vgic_prepare(0, SPI_SOFT, 0x80, true);
        handle(0, SPI_LEVEL);
        host_irq_line(IRQ_LEVEL, false);
        handle(0, SPI_LEVEL);
        expect_none(0);
    }
    host_sgi_has_sender = false;
}

/* Devices serve the machine as long as any vCPU runs, whichever it is. */
static void device_and_vcpus_that_stop(void **state)
{
    (void)state;
    boot();
    vgic_prepare(1, SPI_LEVEL, 0x80, false);
    boss(MV_CALL_vcpu_stop, CAP_VCPU + A0, 0);
    host_irq_line(IRQ_LEVEL, true);
    handle(1, SPI_LEVEL);
    boss(MV_CALL_vcpu_stop, CAP_VCPU + A2, 0);
    expect(1, SPI_LEVEL);
    boss(MV_CALL_vcpu_stop, CAP_VCPU + A1, 0);
    settle();
    assert_false(hardware(IRQ_LEVEL)->active || hardware(IRQ_LEVEL)->enabled);
    boss(MV_CALL_vcpu_start, CAP_VCPU + A1, 0);
    settle();
    invariants_check();
    assert_true(hardware(IRQ_LEVEL)->active);           /* it waits for the end of the first */
    host_irq_line(IRQ_LEVEL, false);
    host_guest_end(1, SPI_LEVEL);
    handle(1, SPI_LEVEL);
    expect_none(1);
}

/* ---- bells -------------------------------------------------------------------------------- */

static void bells(void **state)
{
    static const struct { uint64_t at, value; int wakes; uint64_t payload; } row[] = {
        { 0x000, 0, VMM_0, 1 }, { 0x000, 1, VMM_0, 2 }, { 0x000, 63, VMM_0, UINT64_C(1) << 63 },
        { 0x000, 64 + 5, VMM_0, 32 }, { 0x000, UINT64_MAX, VMM_0, UINT64_C(1) << 63 },
        { 0x400, 3, VMM_1, 8 },
        { 0x200, 0, -1, 0 },            /* of no vIRQ */
        { 0x600, 0, -1, 0 }, { UINT64_C(0) - 0x200, 0, -1, 0 }, { 0x001, 0, -1, 0 }, { 0x004, 0, -1, 0 },
        { UINT64_C(1) << 40, 0, -1, 0 }, { UINT64_C(0) - BELLS, 0, -1, 0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        uint32_t to = row[i].wakes == VMM_1 ? 1 : 0;
        uint64_t pc, raises;

        boot();
        pc = host_cores[0].live.pc = 0x1000;
        raises = vcpu_at(A0)->raises;
        host_guest_store(0, BELLS + row[i].at, row[i].value);
        settle();
        invariants_check();
        if (row[i].wakes < 0) {
            assert_int_equal(regs(0)[0], MV_EXIT_MEMORY);
            assert_int_equal(regs(0)[2], BELLS + row[i].at);
            assert_int_equal(regs(0)[9], 0);
            continue;
        }
        assert_int_equal(running(to), row[i].wakes);
        assert_int_equal(regs(to)[0], row[i].payload);
        assert_int_equal(regs(to)[9], MV_SOURCE_VIRQ);
        assert_int_equal(vcpu_at(A0)->raises, raises + 1);
        message(to, MV_CALL_wait, 0, 0, 0, 0);
        let_guest(A0);
        assert_int_equal(host_cores[0].live.pc, pc + 4);
    }
    /* A machine without: as it always was. */
    boot();
    let_guest(B0);
    host_guest_store(0, BELLS, 0);
    assert_int_equal(regs(0)[0], MV_EXIT_MEMORY);
}

/* What is rung while the sink works is there when it waits again, together. */
static void bells_add_up(void **state)
{
    (void)state;
    boot();
    boss(MV_CALL_virq_raise, CAP_VIRQ + 1, UINT64_C(1) << 40);
    settle();
    assert_int_equal(running(1), VMM_1);
    for (uint64_t value = 0; value < 3; value++)
        host_guest_store(0, BELLS + 0x400, value);
    settle();
    message(1, MV_CALL_wait, 0, 0, 0, 0);
    assert_int_equal(running(1), VMM_1);
    assert_int_equal(regs(1)[0], 7);
    invariants_check();
}

GROUP(vgic, cmocka_unit_test(edge_and_level), cmocka_unit_test(set_and_cleared_by_software),
      cmocka_unit_test(disabled_is_kept), cmocka_unit_test(refusals), cmocka_unit_test(many_pending),
      cmocka_unit_test(many_active), cmocka_unit_test(ends_in_no_register),
      cmocka_unit_test(urgent_over_active_and_pending),
      cmocka_unit_test(wait_in_a_handler), cmocka_unit_test(sgis), cmocka_unit_test(two_senders),
      cmocka_unit_test(target_moves_while_active), cmocka_unit_test(target_moves_while_pending),
      cmocka_unit_test(end_then_wait), cmocka_unit_test(end_then_sgi), cmocka_unit_test(timer_fires),
      cmocka_unit_test(timer_fires_beside_another), cmocka_unit_test(timer_disabled),
      cmocka_unit_test(timer_made_inactive), cmocka_unit_test(timers_of_two),
      cmocka_unit_test(timer_of_one_that_waits), cmocka_unit_test(timer_of_one_that_waits_alone),
      cmocka_unit_test(timer_enabled_later),
      cmocka_unit_test(raised_by_another_core), cmocka_unit_test(raised_for_one_that_waits),
      cmocka_unit_test(raised_by_the_guest), cmocka_unit_test(device_level), cmocka_unit_test(device_edge),
      cmocka_unit_test(device_and_software), cmocka_unit_test(device_changes_target),
      cmocka_unit_test(device_ends_in_no_register), cmocka_unit_test(device_of_a_machine_that_stops),
      cmocka_unit_test(device_and_vcpus_that_stop), cmocka_unit_test(bells), cmocka_unit_test(bells_add_up));
