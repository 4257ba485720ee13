/* SPDX-License-Identifier: BSD-2-Clause */
/* vIRQs, device interrupts and upcalls. */
#include "unit.h"

#include <string.h>

#include "invariants.h"
#include "world.h"

#define MS           UINT64_C(1000000)
#define UPCALL       0x40000u
#define UPCALL_STACK 0x60000u
#define LEVEL_IRQ    (HOST_IRQ_FIRST + 1)
#define EDGE_IRQ     (HOST_IRQ_FIRST + 2)

/*
 * vCPU 0, the sink, with lines 0 and 1 (soft), 2 (level), 3 (edge):
 * capabilities 1-4; vCPU 1, less urgent, in its own cell with the same; vCPU 2
 * like it on core 1; capability 5 is the sink's control.
 */
enum { SINK, RAISER, FAR };
static void boot(void)
{
    world_begin(2);
    world_vcpu(world_cell("sink"), 0, 20);
    world_vcpu(world_cell("raiser"), 0, 10);
    world_vcpu(world_cell("far"), 1, 10);
    world_virq(SINK);
    world_virq(SINK);
    world_device(SINK, LEVEL_IRQ, false);
    world_device(SINK, EDGE_IRQ, true);
    world.head.caps.count = 0;
    for (uint32_t c = 0; c < 3; c++) {
        world.cell[c].first_cap = world.head.caps.count;
        world.cell[c].cap_count = 0;
        world_cap(c, MV_TYPE_NONE, 0, 0, 0);
        for (uint32_t i = 0; i < 4; i++)
            world_cap(c, MV_TYPE_VIRQ, i, MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE, 0);
        world_cap(c, MV_TYPE_VCPU, SINK, MV_RIGHT_VCPU_CONTROL, 0);
        world_cap(c, MV_TYPE_CELL, 0, MV_RIGHT_CELL_CONTROL, 0);
    }
    world_boot();
}

static mv_status_t raise(uint32_t core, uint32_t line, uint64_t payload)
{
    mv_status_t st = PLAIN2(core, virq_raise, 1 + line, payload);

    invariants_check();
    return st;
}
static void wait_lines(uint64_t lines, uint64_t flags)
{
    message(0, MV_CALL_wait, 0, lines, flags | (lines != 0 ? MV_LINES : 0), 0);
    invariants_check();
}
static void expect_virq(uint32_t line, uint64_t payload)
{
    assert_int_equal(running(0), SINK);
    assert_int_equal(regs(0)[8], MV_OK);
    assert_int_equal(regs(0)[9], MV_SOURCE_VIRQ | line);
    assert_int_equal(regs(0)[0], payload);
    for (int i = 1; i < MV_MESSAGE_WORDS; i++)
        assert_int_equal(regs(0)[i], 0);
}

static void payloads_gather(void **state)
{
    (void)state;
    boot();
    raise(0, 1, 0x10);
    raise(0, 1, 0x02);
    raise(0, 0, 0x800);
    raise(1, 0, UINT64_C(1) << 63);
    wait_lines(0, 0);
    expect_virq(0, UINT64_C(1) << 63 | 0x800);      /* the lowest line first */
    wait_lines(0, 0);
    expect_virq(1, 0x12);
    wait_lines(0, MV_NOWAIT);
    assert_int_equal(regs(0)[8], MV_WOULD_BLOCK);
    settle();
    wait_lines(0, MV_NOWAIT);
    assert_int_equal(regs(0)[8], MV_WOULD_BLOCK);   /* the kick finds nothing left */
}

static void raise_wakes(void **state)
{
    (void)state;
    for (uint32_t core = 0; core < 2; core++) {
        boot();
        wait_lines(0, 0);
        assert_int_equal(running(0), RAISER);
        raise(core, 1, 7);
        if (core == 1)
            assert_int_equal(running(0), RAISER);   /* until the message comes */
        settle();
        expect_virq(1, 7);
        /* The raiser was not disturbed. */
        wait_lines(0, 0);
        assert_int_equal(running(0), RAISER);
        assert_int_equal(regs(core)[0], MV_OK);
    }
}

