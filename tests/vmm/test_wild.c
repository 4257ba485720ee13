/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that does anything: the sanitizers, and the world's own checks, look on. */
#include "world.h"

#include "pl031.h"

#define ROUNDS 200000

static uint64_t seed;

/* xorshift64 */
static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int setup(void **state)
{
    (void)state;
    seed = 88172645463325252;
    return 0;
}

/* Values that mean something more often than any. */
static uint64_t value(void)
{
    switch (any() % 6) {
    case 0:  return any();
    case 1:  return UINT64_C(1) << any() % 64;
    case 2:  return any() % 17;
    case 3:  return (uintptr_t)world.ram + any() % (WORLD_RAM_BYTES + 64) - 32;
    case 4:  return ~UINT64_C(0) - any() % 3;
    default: return ((uintptr_t)world.ram + any() % WORLD_RAM_BYTES / 4096 * 4096) >> (any() % 2 * 32);
    }
}

static uint64_t address(void)
{
    static const uint32_t places[] = {
        MV_GUEST_GICD, MV_GUEST_GICD + 0x6000, MV_GUEST_GICR, MV_GUEST_GICR + 0x10000, MV_GUEST_GICR + 0x30000,
        MV_GUEST_UART, MV_GUEST_RTC, MV_GUEST_VIRTIO, MV_GUEST_VIRTIO + MV_GUEST_VIRTIO_BYTES,
    };
    uint64_t range = any() % 4 == 0 ? 0x10000 : any() % 4 == 0 ? 0x1000 : 0x100;

    return any() % 50 == 0 ? any() : places[any() % (sizeof(places) / sizeof(places[0]))] + any() % range;
}

static void access_anywhere(uint32_t vcpu)
{
    uint64_t log2 = any() % 8 != 0 ? 2 : any() % 4, at = address();

    if (any() % 8 != 0)
        at &= ~((UINT64_C(1) << log2) - 1);
    (void)world_exit(vcpu, MV_EXIT_MEMORY,
                     SYNDROME_LOAD(log2) | (any() & (ESR_WNR | ESR_SSE | ESR_SF)), at, value(), any());
}

static void other_things(void)
{
    switch (any() % 4) {
    case 0:
        world.out_space = any() % 300;
        if (world.in_length < WORLD_CONSOLE - 8)
            world_type("wild");
        break;
    case 1:
        world.now_ns += any() % 4000000000u;
        pl031_event();
        break;
    default:
        world.ram[any() % WORLD_RAM_BYTES] = (uint8_t)any();
        break;
    }
}

static void accesses(uint32_t gic, uint32_t vcpus, enum vmm_console console)
{
    world_make(gic, vcpus, console);
    world_give_io((uint32_t)any());
    for (int i = 0; i < ROUNDS; i++) {
        world.io_answer.w[0] = any();
        world.io_status = any() % 4 == 0 ? MV_CANCELLED : MV_OK;
        access_anywhere((uint32_t)(any() % vcpus));
        if (any() % 8 == 0)
            other_things();
    }
}

static void test_accesses_v2(void **state)
{
    (void)state;
    accesses(2, 8, VMM_CONSOLE_PL011);
    accesses(2, 1, VMM_CONSOLE_VIRTIO);
}

static void test_accesses_v3(void **state)
{
    (void)state;
    accesses(3, 2, VMM_CONSOLE_VIRTIO);
    accesses(3, 8, VMM_CONSOLE_PL011);
}

/* All the rest: calls, registers, exceptions. */
static void test_all_exits(void **state)
{
    (void)state;
    world_make(3, 4, VMM_CONSOLE_PL011);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t vcpu = (uint32_t)(any() % 4);
        enum mv_exit kind = (enum mv_exit)(any() % 7);
        uint64_t syndrome = any() % 2 == 0 ? any() & UINT32_MAX : UINT64_C(0x62000000) | (any() & 0x3fffff);
        uint64_t w3 = kind == MV_EXIT_CALL ? (any() & 0x40000000) | 0x80000000 | (any() % 7) << 24 | any() % 32
                                           : value();
        struct mv_words io = { { kind, syndrome, value(), w3, value(), value(), value(), any() } };

        world.hidden[vcpu] = any() % 16 == 0;
        world.guest[vcpu].cpu.pstate = any() & 0xffffffff;
        world.guest[vcpu].vm.sctlr_el1 = any();
        exit_serve(vcpu, &io);
        assert_int_equal(io.w[0] & ~(uint64_t)MV_EXIT_ALL, 0);
        world.flushed = 0;
    }
}

/* A driver that sets its queues up, and rings with anything in them. */
static void test_rings(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint32_t slot = (uint32_t)(any() % 2);
        uint64_t at = MV_GUEST_VIRTIO + slot * MV_GUEST_VIRTIO_BYTES;

        world_make(3, 1, VMM_CONSOLE_VIRTIO);
        world.out_space = 100000;
        for (int i = 0; i < 4096 * 8; i += 8) {
            uint64_t word = value();

            memcpy(world.ram + i, &word, 8);
        }
        STORE(at + 0x24, 1);
        STORE(at + 0x20, 1);
        STORE(at + 0x70, 11);
        for (uint32_t queue = 0; queue < 2; queue++) {
            STORE(at + 0x30, queue);
            STORE(at + 0x38, 1u << any() % 9);
            for (uint32_t part = 0; part < 3; part++) {
                uint64_t place = (uintptr_t)world.ram + any() % 2048 * 16;

                STORE(at + 0x80 + part * 16, (uint32_t)place);
                STORE(at + 0x84 + part * 16, (uint32_t)(place >> 32));
            }
            STORE(at + 0x44, 1);
        }
        STORE(at + 0x70, 15);
        for (int i = 0; i < 50; i++) {
            for (int k = 0; k < 20; k++)
                world.ram[any() % 32768] = (uint8_t)(any() % 4);
            STORE(at + 0x50, (uint32_t)(any() % 3));
            world_console_event();
        }
    }
}

int test_wild(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_accesses_v2, setup),
        cmocka_unit_test_setup(test_accesses_v3, setup),
        cmocka_unit_test_setup(test_all_exits, setup),
        cmocka_unit_test_setup(test_rings, setup),
    };

    return cmocka_run_group_tests_name("wild", tests, NULL, NULL);
}
