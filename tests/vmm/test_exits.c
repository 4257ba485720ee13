/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exit asks for, and the exceptions it may cause. */
#include "world.h"

#include "sysreg.h"

#define VBAR UINT64_C(0x40080000)

static int setup(void **state)
{
    (void)state;
    world_make(3, 2, VMM_CONSOLE_PL011);
    for (int i = 0; i < 2; i++) {
        world.guest[i].cpu.pc = 0x40001000;
        world.guest[i].vm.vbar_el1 = VBAR;
        world.guest[i].vm.sctlr_el1 = UINT64_C(1) << 23;
    }
    return 0;
}

static bool said(const char *text)
{
    world.out[world.out_length < WORLD_CONSOLE ? world.out_length : WORLD_CONSOLE - 1] = 0;
    return strstr((const char *)world.out, text) != NULL;
}

/* What a load leaves in the register: the PL011's UARTPeriphID0 and the RTC's match
 * register have bits to extend. */
static void test_width_and_sign(void **state)
{
    static const struct { unsigned log2; uint64_t flags, address, want; } row[] = {
        { 2, 0,                MV_GUEST_RTC + 4,     0x8899aa85 },
        { 2, ESR_SF,           MV_GUEST_RTC + 4,     0x8899aa85 },
        { 2, ESR_SSE | ESR_SF, MV_GUEST_RTC + 4,     UINT64_C(0xffffffff8899aa85) },
        { 1, 0,                MV_GUEST_RTC + 4,     0xaa85 },
        { 1, ESR_SSE,          MV_GUEST_RTC + 4,     0xffffaa85 },
        { 1, ESR_SSE | ESR_SF, MV_GUEST_RTC + 6,     UINT64_C(0xffffffffffff8899) },
        { 0, 0,                MV_GUEST_RTC + 4,     0x85 },
        { 0, ESR_SSE,          MV_GUEST_RTC + 4,     0xffffff85 },
        { 0, ESR_SSE | ESR_SF, MV_GUEST_RTC + 7,     UINT64_C(0xffffffffffffff88) },
        { 0, ESR_SSE,          MV_GUEST_UART + 0xfe0, 0x11 },
        { 3, ESR_SF,           MV_GUEST_RTC,         0 },
    };

    (void)state;
    STORE(MV_GUEST_RTC + 4, 0x8899aa85);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct mv_words io = world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(row[i].log2) | row[i].flags,
                                        row[i].address, ~UINT64_C(0), 0);

        assert_int_equal(io.w[0], MV_EXIT_RESUME | MV_EXIT_SKIP | MV_EXIT_SET);
        assert_int_equal(io.w[1], row[i].want);
    }
    /* A store's upper bits are not its own. */
    world_store(0, MV_GUEST_RTC + 4, 1, 0xffff1234);
    assert_int_equal(LOAD(MV_GUEST_RTC + 4), 0x1234);
}

struct taken {
    uint64_t pstate, sctlr, vector, new_pstate;
    unsigned class;
};

static void test_abort(void **state)
{
    static const struct taken row[] = {
        { 0x3c5, UINT64_C(1) << 23, 0x200, 0x3c5, 0x25 },
        { 0x3c4, UINT64_C(1) << 23, 0x000, 0x3c5, 0x25 },
        { 0x000, UINT64_C(1) << 23, 0x400, 0x3c5, 0x24 },
        { 0x010, UINT64_C(1) << 23, 0x600, 0x3c5, 0x24 },                /* AArch32 */
        { 0xa0000005, 0, 0x200, 0xa04003c5, 0x25 },                      /* PAN is set, flags stay */
        { 0x00400005, UINT64_C(1) << 23, 0x200, 0x004003c5, 0x25 },      /* PAN stays */
        { 0x01300c05, UINT64_C(1) << 23, 0x200, 0x010003c5, 0x25 },      /* SS, IL, BTYPE go; DIT stays */
        { 0x00001005, UINT64_C(1) << 23, 0x200, 0x000003c5, 0x25 },      /* SSBS is DSSBS */
        { 0x00000005, UINT64_C(1) << 44 | UINT64_C(1) << 23, 0x200, 0x000013c5, 0x25 },
        { 0x080f0230, UINT64_C(1) << 23, 0x600, 0x000003c5, 0x24 },      /* Q, GE, T are gone */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct guest_state *g = &world.guest[1];
        struct mv_words io;

        setup(NULL);
        g->cpu.pstate = row[i].pstate;
        g->vm.sctlr_el1 = row[i].sctlr;
        io = world_exit(1, MV_EXIT_MEMORY, SYNDROME_STORE(2), 0x30000000, 7, 0x1234560);
        assert_int_equal(io.w[0], MV_EXIT_RESUME);
        assert_int_equal(g->cpu.pc, VBAR + row[i].vector);
        assert_int_equal(g->cpu.pstate, row[i].new_pstate);
        assert_int_equal(g->vm.elr_el1, 0x40001000);
        assert_int_equal(g->vm.spsr_el1, row[i].pstate);
        assert_int_equal(g->vm.far_el1, 0x1234560);
        assert_int_equal(g->vm.esr_el1, (uint64_t)row[i].class << 26 | ESR_IL | ESR_WNR | 0x10);
        assert_true(said("VMM: vCPU 1, pc 0x40001000: nothing to write at 0x30000000"));
    }
}

