/* SPDX-License-Identifier: BSD-2-Clause */
/* The PrimeCells: UART and clock. */
#include "world.h"

#include <libmv/time.h>

#include "pl031.h"

#define UART(offset)  (MV_GUEST_UART + (offset))
#define RTC(offset)   (MV_GUEST_RTC + (offset))
#define DR    0x00u
#define FR    0x18u
#define LCR_H 0x2cu
#define CR    0x30u
#define IFLS  0x34u
#define IMSC  0x38u
#define RIS   0x3cu
#define MIS   0x40u
#define ICR   0x44u

static int setup(void **state)
{
    (void)state;
    world_make(3, 1, VMM_CONSOLE_PL011);
    return 0;
}

static void fifos_on(void)
{
    STORE(UART(LCR_H), 0x70);
    STORE(UART(CR), 0x301);
}

static void test_uart_registers(void **state)
{
    static const struct { uint32_t offset, reset, bits; } row[] = {
        { 0x20, 0, 0xff }, { 0x24, 0, 0xffff }, { 0x28, 0, 0x3f }, { LCR_H, 0, 0xff }, { CR, 0x300, 0xff87 },
        { IFLS, 0x12, 0x3f }, { IMSC, 0, 0x7ff }, { 0x48, 0, 7 }, { RIS, 0, 0 }, { MIS, 0, 0 },
        { FR, 0x97, 0x97 }, { 0x04, 0, 0 }, { 0x08, 0, 0 }, { 0x100, 0, 0 }, { 0xfe0, 0x11, 0x11 },
        { 0xfe4, 0x10, 0x10 }, { 0xfe8, 0x34, 0x34 }, { 0xfec, 0, 0 }, { 0xff0, 0x0d, 0x0d },
        { 0xff4, 0xf0, 0xf0 }, { 0xff8, 0x05, 0x05 }, { 0xffc, 0xb1, 0xb1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        setup(NULL);
        assert_int_equal(LOAD(UART(row[i].offset)), row[i].reset);
        STORE(UART(row[i].offset), ~0u);
        if (row[i].offset == CR)
            assert_int_equal(LOAD(UART(CR)), 0xff87);
        else
            assert_int_equal(LOAD(UART(row[i].offset)), row[i].bits);
    }
}

static void test_uart_sends(void **state)
{
    (void)state;
    for (const char *c = "hello"; *c != 0; c++)
        world_store(0, UART(DR), 0, (uint8_t)*c);
    assert_memory_equal(world.out, "hello", 5);
    assert_int_equal(world.out_length, 5);
    assert_int_equal(LOAD(UART(FR)) & 0xa8, 0x80);
    assert_int_equal(LOAD(UART(RIS)), 0x20);
    STORE(UART(ICR), 0x20);
    assert_int_equal(LOAD(UART(RIS)), 0);
    STORE(UART(IMSC), 0x20);
    assert_false(world_line(MV_GUEST_SPI_UART));
    STORE(UART(DR), '!');
    assert_true(world_line(MV_GUEST_SPI_UART));
    assert_int_equal(LOAD(UART(MIS)), 0x20);
    STORE(UART(IMSC), 0);
    assert_false(world_line(MV_GUEST_SPI_UART));
}

/* Nothing is lost while the console takes nothing, and the guest sees it. */
static void test_uart_holds_back(void **state)
{
    (void)state;
    fifos_on();
    STORE(UART(IMSC), 0x20);
    world.out_space = 3;
    for (int i = 0; i < 35; i++) {
        assert_int_equal(LOAD(UART(FR)) & 0x20, 0);
        STORE(UART(DR), (uint8_t)('A' + i));
    }
    assert_int_equal(LOAD(UART(FR)) & 0xa8, 0x28);
    assert_int_equal(world.out_length, 3);
    STORE(UART(DR), '!');                             /* into a full FIFO: lost, as it is on hardware */
    world_console_event();
    assert_int_equal(LOAD(UART(FR)) & 0xa8, 0x28);
    STORE(UART(ICR), 0x20);
    assert_false(world_line(MV_GUEST_SPI_UART));
    world.out_space = 10;
    world_console_event();
    assert_int_equal(LOAD(UART(FR)) & 0xa8, 0x08);
    assert_false(world_line(MV_GUEST_SPI_UART));
    world.out_space = 100;
    world_console_event();
    assert_true(world_line(MV_GUEST_SPI_UART));
    assert_int_equal(LOAD(UART(FR)) & 0xa8, 0x80);
    assert_int_equal(world.out_length, 35);
    for (int i = 0; i < 35; i++)
        assert_int_equal(world.out[i], 'A' + i);
}

static void test_uart_receives(void **state)
{
    (void)state;
    fifos_on();
    STORE(UART(IMSC), 0x50);
    world_type("ab");
    assert_int_equal(LOAD(UART(RIS)), 0x40);          /* the time-out, not the trigger */
    assert_true(world_line(MV_GUEST_SPI_UART));
    assert_int_equal(LOAD(UART(FR)) & 0x50, 0);
    assert_int_equal(LOAD(UART(DR)), 'a');
    assert_int_equal(LOAD(UART(DR)), 'b');
    assert_int_equal(LOAD(UART(RIS)), 0);
    assert_false(world_line(MV_GUEST_SPI_UART));
    assert_int_equal(LOAD(UART(FR)) & 0x50, 0x10);
    assert_int_equal(LOAD(UART(DR)), 0);
    world_type("0123456789abcdef");
    assert_int_equal(LOAD(UART(RIS)), 0x50);
    STORE(UART(ICR), 0x7ff);
    assert_int_equal(LOAD(UART(RIS)), 0x40);          /* what is there times out again */
}

/* More than the FIFO holds stays where it is. */
static void test_uart_is_not_overrun(void **state)
{
    char text[101];

    (void)state;
    for (int i = 0; i < 100; i++)
        text[i] = (char)(33 + i % 90);
    text[100] = 0;
    world_type(text);
    assert_int_equal(world.in_length, 100);           /* not enabled yet */
    assert_int_equal(LOAD(UART(FR)) & 0x10, 0x10);
    fifos_on();
    assert_int_equal(LOAD(UART(FR)) & 0x50, 0x40);
    assert_int_equal(world.in_length, 68);
    for (int i = 0; i < 100; i++)
        assert_int_equal(LOAD(UART(DR)), text[i]);
    assert_int_equal(LOAD(UART(FR)) & 0x10, 0x10);
    assert_int_equal(LOAD(UART(RIS)) & 0x400, 0);
}

static void test_uart_without_fifos(void **state)
{
    (void)state;
    STORE(UART(CR), 0x301);
    world_type("xy");
    assert_int_equal(LOAD(UART(FR)) & 0x50, 0x40);
    assert_int_equal(LOAD(UART(RIS)) & 0x10, 0x10);
    assert_int_equal(world.in_length, 1);
    assert_int_equal(LOAD(UART(DR)), 'x');
    assert_int_equal(LOAD(UART(DR)), 'y');
    world.out_space = 0;
    STORE(UART(DR), '1');
    assert_int_equal(LOAD(UART(FR)) & 0xa8, 0x28);
}

static void test_uart_loop_back(void **state)
{
    (void)state;
    STORE(UART(LCR_H), 0x10);
    STORE(UART(CR), 0x381 | 1u << 11);
    assert_int_equal(LOAD(UART(FR)) & 0x107, 1);
    STORE(UART(DR), 'L');
    assert_int_equal(world.out_length, 0);
    assert_int_equal(LOAD(UART(DR)), 'L');
    for (int i = 0; i < 33; i++)
        STORE(UART(DR), 'o');
    assert_int_equal(LOAD(UART(RIS)) & 0x400, 0x400);
    assert_int_equal(LOAD(UART(DR)), 'o' | 0x800);
    assert_int_equal(LOAD(UART(DR)), 'o');
    world_type("kept");
    assert_int_equal(world.in_length, 4);
}

static void test_uart_trigger(void **state)
{
    static const uint8_t levels[] = { 4, 8, 16, 24, 28 };

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        setup(NULL);
        fifos_on();
        STORE(UART(IFLS), i << 3);
        for (int n = 1; n <= levels[i]; n++) {
            world_type("z");
            assert_int_equal(LOAD(UART(RIS)) & 0x10, n == levels[i] ? 0x10 : 0);
        }
        (void)LOAD(UART(DR));
        assert_int_equal(LOAD(UART(RIS)) & 0x10, 0);
    }
}

