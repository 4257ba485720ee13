/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler and the timers in virtual time: a tick is a microsecond. */
#include "unit.h"

#include "invariants.h"
#include "world.h"

#define MS UINT64_C(1000000)     /* nanoseconds */

/* One cell on one core, a vCPU for each priority, with nothing to say to
 * each other; a vIRQ of each, which capability 1 + i raises. */
static void boot(const uint32_t *priority, uint32_t count)
{
    uint32_t cell;

    world_begin(1);
    cell = world_cell("busy");
    for (uint32_t i = 0; i < count; i++)
        world_vcpu(cell, 0, priority[i]);
    for (uint32_t i = 0; i < count; i++)
        world_cap(cell, MV_TYPE_VIRQ, world_virq(i), MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE, 0);
    world_boot();
    invariants_check();
}
#define BOOT(...) boot((const uint32_t[]){ __VA_ARGS__ }, \
                       sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void wait_for_anything(void)
{
    message(0, MV_CALL_wait, 0, 0, 0, 0);
    invariants_check();
}
static void raise(uint32_t vcpu)
{
    PLAIN2(0, virq_raise, 1 + vcpu, 1);
    invariants_check();
}
static void pass(uint64_t ns)
{
    pass_ns(ns);
    invariants_check();
}

static void highest_first(void **state)
{
    (void)state;
    BOOT(5, 255, 0, 64, 63, 128);
    static const int order[] = { 1, 5, 3, 4, 0, 2 };

    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        assert_int_equal(running(0), order[i]);
        wait_for_anything();
    }
    assert_int_equal(running(0), -1);
}

/* Nobody of lower priority runs while a higher one can, however long. */
static void no_turns_between_priorities(void **state)
{
    (void)state;
    BOOT(10, 11);
    pass(100 * MS);
    assert_int_equal(running(0), 1);
    PLAIN1(0, yield, 0);
    assert_int_equal(running(0), 1);
}

static void equals_take_turns(void **state)
{
    static const int order[] = { 0, 1, 2, 0, 1, 2 };

    (void)state;
    BOOT(10, 10, 10, 9);
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        assert_int_equal(running(0), order[i]);
        pass(WORLD_SLICE_NS - 1000);
        assert_int_equal(running(0), order[i]);
        pass(1000);
    }
}

/* A lone one is not interrupted, but its slice is measured: when an equal
 * comes, it has what is left of it. */
static void no_tick_when_alone(void **state)
{
    (void)state;
    BOOT(10, 10, 9);
    wait_for_anything();
    assert_int_equal(running(0), 1);
    pass(WORLD_SLICE_NS * 6 / 10);
    raise(0);
    assert_int_equal(running(0), 1);
    pass(WORLD_SLICE_NS * 3 / 10);
    assert_int_equal(running(0), 1);
    pass(WORLD_SLICE_NS / 10);
    assert_int_equal(running(0), 0);
    wait_for_anything();
    pass(3 * WORLD_SLICE_NS);
    assert_int_equal(running(0), 1);
    assert_true(host_cores[0].timer == UINT64_MAX);
    raise(0);
    settle();
    assert_int_equal(running(0), 0);
}

/* One that is preempted keeps its place before its equals and what is left of
 * its slice. */
static void preempted_goes_on(void **state)
{
    (void)state;
    BOOT(10, 10, 20);
    assert_int_equal(running(0), 2);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, WORLD_SLICE_NS / 2);
    assert_int_equal(running(0), 0);
    pass(WORLD_SLICE_NS / 2);
    assert_int_equal(running(0), 2);          /* preempts in the middle of the slice */
    pass(5 * WORLD_SLICE_NS);
    wait_for_anything();
    assert_int_equal(running(0), 0);
    pass(WORLD_SLICE_NS / 2 - 1000);
    assert_int_equal(running(0), 0);
    pass(1000);
    assert_int_equal(running(0), 1);
}

static void yield_gives_the_turn_away(void **state)
{
    (void)state;
    BOOT(10, 10, 5);
    assert_int_equal(running(0), 0);
    pass(WORLD_SLICE_NS / 4);
    PLAIN1(0, yield, 0);
    invariants_check();
    assert_int_equal(running(0), 1);
    pass(WORLD_SLICE_NS);
    assert_int_equal(running(0), 0);
    /* A whole turn again. */
    pass(WORLD_SLICE_NS - 1000);
    assert_int_equal(running(0), 0);
    pass(1000);
    assert_int_equal(running(0), 1);
    /* Equals that are not there are not waited for. */
    PLAIN1(0, yield, 0);
    PLAIN1(0, yield, 0);
    assert_int_equal(running(0), 1);
}

/* One that is woken with the priority of the one that runs waits behind it. */
static void woken_equal_waits(void **state)
{
    (void)state;
    BOOT(10, 10);
    wait_for_anything();
    assert_int_equal(running(0), 1);
    raise(0);
    assert_int_equal(running(0), 1);
    wait_for_anything();
    assert_int_equal(running(0), 0);
    assert_int_equal(regs(0)[8], MV_OK);
}