static void test_tco(void **state)
{
    (void)state;
    world.guest[0].vm.id_aa64pfr1_el1 = 0x200;
    (void)world_exit(0, MV_EXIT_OTHER, 0x1e000000, 0, 0, 0);
    (void)world_exit(0, MV_EXIT_REGISTER, UINT64_C(0x19) << 26 | ESR_IL, 0, 0, 0);
    assert_int_equal(world.guest[0].cpu.pstate & 0x02000000, 0x02000000);
}

static void test_fetch_and_no_syndrome(void **state)
{
    (void)state;
    (void)world_exit(0, MV_EXIT_ABORT, UINT64_C(0x20) << 26 | ESR_IL | 6, 0x30000000, 0x99, 1);
    assert_int_equal(world.guest[0].vm.esr_el1, UINT64_C(0x21) << 26 | ESR_IL | 0x10);
    assert_int_equal(world.guest[0].vm.far_el1, 0x99);
    setup(NULL);
    world.guest[0].cpu.pstate = 0;
    (void)world_exit(0, MV_EXIT_ABORT, UINT64_C(0x20) << 26 | ESR_IL | 6, 0x30000000, 0x99, 1);
    assert_int_equal(world.guest[0].vm.esr_el1, UINT64_C(0x20) << 26 | ESR_IL | 0x10);
    setup(NULL);
    (void)world_exit(0, MV_EXIT_ABORT, UINT64_C(0x24) << 26 | ESR_IL | 6, MV_GUEST_UART, 0x98, 1);
    assert_int_equal(world.guest[0].vm.esr_el1, UINT64_C(0x25) << 26 | ESR_IL | 0x10);
}

static void test_unaligned(void **state)
{
    (void)state;
    assert_int_equal(world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), MV_GUEST_GICD + 2, 0, 0).w[0],
                     MV_EXIT_RESUME);
    assert_int_equal(world.guest[0].cpu.pc, VBAR + 0x200);
    assert_int_equal(world_exit(1, MV_EXIT_MEMORY, SYNDROME_STORE(3), MV_GUEST_UART + 4, 0, 0).w[0],
                     MV_EXIT_RESUME);
    assert_int_equal(world.guest[1].cpu.pc, VBAR + 0x200);
}

/* The ends of what is there. */
static void test_places(void **state)
{
    static const struct { uint64_t address; bool there; } row[] = {
        { MV_GUEST_GICD - 4, false }, { MV_GUEST_GICD, true }, { MV_GUEST_GICD + 0xfffc, true },
        { MV_GUEST_GICC, false },
        { MV_GUEST_GICR - 4, false }, { MV_GUEST_GICR, true }, { MV_GUEST_GICR + 0x3fffc, true },
        { MV_GUEST_GICR + 0x40000, false },
        { MV_GUEST_UART - 4, false }, { MV_GUEST_UART + 0xffc, true }, { MV_GUEST_UART + 0x1000, false },
        { MV_GUEST_RTC - 4, false }, { MV_GUEST_RTC + 0xffc, true }, { MV_GUEST_RTC + 0x1000, false },
        { MV_GUEST_VIRTIO - 4, false }, { MV_GUEST_VIRTIO + 0x1ffc, true },
        { MV_GUEST_VIRTIO + 0x2000, false }, { 0, false }, { UINT64_C(1) << 40, false },
        { ~UINT64_C(3), false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bool there;

        setup(NULL);
        there = world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), row[i].address, 0, 0).w[0] != MV_EXIT_RESUME;
        assert_int_equal(there, row[i].there);
        there = world_exit(0, MV_EXIT_MEMORY, SYNDROME_STORE(2), row[i].address, 0, 0).w[0] != MV_EXIT_RESUME;
        assert_int_equal(there, row[i].there);
    }
    world_make(2, 2, VMM_CONSOLE_PL011);
    assert_int_equal(world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), MV_GUEST_GICR, 0, 0).w[0], MV_EXIT_RESUME);
}