static void test_uart_reset(void **state)
{
    (void)state;
    fifos_on();
    STORE(UART(IMSC), 0x50);
    world.out_space = 0;
    STORE(UART(DR), 'w');
    world_type("gone");
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(LOAD(UART(CR)), 0x300);
    assert_int_equal(LOAD(UART(FR)) & 0x10, 0x10);
    world.out_space = 100;
    world_console_event();
    assert_int_equal(world.out[0], 'w');
}

/* With its output elsewhere, or nowhere, it still works. */
static void test_uart_without_console(void **state)
{
    (void)state;
    world_make(3, 1, VMM_CONSOLE_NONE);
    for (int i = 0; i < 100; i++)
        STORE(UART(DR), 'n');
    assert_int_equal(LOAD(UART(FR)) & 0x20, 0);
}

static void test_clock(void **state)
{
    (void)state;
    assert_int_equal(LOAD(RTC(0)), 1000001);
    world.now_ns += 5 * MV_S;
    assert_int_equal(LOAD(RTC(0)), 1000006);
    STORE(RTC(0), 5);
    assert_int_equal(LOAD(RTC(0)), 1000006);
    STORE(RTC(8), 0xfffffffe);
    assert_int_equal(LOAD(RTC(8)), 0xfffffffe);
    world.now_ns += 3 * MV_S;
    assert_int_equal(LOAD(RTC(0)), 1);
    assert_int_equal(LOAD(RTC(0xc)), 1);
    STORE(RTC(0xc), 0);
    assert_int_equal(LOAD(RTC(0xc)), 1);
    assert_int_equal(LOAD(RTC(0xfe0)), 0x31);
    assert_int_equal(LOAD(RTC(0xfe8)), 0x04);
    assert_int_equal(LOAD(RTC(0xffc)), 0xb1);
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(LOAD(RTC(0)), 1);
}