static void only_the_lines_asked_for(void **state)
{
    (void)state;
    boot();
    wait_lines(2, 0);
    raise(0, 0, 1);
    assert_int_equal(running(0), RAISER);
    raise(0, 1, 2);
    expect_virq(1, 2);
    wait_lines(0, 0);
    expect_virq(0, 1);
}

static void masked_stays_pending(void **state)
{
    (void)state;
    boot();
    assert_int_equal(PLAIN1(0, virq_mask, 1), MV_OK);
    wait_lines(0, 0);
    raise(0, 0, 5);
    assert_int_equal(running(0), RAISER);
    raise(0, 1, 6);
    expect_virq(1, 6);
    assert_int_equal(PLAIN1(0, virq_unmask, 1), MV_OK);
    invariants_check();
    wait_lines(0, MV_NOWAIT);
    expect_virq(0, 5);
    /* Acknowledging takes the payload. */
    raise(0, 0, 9);
    assert_int_equal(PLAIN1(0, virq_ack, 1), MV_OK);
    assert_int_equal(regs(0)[1], 9);
    wait_lines(0, MV_NOWAIT);
    assert_int_equal(regs(0)[8], MV_WOULD_BLOCK);
}

static void only_the_sink_handles(void **state)
{
    (void)state;
    boot();
    wait_lines(0, 0);
    for (uint32_t core = 0; core < 2; core++) {
        assert_int_equal(PLAIN1(core, virq_ack, 1), MV_NOT_OWNER);
        assert_int_equal(PLAIN1(core, virq_mask, 1), MV_NOT_OWNER);
        assert_int_equal(PLAIN1(core, virq_unmask, 1), MV_NOT_OWNER);
    }
    invariants_check();
}

/* ---- devices ------------------------------------------------------------------------ */

static void level_interrupt(void **state)
{
    (void)state;
    boot();
    wait_lines(0, 0);
    host_irq_line(LEVEL_IRQ, true);
    settle();
    expect_virq(2, 1);
    assert_true(host_irqs[1].active);
    wait_lines(0, MV_NOWAIT);                       /* once, until it is acknowledged */
    assert_int_equal(regs(0)[8], MV_WOULD_BLOCK);
    PLAIN1(0, virq_ack, 3);
    invariants_check();
    settle();                                       /* still asserted: it comes again */
    wait_lines(0, MV_NOWAIT);
    expect_virq(2, 1);
    host_irq_line(LEVEL_IRQ, false);
    PLAIN1(0, virq_ack, 3);
    settle();
    wait_lines(0, MV_NOWAIT);
    assert_int_equal(regs(0)[8], MV_WOULD_BLOCK);
    assert_int_equal(vcpu_at(SINK)->interrupts, 2);
}

static void edge_while_active_is_kept(void **state)
{
    (void)state;
    boot();
    host_irq_line(EDGE_IRQ, true);
    settle();
    host_irq_line(EDGE_IRQ, false);
    host_irq_line(EDGE_IRQ, true);
    settle();
    assert_int_equal(vcpu_at(SINK)->interrupts, 1);
    PLAIN1(0, virq_ack, 4);
    settle();
    assert_int_equal(vcpu_at(SINK)->interrupts, 2);
    invariants_check();
}

static void stray_interrupts_are_survived(void **state)
{
    (void)state;
    boot();
    host_cores[0].stray = true;
    settle();
    host_irqs[5].enabled = host_irqs[5].level = true;    /* nobody's */
    settle();
    assert_false(host_irqs[5].enabled);
    assert_int_equal(running(0), SINK);
    invariants_check();
}

/* A driver that stops, in whatever way, takes its interrupts with it, and gets
 * them back when it starts again. */