static void deadlines_wake_in_order(void **state)
{
    (void)state;
    BOOT(10, 10, 10, 10);
    for (uint64_t i = 0; i < 4; i++)
        message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, (4 - i) * MS);
    assert_int_equal(running(0), -1);
    for (int i = 3; i >= 0; i--) {
        pass(MS - 1000);
        assert_int_equal(running(0), -1);
        pass(1000);
        assert_int_equal(running(0), i);
        assert_int_equal(regs(0)[8], MV_TIMEOUT);
        wait_for_anything();
    }
}

static void deadline_in_the_past(void **state)
{
    (void)state;
    BOOT(10);
    pass(5 * MS);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, 3 * MS);
    settle();
    assert_int_equal(running(0), 0);
    assert_int_equal(regs(0)[8], MV_TIMEOUT);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, UINT64_MAX);
    pass(1000 * MS);
    assert_int_equal(running(0), -1);
}

/* A deadline that is not needed any more leaves nothing behind. */
static void deadline_is_forgotten(void **state)
{
    (void)state;
    BOOT(20, 10);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, 2 * MS);
    raise(0);
    assert_int_equal(running(0), 0);
    assert_int_equal(regs(0)[8], MV_OK);
    wait_for_anything();
    pass(10 * MS);
    assert_int_equal(running(0), 1);
}

static void time_is_charged(void **state)
{
    (void)state;
    BOOT(20, 10);
    pass(3 * MS);
    wait_for_anything();
    pass(2 * MS);
    raise(0);
    assert_int_equal(vcpu_at(0)->own.consumed, 3000);
    assert_int_equal(vcpu_at(1)->own.consumed, 2000);
}

/* An equal chosen by the same timer that ends the slice of the one before is
 * not sent away in its place. */
static void slice_and_timeout_together(void **state)
{
    (void)state;
    BOOT(10, 10);
    message(0, MV_CALL_wait, 0, 0, MV_DEADLINE, WORLD_SLICE_NS);
    assert_int_equal(running(0), 1);
    pass(WORLD_SLICE_NS);
    for (int i = 0; i < 6; i++) {
        int first = running(0);

        pass(WORLD_SLICE_NS);
        assert_int_not_equal(running(0), first);
    }
}

/* A call that ends by its deadline is chosen before an equal that has used up
 * its turn unnoticed; the end of that turn is not charged to it. */
static void timeout_against_a_long_turn(void **state)
{
    uint32_t cell, portal;

    (void)state;
    world_begin(1);
    cell = world_cell("equals");
    world_vcpu(cell, 0, 10);
    world_vcpu(cell, 0, 10);
    world_vcpu(world_cell("server"), 0, 5);
    portal = world_portal(2);
    world.head.caps.count = 0;
    for (uint32_t c = 0; c < 2; c++) {
        world.cell[c].first_cap = world.head.caps.count;
        world.cell[c].cap_count = 0;
        world_cap(c, MV_TYPE_NONE, 0, 0, 0);
        world_cap(c, MV_TYPE_PORTAL, portal, MV_RIGHT_PORTAL_CALL, 1);
    }
    world_boot();
    message(0, MV_CALL_call, 0, 1, MV_DEADLINE, 3 * WORLD_SLICE_NS);
    assert_int_equal(running(0), 1);
    pass(3 * WORLD_SLICE_NS);
    assert_int_equal(running(0), 0);
    assert_int_equal(regs(0)[8], MV_TIMEOUT);
    for (int i = 0; i < 4; i++) {
        int before = running(0);

        pass(WORLD_SLICE_NS);
        assert_int_not_equal(running(0), before);
    }
}

/* Random work, and each of them on its own ring gets a fair part. */
static void fair_among_equals(void **state)
{
    struct random random = { 77 };

    (void)state;
    BOOT(10, 10, 10, 30);
    for (int n = 0; n < 3000; n++) {
        if (running(0) == 3)
            message(0, MV_CALL_wait, 0, 0, MV_DEADLINE,
                    time_to_ns(host_time) + random_below(&random, 3 * WORLD_SLICE_NS));
        else
            pass(random_below(&random, WORLD_SLICE_NS / 2));
        invariants_check();
    }
    for (uint32_t i = 1; i < 3; i++) {
        uint64_t a = vcpu_at(0)->own.consumed, b = vcpu_at(i)->own.consumed;

        assert_true(a < b + b / 8 && b < a + a / 8);
    }
}

GROUP(sched, cmocka_unit_test(highest_first), cmocka_unit_test(no_turns_between_priorities),
      cmocka_unit_test(equals_take_turns), cmocka_unit_test(no_tick_when_alone),
      cmocka_unit_test(preempted_goes_on), cmocka_unit_test(yield_gives_the_turn_away),
      cmocka_unit_test(woken_equal_waits), cmocka_unit_test(deadlines_wake_in_order),
      cmocka_unit_test(deadline_in_the_past), cmocka_unit_test(deadline_is_forgotten),
      cmocka_unit_test(time_is_charged), cmocka_unit_test(slice_and_timeout_together),
      cmocka_unit_test(timeout_against_a_long_turn),
      cmocka_unit_test(fair_among_equals));