static void test_undefined(void **state)
{
    static const unsigned classes[] = { 0, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xc, 0x14, 0x19, 0x1a, 0x1d };

    (void)state;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        setup(NULL);
        world.guest[0].cpu.pstate = 0x10;
        assert_int_equal(world_exit(0, MV_EXIT_OTHER, (uint64_t)classes[i] << 26, 0, 0, 0).w[0], MV_EXIT_RESUME);
        assert_int_equal(world.guest[0].vm.esr_el1, 0);
        assert_int_equal(world.guest[0].cpu.pc, VBAR + 0x600);
        assert_int_equal(world.guest[0].vm.elr_el1, 0x40001000);
    }
    /* A breakpoint instruction is EL1's own. */
    setup(NULL);
    assert_int_equal(world_exit(0, MV_EXIT_OTHER, UINT64_C(0x3c) << 26 | ESR_IL | 0x800, 0, 0, 0).w[0], MV_EXIT_RESUME);
    assert_int_equal(world.guest[0].vm.esr_el1, UINT64_C(0x3c) << 26 | ESR_IL | 0x800);
}

static void test_not_understood(void **state)
{
    (void)state;
    assert_int_equal(world_exit(1, MV_EXIT_OTHER, UINT64_C(0x2f) << 26, 0x77, 0, 0).w[0], 0);
    assert_int_equal(world.cell_stops, 1);
    assert_int_equal(world.cell_starts, 0);
    assert_true(said("vCPU 1, pc 0x40001000: unexpected exit 5 (syndrome 0xbc000000, address 0x77)"));
    assert_true(said("the machine has been stopped"));
    setup(NULL);
    assert_int_equal(world_exit(0, (enum mv_exit)99, 0, 0, 0, 0).w[0], 0);
    assert_int_equal(world.cell_stops, 1);
    /* Whose state cannot be had stops alone. */
    setup(NULL);
    world.hidden[0] = true;
    assert_int_equal(world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), 0, 0, 0).w[0], 0);
    assert_int_equal(world.cell_stops, 0);
}

/* Lines of events are limited, and do not wait for space. */
static void test_events_are_limited(void **state)
{
    unsigned lines = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        (void)world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), 0, 0, 0);
    for (size_t i = 0; i < world.out_length; i++)
        lines += world.out[i] == '\n';
    assert_in_range(lines, 1, 8);
    world.now_ns += UINT64_C(3600000000000);
    world.out_length = 0;
    world.out_space = 10;
    (void)world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), 0, 0, 0);
    assert_int_equal(world.out_length, 0);
    world.out_space = 4096;
    (void)world_exit(0, MV_EXIT_MEMORY, SYNDROME_LOAD(2), 0, 0, 0);
    assert_true(said("lines before)"));
}

int test_exits(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_width_and_sign, setup),
        cmocka_unit_test_setup(test_abort, setup),
        cmocka_unit_test_setup(test_tco, setup),
        cmocka_unit_test_setup(test_fetch_and_no_syndrome, setup),
        cmocka_unit_test_setup(test_unaligned, setup),
        cmocka_unit_test_setup(test_places, setup),
        cmocka_unit_test_setup(test_undefined, setup),
        cmocka_unit_test_setup(test_not_understood, setup),
        cmocka_unit_test_setup(test_events_are_limited, setup),
    };

    return cmocka_run_group_tests_name("exits", tests, NULL, NULL);
}