static void stopped_driver(void **state)
{
    (void)state;
    for (int faults = 0; faults < 2; faults++) {
        boot();
        host_irq_line(LEVEL_IRQ, true);
        settle();
        if (faults)
            host_fault(0, MV_FAULT_READ, 0, 0);
        else
            PLAIN1(0, exit, 0);
        invariants_check();
        assert_false(host_irqs[1].enabled || host_irqs[1].active);
        /* One that was on its way is nobody's. */
        host_irqs[1].enabled = true;
        settle();
        invariants_check();
        assert_int_equal(running(0), RAISER);
        assert_int_equal(PLAIN1(0, cell_start, 6), MV_OK);
        settle();
        invariants_check();
        assert_int_equal(running(0), SINK);
        wait_lines(0, MV_NOWAIT);
        expect_virq(2, 1);
    }
}

/* ---- devices that interrupt too often --------------------------------------------------- */

static void boot_limited(void)
{
    world_begin(1);
    world_vcpu(world_cell("sink"), 0, 20);
    world_vcpu(world_cell("other"), 0, 10);
    world_virq(SINK);
    world_virq(SINK);
    world_device(SINK, LEVEL_IRQ, false);
    world.virq[2].limit_count = 3;
    world.virq[2].limit_ns = 10 * MS;
    world.head.caps.count = 0;
    for (uint32_t c = 0; c < 2; c++) {
        world.cell[c].first_cap = world.head.caps.count;
        world.cell[c].cap_count = 0;
        world_cap(c, MV_TYPE_NONE, 0, 0, 0);
        for (uint32_t i = 0; i < 3; i++)
            world_cap(c, MV_TYPE_VIRQ, i, MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE, 0);
        world_cap(c, MV_TYPE_CELL, 0, MV_RIGHT_CELL_CONTROL, 0);
    }
    world_boot();
    pass_ns(50 * MS);
    host_irq_line(LEVEL_IRQ, true);    /* for ever */
    settle();
}

/* The sink takes and acknowledges its device's interrupts until none comes; how many. */
static uint32_t served(void)
{
    uint32_t n = 0;

    for (;;) {
        wait_lines(0, MV_NOWAIT);
        if (regs(0)[8] != MV_OK)
            return n;
        n++;
        PLAIN1(0, virq_ack, 3);
        invariants_check();
        settle();
    }
}

static void limit_of_a_level_that_stays(void **state)
{
    (void)state;
    boot_limited();
    assert_int_equal(served(), 3);
    assert_true(host_irqs[1].active);
    PLAIN1(0, virq_ack, 3);                         /* changes nothing */
    settle();
    assert_int_equal(served(), 0);
    pass_ns(10 * MS - 1000);
    assert_int_equal(served(), 0);
    for (int i = 0; i < 20; i++) {
        pass_ns(i == 0 ? 1000 : 10 * MS);
        assert_int_equal(served(), 3);
    }
    assert_int_equal(vcpu_at(SINK)->interrupts, 3 + 60);
    /* It comes seldom: an interval begins when it comes. */
    host_irq_line(LEVEL_IRQ, false);
    pass_ns(100 * MS);
    assert_int_equal(served(), 0);
    for (int i = 0; i < 10; i++) {
        pass_ns(4 * MS);
        host_irq_line(LEVEL_IRQ, true);
        settle();
        wait_lines(0, MV_NOWAIT);
        expect_virq(2, 1);
        host_irq_line(LEVEL_IRQ, false);
        PLAIN1(0, virq_ack, 3);
        settle();
        invariants_check();
    }
}

/* A masked line holds its device anyway; the interval goes on meanwhile. */
static void limit_and_mask(void **state)
{
    (void)state;
    boot_limited();
    PLAIN1(0, virq_mask, 3);
    pass_ns(30 * MS);
    assert_int_equal(served(), 0);
    assert_int_equal(vcpu_at(SINK)->interrupts, 1);
    PLAIN1(0, virq_unmask, 3);
    assert_int_equal(served(), 3);
    PLAIN1(0, virq_mask, 3);
    pass_ns(20 * MS);                               /* it is let in, and no further */
    assert_int_equal(vcpu_at(SINK)->interrupts, 4);
    PLAIN1(0, virq_unmask, 3);
    assert_int_equal(served(), 3);
}

/* A driver that stops while its device is held back, and starts again, in the
 * same interval or a later one. */