static void test_alarm(void **state)
{
    (void)state;
    assert_int_equal(pl031_alarm(0), 0);
    STORE(RTC(4), 1000004);
    assert_int_equal(pl031_alarm(0), 0);              /* masked: nobody need wake up */
    STORE(RTC(0x10), ~0u);
    assert_int_equal(LOAD(RTC(0x10)), 1);
    assert_int_equal(pl031_alarm(0), 4 * MV_S);
    assert_int_equal(pl031_alarm(1), 0);
    world.now_ns = 4 * MV_S - 1;
    pl031_event();
    assert_false(world_line(MV_GUEST_SPI_RTC));
    world.now_ns = 4 * MV_S;
    pl031_event();
    assert_true(world_line(MV_GUEST_SPI_RTC));
    assert_int_equal(pl031_alarm(0), 0);
    assert_int_equal(LOAD(RTC(0x14)), 1);
    assert_int_equal(LOAD(RTC(0x18)), 1);
    STORE(RTC(0x1c), 1);
    assert_false(world_line(MV_GUEST_SPI_RTC));
    /* Now: at once. In the past: after 136 years. */
    STORE(RTC(4), 1000004);
    assert_true(world_line(MV_GUEST_SPI_RTC));
    STORE(RTC(0x1c), 1);
    STORE(RTC(4), 1000003);
    assert_int_equal(pl031_alarm(0), (UINT64_C(3) + (UINT64_C(1) << 32)) * MV_S);
}

static void test_alarm_and_reset(void **state)
{
    (void)state;
    STORE(RTC(4), 1000004);
    STORE(RTC(0x10), 1);
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(pl031_alarm(0), 0);
    world.now_ns = 10 * MV_S;
    pl031_event();
    assert_int_equal(LOAD(RTC(0x14)), 0);
}

int test_pl(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_uart_registers, setup),
        cmocka_unit_test_setup(test_uart_sends, setup),
        cmocka_unit_test_setup(test_uart_holds_back, setup),
        cmocka_unit_test_setup(test_uart_receives, setup),
        cmocka_unit_test_setup(test_uart_is_not_overrun, setup),
        cmocka_unit_test_setup(test_uart_without_fifos, setup),
        cmocka_unit_test_setup(test_uart_loop_back, setup),
        cmocka_unit_test_setup(test_uart_trigger, setup),
        cmocka_unit_test_setup(test_uart_reset, setup),
        cmocka_unit_test_setup(test_uart_without_console, setup),
        cmocka_unit_test_setup(test_alarm, setup),
        cmocka_unit_test_setup(test_alarm_and_reset, setup),
        cmocka_unit_test_setup(test_clock, setup),    /* the last: what it sets stays */
    };

    return cmocka_run_group_tests_name("pl", tests, NULL, NULL);
}
