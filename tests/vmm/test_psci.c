/* SPDX-License-Identifier: BSD-2-Clause */
/* PSCI and the SMC Calling Convention. */
#include "world.h"

#define RAM            ((uint64_t)(uintptr_t)world.ram)
#define ERROR(n)       ((uint64_t)-(n))
#define CPU_ON         0xc4000003u
#define CPU_OFF        0x84000002u
#define AFFINITY_INFO  0xc4000004u

static int setup(void **state)
{
    (void)state;
    world_make(3, 4, VMM_CONSOLE_PL011);
    world.guest[0].cpu.run_state = MV_STATE_CALLING;
    return 0;
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(world_call(0, 0x84000000, 0, 0, 0), 0x10001);
    assert_int_equal(world_call(0, 0x80000000, 0, 0, 0), 0x10002);
    assert_int_equal(world_call(0, 0x84000006, 0, 0, 0), 2);
}

static void test_features(void **state)
{
    static const uint32_t there[] = {
        0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003, 0xc4000003, 0x84000004, 0xc4000004,
        0x84000006, 0x84000008, 0x84000009, 0x8400000a, 0x84000012, 0xc4000012, 0x80000000,
    };
    static const uint32_t absent[] = { 0x84000005, 0x84000007, 0x8400000b, 0xc400000e, 0x84000013, 0xc4000000, 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
        assert_int_equal(world_call(0, 0x8400000a, there[i], 0, 0), 0);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(world_call(0, 0x8400000a, absent[i], 0, 0), ERROR(1));
        if (absent[i] != 0)
            assert_int_equal(world_call(0, absent[i], 0, 0, 0), ERROR(1));
    }
}

static void test_cpu_on(void **state)
{
    const struct guest_state *g = &world.guest[2];

    (void)state;
    world.guest[2].vm.vbar_el1 = 0x77;
    assert_int_equal(world_call(0, CPU_ON, 2, RAM + 0x100, 0xabcdef0123456789), 0);
    assert_int_equal(world.starts[2], 1);
    assert_int_equal(g->cpu.pc, RAM + 0x100);
    assert_int_equal(g->cpu.x[0], 0xabcdef0123456789);
    assert_int_equal(g->cpu.pstate, 0x3c5);
    assert_int_equal(g->vm.sctlr_el1, 0x30d00800);
    assert_int_equal(g->vm.vbar_el1, 0);
    assert_int_equal(world_call(0, CPU_ON, 2, RAM, 0), ERROR(4));
    assert_int_equal(world_call(0, CPU_ON, 0, RAM, 0), ERROR(4));
    assert_int_equal(world.starts[2], 1);
}

static void test_cpu_on_refusals(void **state)
{
    (void)state;
    assert_int_equal(world_call(0, CPU_ON, 4, RAM, 0), ERROR(2));
    assert_int_equal(world_call(0, CPU_ON, 0x100, RAM, 0), ERROR(2));
    assert_int_equal(world_call(0, CPU_ON, UINT64_C(1) << 32 | 1, RAM, 0), ERROR(2));
    assert_int_equal(world_call(0, CPU_ON, ~UINT64_C(0), RAM, 0), ERROR(2));
    assert_int_equal(world_call(0, CPU_ON, 1, RAM + WORLD_RAM_BYTES, 0), ERROR(9));
    assert_int_equal(world_call(0, CPU_ON, 1, RAM - 4, 0), ERROR(9));
    assert_int_equal(world_call(0, CPU_ON, 1, RAM + 2, 0), ERROR(9));
    assert_int_equal(world_call(0, CPU_ON, 1, MV_GUEST_UART, 0), ERROR(9));
    for (int i = 0; i < 4; i++)
        assert_int_equal(world.starts[i], 0);
    /* The arguments of a 32-bit call have 32 bits. */
    assert_int_equal(world_call(0, 0x84000003, UINT64_C(1) << 32 | 1, UINT64_C(0x40000000), 0), ERROR(9));
    assert_int_equal(world_call(0, 0x84000003, UINT64_C(1) << 32 | 9, UINT64_C(0x40000000), 0), ERROR(2));
}

static void test_cpu_off(void **state)
{
    (void)state;
    assert_int_equal(world_call(0, AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(world_call(0, CPU_ON, 1, RAM, 0), 0);
    assert_int_equal(world_call(0, AFFINITY_INFO, 1, 0, 0), 0);
    (void)world_call(1, CPU_OFF, 0, 0, 0);
    assert_int_equal(world.stops[1], 1);
    assert_int_equal(world_call(0, AFFINITY_INFO, 1, 0, 0), 1);
    assert_int_equal(world_call(0, AFFINITY_INFO, 0, 0, 0), 0);
    assert_int_equal(world_call(0, AFFINITY_INFO, 1, 1, 0), ERROR(2));
    assert_int_equal(world_call(0, AFFINITY_INFO, 4, 0, 0), ERROR(2));
    assert_int_equal(world_call(0, CPU_ON, 1, RAM, 0), 0);
    assert_int_equal(world.starts[1], 2);
}

static struct mv_words call(uint64_t syndrome, uint64_t x0, uint64_t x1)
{
    struct mv_words io = { { MV_EXIT_CALL, syndrome, 0, x0, x1 } };

    exit_serve(0, &io);
    return io;
}

static void test_suspend_and_conduits(void **state)
{
    struct mv_words io;

    (void)state;
    io = call((uint64_t)EC_HVC << 26, 0x84000001, 0x10000);
    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SET_CALL | MV_EXIT_WAIT);
    assert_int_equal(io.w[1], 0);
    io = call((uint64_t)EC_HVC << 26, 0x84000001, 0x80000000);
    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SET_CALL);
    assert_int_equal(io.w[1], ERROR(2));
    io = call((uint64_t)EC_SMC << 26, 0x84000000, 0);
    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SET_CALL | MV_EXIT_SKIP);
    assert_int_equal(io.w[1], 0x10001);
    io = call((uint64_t)EC_SMC << 26, 0x12345678, 77);
    assert_int_equal(io.w[1], ERROR(1));
    assert_int_equal(io.w[2], 77);                    /* what holds no result keeps its value */
    io = call((uint64_t)EC_HVC << 26, 0x8400000a, 0x84000000);
    assert_int_equal(io.w[2], 0x84000000);
    io = call((uint64_t)EC_SMC << 26 | 1, 0x84000000, 0);
    assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SET_CALL | MV_EXIT_SKIP);
    assert_int_equal(io.w[1], ERROR(1));
}