static void limit_of_a_stopped_driver(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        boot_limited();
        assert_int_equal(served(), 3);
        PLAIN1(0, exit, 0);
        invariants_check();
        assert_false(host_irqs[1].enabled || host_irqs[1].active);
        assert_int_equal(running(0), 1);
        pass_ns(later ? 25 * MS : MS);              /* nothing is let in that is stopped */
        invariants_check();
        assert_false(host_irqs[1].enabled);
        assert_int_equal(PLAIN1(0, cell_start, 4), MV_OK);
        settle();
        invariants_check();
        assert_int_equal(running(0), SINK);
        assert_int_equal(served(), later ? 3 : 1);  /* that interval has had its three */
        pass_ns(10 * MS);
        assert_int_equal(served(), 3);
    }
}

/* ---- upcalls ------------------------------------------------------------------------------ */

static struct arch_frame *live(void) { return &host_cores[0].live; }
static struct mv_upcall *upcall(void) { return &vcpu_at(SINK)->buffer->upcall; }

static void set_upcall(void)
{
    assert_int_equal(plain(0, MV_CALL_upcall_set, 0, UPCALL, UPCALL_STACK, 0, 0, 0), MV_OK);
    invariants_check();
}
static void expect_upcall(uint64_t line, uint64_t payload)
{
    assert_int_equal(running(0), SINK);
    assert_int_equal(live()->pc, UPCALL);
    assert_int_equal(live()->sp, UPCALL_STACK);
    assert_int_equal(live()->x[0], line);
    assert_int_equal(live()->x[1], payload);
    assert_int_not_equal(upcall()->masked, 0);
}

static void upcall_arguments(void **state)
{
    static const struct { uint64_t entry, stack; mv_status_t want; } row[] = {
        { UPCALL + 1, UPCALL_STACK, MV_BAD_ARG }, { UPCALL + 2, 0, MV_BAD_ARG },
        { UPCALL, UPCALL_STACK + 8, MV_BAD_ARG }, { UPCALL, 0, MV_OK }, { 0, 0, MV_OK },
    };

    (void)state;
    boot();
    for (size_t i = 0; i < ARRAY_SIZE(row); i++)
        assert_int_equal(plain(0, MV_CALL_upcall_set, 0, row[i].entry, row[i].stack, 0, 0, 0), row[i].want);
}

/* Between any two instructions, and all registers come back. */
static void upcall_in_the_middle(void **state)
{
    struct arch_frame before;

    (void)state;
    boot();
    set_upcall();
    for (uint64_t i = 0; i < 31; i++)
        live()->x[i] = 0x1000 + i;
    live()->pc = 0x5678;
    before = *live();
    raise(1, 1, 3);
    assert_int_equal(live()->pc, 0x5678);
    settle();
    invariants_check();
    expect_upcall(1, 3);
    raise(1, 0, 4);                                  /* not a second one in the first */
    settle();
    assert_int_equal(live()->pc, UPCALL);
    invariants_check();
    message(0, MV_CALL_upcall_return, 0, 0, 0, 0);
    invariants_check();
    expect_upcall(0, 4);                             /* at once when the first returns */
    message(0, MV_CALL_upcall_return, 0, 0, 0, 0);
    assert_int_equal(upcall()->masked, 0);
    assert_memory_equal(live()->x, before.x, sizeof(before.x));
    assert_int_equal(live()->pc, before.pc);
    assert_int_equal(live()->sp, before.sp);
}

/* What was due before they were asked for, unmasked before they were masked. */
static void upcall_when_it_becomes_possible(void **state)
{
    (void)state;
    boot();
    raise(0, 0, 1);
    set_upcall();
    expect_upcall(0, 1);
    PLAIN1(0, virq_mask, 2);
    raise(0, 1, 2);
    message(0, MV_CALL_upcall_return, 0, 0, 0, 0);
    assert_int_not_equal(live()->pc, UPCALL);
    PLAIN1(0, virq_unmask, 2);
    expect_upcall(1, 2);
}

