/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and instructions that are withheld. */
#include "world.h"

#include "sysreg.h"

#define KEY_ISS(k) ((uint64_t)((k) >> 14) << 20 | (uint64_t)((k) & 7) << 17 | (uint64_t)((k) >> 11 & 7) << 14 | \
                    (uint64_t)((k) >> 7 & 15) << 10 | (uint64_t)((k) >> 3 & 15) << 1)
#define MRS(k) (UINT64_C(0x18) << 26 | ESR_IL | KEY_ISS(k) | 1)
#define MSR(k) (UINT64_C(0x18) << 26 | ESR_IL | KEY_ISS(k))

static int setup(void **state)
{
    (void)state;
    world_make(3, 2, VMM_CONSOLE_NONE);
    return 0;
}

static uint64_t get(uint32_t key)
{
    struct mv_words io = world_exit(0, MV_EXIT_REGISTER, MRS(key), 0, 0, 0);

    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SKIP | MV_EXIT_SET);
    return io.w[1];
}

static void set(uint32_t key, uint64_t value)
{
    assert_int_equal(world_exit(0, MV_EXIT_REGISTER, MSR(key), 0, value, 0).w[0], MV_EXIT_RESUME | MV_EXIT_SKIP);
}

static bool undefined(uint64_t syndrome)
{
    world.guest[0].vm.esr_el1 = 0x1234;
    return world_exit(0, MV_EXIT_REGISTER, syndrome, 0, 0, 0).w[0] == MV_EXIT_RESUME &&
           world.guest[0].vm.esr_el1 == ESR_IL;
}

static void test_key(void **state)
{
    uint32_t key = SYSREG(3, 5, 11, 13, 7);

    (void)state;
    assert_int_equal(sysreg_key(MRS(key)), key);
    assert_int_equal(sysreg_key(MSR(key) | 0x3e0), key);
}