static void test_power(void **state)
{
    (void)state;
    STORE(MV_GUEST_UART + 0x24, 7);
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(world.cell_stops, 1);
    assert_int_equal(world.cell_starts, 1);
    assert_int_equal(LOAD(MV_GUEST_UART + 0x24), 0);
    (void)world_call(0, 0xc4000012, 0, 0, 0);
    assert_int_equal(world.cell_starts, 2);
    assert_int_equal(world_call(0, 0x84000012, 1, 0, 0), ERROR(2));
    assert_int_equal(world_call(0, 0xc4000012, 0x80000000, 0, 0), ERROR(2));
    assert_int_equal(world.cell_starts, 2);
    (void)world_call(0, 0x84000008, 0, 0, 0);
    assert_int_equal(world.cell_stops, 3);
    assert_int_equal(world.cell_starts, 2);
    /* And again, after somebody else has started it. */
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(world.cell_starts, 3);
}

static void test_hypervisor(void **state)
{
    static const uint8_t uuid[16] = { 0x17, 0x9c, 0xf6, 0xe9, 0x8f, 0x31, 0x4d, 0xc2,
                                      0x95, 0xcf, 0xcd, 0x66, 0x18, 0x48, 0x6e, 0x08 };
    struct mv_words io = call((uint64_t)EC_HVC << 26, MV_SMCCC_UID, 0);

    (void)state;
    for (int i = 0; i < 16; i++)
        assert_int_equal(io.w[1 + i / 4] >> 8 * (i % 4) & 0xff, uuid[i]);
    io = call((uint64_t)EC_HVC << 26, MV_SMCCC_REVISION, 0);
    assert_int_equal(io.w[1], MV_SMCCC_MAJOR);
    assert_int_equal(io.w[2], MV_SMCCC_MINOR);
    assert_int_equal(world_call(0, MV_SMCCC_FEATURES, 0, 0, 0), MV_SMCCC_FEATURE_CALLS);
    assert_int_equal(world_call(0, 0x8600ff02, 0, 0, 0), ERROR(1));
    assert_int_equal(world_call(0, 0xc6000000, 0, 0, 0), ERROR(1));
    assert_int_equal(world_call(0, 0xffffffff, 0, 0, 0), ERROR(1));
    assert_int_equal(world_call(0, 0, 0, 0, 0), ERROR(1));
}

static void test_workarounds(void **state)
{
    static const struct { uint64_t midr, pfr0, w1, w2, w3; } row[] = {
        { 0x410fd034, 0,                  1, ERROR(2), 1 },                       /* A53 */
        { 0x410fd083, 0,                  ERROR(1), ERROR(1), ERROR(1) },         /* A72 */
        { 0x414fd0b1, UINT64_C(1) << 56,  1, ERROR(1), ERROR(1) },                /* A76 */
        { 0x510fd034, 0,                  ERROR(1), ERROR(1), ERROR(1) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        world.guest[0].vm.midr_el1 = row[i].midr;
        world.guest[0].vm.id_aa64pfr0_el1 = row[i].pfr0;
        assert_int_equal(world_call(0, 0x80000001, 0x80008000, 0, 0), row[i].w1);
        assert_int_equal(world_call(0, 0x80000001, 0x80007fff, 0, 0), row[i].w2);
        assert_int_equal(world_call(0, 0x80000001, 0x80003fff, 0, 0), row[i].w3);
    }
    assert_int_equal(world_call(0, 0x80000001, 0x80000000, 0, 0), 0);
    assert_int_equal(world_call(0, 0x80000001, 0x80000002, 0, 0), ERROR(1));      /* SOC_ID */
}

int test_psci(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_versions, setup),
        cmocka_unit_test_setup(test_features, setup),
        cmocka_unit_test_setup(test_cpu_on, setup),
        cmocka_unit_test_setup(test_cpu_on_refusals, setup),
        cmocka_unit_test_setup(test_cpu_off, setup),
        cmocka_unit_test_setup(test_suspend_and_conduits, setup),
        cmocka_unit_test_setup(test_power, setup),
        cmocka_unit_test_setup(test_hypervisor, setup),
        cmocka_unit_test_setup(test_workarounds, setup),
    };

    return cmocka_run_group_tests_name("psci", tests, NULL, NULL);
}