static void held_back_is_noted(void **state)
{
    (void)state;
    boot();
    set_upcall();
    upcall()->masked = 1;                            /* as a cell disables interrupts */
    raise(0, 0, 1);
    assert_int_not_equal(live()->pc, UPCALL);
    PLAIN1(0, yield, 0);
    assert_int_equal(upcall()->pending, 1);
    upcall()->masked = 0;                            /* ... and enables them, and asks */
    upcall()->pending = 0;
    PLAIN1(0, yield, 0);
    expect_upcall(0, 1);
}

/* One that waits takes the vIRQ as the result of its wait. */
static void waiting_takes_it_as_result(void **state)
{
    (void)state;
    boot();
    set_upcall();
    wait_lines(0, 0);
    raise(0, 1, 5);
    expect_virq(1, 5);
    /* One that waits for other lines only goes on waiting. */
    wait_lines(2, 0);
    raise(0, 0, 6);
    assert_int_equal(running(0), RAISER);
    raise(0, 1, 7);
    expect_upcall(0, 6);
    message(0, MV_CALL_upcall_return, 0, 0, 0, 0);
    expect_virq(1, 7);
}

/* Preempted and chosen again before the core leaves the kernel, it must not
 * overlook what came in between. */
static void upcall_of_one_that_was_preempted_and_chosen(void **state)
{
    uint32_t urgent, far, cap;

    (void)state;
    world_begin(2);
    world_vcpu(world_cell("sink"), 0, 20);
    urgent = world_cell("urgent");
    world_vcpu(urgent, 0, 30);
    far = world_cell("far");
    world_vcpu(far, 1, 10);
    world_virq(0);
    world_virq(1);
    cap = world_cap(far, MV_TYPE_VIRQ, 1, MV_RIGHT_VIRQ_RAISE, 0);
    world_cap(far, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE, 0);
    world_cap(far, MV_TYPE_VCPU, 1, MV_RIGHT_VCPU_CONTROL, 0);
    world_boot();
    message(0, MV_CALL_wait, 0, 0, 0, 0);            /* the urgent one */
    set_upcall();
    PLAIN2(1, virq_raise, cap, 1);                   /* wakes the urgent one */
    PLAIN2(1, virq_raise, cap + 1, 1);               /* is for the sink */
    PLAIN1(1, vcpu_stop, cap + 2);                   /* the urgent one again */
    host_interrupt(0);                               /* all three in one entry */
    invariants_check();
    expect_upcall(0, 1);
}

/* The frame that upcall_return restores is the cell's to write. */
static void frame_from_outside(void **state)
{
    (void)state;
    boot();
    set_upcall();
    raise(0, 0, 1);
    memset(upcall()->x, 0xff, sizeof(upcall()->x));
    upcall()->pc = UINT64_MAX;
    upcall()->pstate = UINT64_MAX;
    message(0, MV_CALL_upcall_return, 0, 0, 0, 0);
    assert_int_equal(live()->pc, UINT64_MAX);
    assert_int_equal(live()->pstate, 0);
    invariants_check();
}

GROUP(virq, cmocka_unit_test(payloads_gather), cmocka_unit_test(raise_wakes),
      cmocka_unit_test(only_the_lines_asked_for), cmocka_unit_test(masked_stays_pending),
      cmocka_unit_test(only_the_sink_handles), cmocka_unit_test(level_interrupt),
      cmocka_unit_test(edge_while_active_is_kept), cmocka_unit_test(stray_interrupts_are_survived),
      cmocka_unit_test(stopped_driver), cmocka_unit_test(limit_of_a_level_that_stays),
      cmocka_unit_test(limit_and_mask), cmocka_unit_test(limit_of_a_stopped_driver));
GROUP(upcall, cmocka_unit_test(upcall_arguments), cmocka_unit_test(upcall_in_the_middle),
      cmocka_unit_test(upcall_when_it_becomes_possible), cmocka_unit_test(held_back_is_noted),
      cmocka_unit_test(waiting_takes_it_as_result),
      cmocka_unit_test(upcall_of_one_that_was_preempted_and_chosen),
      cmocka_unit_test(frame_from_outside));