/* ---- timers ------------------------------------------------------------------------ */

/* vCPU 0, urgent, with timer (capability 2); vCPU 1 below; vCPU 2 on core 1. */
static void boot_timer(uint64_t frequency)
{
    uint32_t cell, timer;

    world_begin(2);
    host_frequency = frequency;
    cell = world_cell("timed");
    world_vcpu(cell, 0, 20);
    world_vcpu(cell, 0, 10);
    world_vcpu(cell, 1, 10);
    timer = world_timer(world_virq(0));
    world_cap(cell, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE, 0);
    world_cap(cell, MV_TYPE_TIMER, timer, MV_RIGHT_TIMER_SET, 0);
    world_boot();
}

static void timer_arguments(void **state)
{
    static const struct { uint64_t first, period; mv_status_t want; } row[] = {
        { 0, 0, MV_OK },
        { 1, 0, MV_OK },
        { UINT64_MAX, 0, MV_OK },
        { 0, 1, MV_BAD_ARG },
        { 0, 9999, MV_BAD_ARG },
        { 0, 10000, MV_OK },
        { UINT64_MAX, UINT64_MAX, MV_OK },
    };

    (void)state;
    boot_timer(WORLD_FREQUENCY);
    for (size_t i = 0; i < ARRAY_SIZE(row); i++)
        assert_int_equal(PLAIN3(0, timer_set, 2, row[i].first, row[i].period), row[i].want);
    /* From another core than its sink's. */
    assert_int_equal(PLAIN3(1, timer_set, 2, 1, 0), MV_NOT_OWNER);
}

static void once_and_periodic(void **state)
{
    (void)state;
    boot_timer(WORLD_FREQUENCY);
    PLAIN3(0, timer_set, 2, 3 * MS, 0);
    wait_for_anything();
    pass(3 * MS - 1000);
    assert_int_equal(running(0), 1);
    pass(1000);
    assert_int_equal(running(0), 0);
    assert_int_equal(regs(0)[9], MV_SOURCE_VIRQ);
    assert_int_equal(regs(0)[0], 1);
    wait_for_anything();
    pass(50 * MS);
    assert_int_equal(running(0), 1);

    /* Periods count from the first time, however late each is taken. */
    uint64_t start = time_to_ns(host_time);
    PLAIN3(0, timer_set, 2, start + 2 * MS, MS);
    for (uint64_t i = 2; i < 6; i++) {
        pass(start + i * MS - time_to_ns(host_time));
        assert_int_equal(running(0), 0);
        pass(MS / 3);
        wait_for_anything();
        assert_int_equal(running(0), 1);
    }
    assert_int_equal(vcpu_at(0)->overruns, 0);
    PLAIN3(0, timer_set, 2, 0, 0);
    pass(10 * MS);
    assert_int_equal(running(0), 1);
}

/* When the core could not take its timer for some periods, they are counted
 * and one is delivered, in step with the others. */
static void lost_periods_are_counted(void **state)
{
    (void)state;
    boot_timer(WORLD_FREQUENCY);
    PLAIN3(0, timer_set, 2, MS, MS);
    wait_for_anything();
    host_time += 4500;
    settle();
    invariants_check();
    assert_int_equal(running(0), 0);
    assert_int_equal(vcpu_at(0)->overruns, 3);
    wait_for_anything();
    pass(MS / 2 - 1000);
    assert_int_equal(running(0), 1);
    pass(1000);
    assert_int_equal(running(0), 0);
}

/* With a fast counter the next time of a long period does not fit in 64 bits. */
static void endless_period(void **state)
{
    (void)state;
    boot_timer(1000000000);
    PLAIN3(0, timer_set, 2, 1, UINT64_MAX);
    wait_for_anything();
    pass(1000);
    assert_int_equal(running(0), 0);
    wait_for_anything();
    pass(1000 * MS);
    assert_int_equal(running(0), 1);
    invariants_check();
}

static void stopped_sink_has_no_timer(void **state)
{
    (void)state;
    boot_timer(WORLD_FREQUENCY);
    PLAIN3(0, timer_set, 2, MS, MS);
    PLAIN1(0, exit, 0);
    pass(5 * MS);
    invariants_check();
    assert_int_equal(vcpu_at(0)->virq_pending, 0);
    assert_int_equal(running(0), 1);
}

GROUP(timer, cmocka_unit_test(timer_arguments), cmocka_unit_test(once_and_periodic),
      cmocka_unit_test(lost_periods_are_counted), cmocka_unit_test(endless_period),
      cmocka_unit_test(stopped_sink_has_no_timer));