/* On hardware that has everything, and on one that has nothing. */
static void test_id_registers(void **state)
{
    static const struct { uint32_t key; uint64_t all, none; } row[] = {
        { SYSREG(3, 0, 0, 4, 0), 0x1101000001ff0011, 0x0000000001000011 },
        { SYSREG(3, 0, 0, 4, 1), 0x0000000000000021, 0 },
        { SYSREG(3, 0, 0, 4, 4), 0, 0 },                                      /* ZFR0 */
        { SYSREG(3, 0, 0, 5, 0), 0x000000f000101006, 0x000000f000101006 },
        { SYSREG(3, 0, 0, 5, 1), 0, 0 },
        { SYSREG(3, 0, 0, 6, 0), 0x1221111110212120, 0 },
        { SYSREG(3, 0, 0, 6, 1), 0x0011111100211002, 0 },
        { SYSREG(3, 0, 0, 6, 2), 0, 0 },
        { SYSREG(3, 0, 0, 7, 0), 0x00001000ff110122, 0 },
        { SYSREG(3, 0, 0, 7, 1), 0x0000001001302002, 0 },
        { SYSREG(3, 0, 0, 7, 2), 0x1020001110110111, 0 },
        { SYSREG(3, 0, 0, 7, 3), 0, 0 },
        { SYSREG(3, 0, 0, 1, 0), 0, 0 },                                      /* AArch32 */
        { SYSREG(3, 0, 0, 3, 0), 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        memset(&world.guest[0].vm.id_aa64pfr0_el1, 0xff, 8 * 8);
        assert_int_equal(get(row[i].key), row[i].all);
        memset(&world.guest[0].vm.id_aa64pfr0_el1, 0, 8 * 8);
        assert_int_equal(get(row[i].key), row[i].none);
        assert_true(undefined(MSR(row[i].key)));
    }
    world_make(2, 1, VMM_CONSOLE_NONE);
    assert_int_equal(get(SYSREG(3, 0, 0, 4, 0)), 0x11);
}

static void test_zero(void **state)
{
    (void)state;
    set(SYSREG(2, 0, 0, 2, 2), ~UINT64_C(0));               /* MDSCR_EL1 */
    assert_int_equal(get(SYSREG(2, 0, 0, 2, 2)), 0);
    set(SYSREG(3, 0, 1, 0, 1), ~UINT64_C(0));               /* ACTLR_EL1 */
    assert_int_equal(get(SYSREG(3, 0, 1, 0, 1)), 0);
    assert_int_equal(get(SYSREG(3, 0, 0, 0, 6)), 0);        /* REVIDR_EL1 */
    assert_true(undefined(MSR(SYSREG(3, 0, 0, 0, 6))));
    for (uint32_t n = 0; n < 16; n++)
        for (uint32_t kind = 4; kind < 8; kind++) {
            bool there = n < (kind < 6 ? SYSREG_BREAKPOINTS : SYSREG_WATCHPOINTS);

            assert_int_equal(undefined(MRS(SYSREG(2, 0, 0, n, kind))), !there);
            assert_int_equal(undefined(MSR(SYSREG(2, 0, 0, n, kind))), !there);
        }
}

static void test_undefined(void **state)
{
    static const uint32_t keys[] = {
        SYSREG(3, 3, 9, 12, 0), SYSREG(3, 0, 9, 14, 1), SYSREG(3, 3, 14, 8, 0),   /* PMU */
        SYSREG(3, 0, 10, 4, 3), SYSREG(3, 0, 10, 4, 7),                           /* LORC, LORID */
        SYSREG(3, 0, 15, 0, 0), SYSREG(1, 3, 15, 0, 0), SYSREG(2, 1, 0, 0, 0),
        SYSREG(3, 4, 1, 1, 0), SYSREG(3, 3, 13, 0, 7), SYSREG(3, 0, 2, 1, 0),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_true(undefined(MRS(keys[i])));
        assert_true(undefined(MSR(keys[i])));
    }
}

static void test_os_lock(void **state)
{
    (void)state;
    assert_int_equal(get(SYSREG(2, 0, 1, 1, 4)), 0xa);
    set(SYSREG(2, 0, 1, 0, 4), 0);
    assert_int_equal(get(SYSREG(2, 0, 1, 1, 4)), 8);
    set(SYSREG(2, 0, 1, 0, 4), 1);
    assert_int_equal(get(SYSREG(2, 0, 1, 1, 4)), 0xa);
    assert_true(undefined(MRS(SYSREG(2, 0, 1, 0, 4))));
    assert_true(undefined(MSR(SYSREG(2, 0, 1, 1, 4))));
    assert_int_equal(get(SYSREG(2, 0, 7, 8, 6)), 0xff);
    set(SYSREG(2, 0, 7, 8, 6), 0x1a5);
    assert_int_equal(get(SYSREG(2, 0, 7, 9, 6)), 0xa5);
    set(SYSREG(2, 0, 7, 9, 6), 0x21);
    assert_int_equal(get(SYSREG(2, 0, 7, 9, 6)), 0x84);
}

#define TVAL SYSREG(3, 3, 14, 2, 0)
#define CTL  SYSREG(3, 3, 14, 2, 1)
#define CVAL SYSREG(3, 3, 14, 2, 2)

static void test_physical_timer(void **state)
{
    (void)state;
    world.counter = UINT64_C(0x100000000);
    assert_int_equal(get(SYSREG(3, 3, 14, 0, 1)), world.counter);
    set(CVAL, world.counter + 100);
    set(CTL, 0xff);
    assert_int_equal(get(CTL), 3);
    assert_int_equal(get(TVAL), 100);
    world.counter += 100;
    assert_int_equal(get(CTL), 7);
    set(CTL, 0);
    assert_int_equal(get(CTL), 0);
    set(TVAL, 0xfffffff0);                                   /* signed */
    assert_int_equal(get(CVAL), world.counter - 16);
    assert_int_equal(get(TVAL), 0xfffffff0);
    set(CTL, 1);
    assert_int_equal(get(CTL), 5);
    assert_true(undefined(MSR(SYSREG(3, 3, 14, 0, 1))));
    /* Each vCPU has its own. */
    assert_int_equal(world_exit(1, MV_EXIT_REGISTER, MRS(CTL), 0, 0, 0).w[1], 0);
}

static void test_set_and_way(void **state)
{
    static const uint32_t keys[] = { SYSREG(1, 0, 7, 6, 2), SYSREG(1, 0, 7, 10, 2), SYSREG(1, 0, 7, 14, 2) };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        world.flushed = 0;
        set(keys[i], 0x40000040);
        assert_int_equal(world.flushed, 0);
        set(keys[i], 2);
        assert_int_equal(world.flushed, WORLD_RAM_BYTES);
        assert_true(undefined(MRS(keys[i])));
    }
}

static void test_secure_sgis(void **state)
{
    (void)state;
    set(SYSREG(3, 0, 12, 11, 6), ~UINT64_C(0));
    set(SYSREG(3, 0, 12, 11, 7), ~UINT64_C(0));
    assert_true(undefined(MRS(SYSREG(3, 0, 12, 11, 7))));
}

int test_sysregs(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_key, setup),
        cmocka_unit_test_setup(test_id_registers, setup),
        cmocka_unit_test_setup(test_zero, setup),
        cmocka_unit_test_setup(test_undefined, setup),
        cmocka_unit_test_setup(test_os_lock, setup),
        cmocka_unit_test_setup(test_physical_timer, setup),
        cmocka_unit_test_setup(test_set_and_way, setup),
        cmocka_unit_test_setup(test_secure_sgis, setup),
    };

    return cmocka_run_group_tests_name("sysregs", tests, NULL, NULL);
}
