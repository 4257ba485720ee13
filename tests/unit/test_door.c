/* SPDX-License-Identifier: BSD-2-Clause */
/* The door with random numbers and arguments, and its table against the ABI. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "invariants.h"
#include "wild.h"
#include "world.h"

static struct random source;
static uint32_t choose_random(uint32_t n) { return random_below(&source, n); }

static void random_calls(void **state)
{
    (void)state;
    agents_choose = choose_random;
    for (uint32_t cores = 1; cores <= 3; cores++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            source.state = seed * 77777 + cores;
            agents_boot(cores, seed % 2 == 0);
            for (int i = 0; i < 4000; i++) {
                snprintf(invariants_where, sizeof(invariants_where), "wild: cores %u, seed %lu, step %d", cores,
                         (unsigned long)seed, i);
                wild_step();
            }
        }
    }
}

static void no_such_call(void **state)
{
    static const uint32_t number[] = { MV_CALL_COUNT, MV_CALL_COUNT + 1, 0xff, 0x100, 0x7fff, 0xffff };

    (void)state;
    world_begin(1);
    world_vcpu(world_cell("asks"), 0, 10);
    world_boot();
    for (size_t i = 0; i < ARRAY_SIZE(number); i++)
        assert_int_equal(plain(0, (enum mv_call_number)number[i], 1, 2, 3, 4, 5, 6), MV_BAD_CALL);
}

/* Nothing but the results comes back: no argument, nothing of the kernel's. */
static void registers_after_a_call(void **state)
{
    (void)state;
    world_begin(1);
    world_vcpu(world_cell("asks"), 0, 10);
    world_boot();
    for (uint32_t number = MV_CALL_null; number < MV_CALL_COUNT; number++) {
        if (number == MV_CALL_exit)
            continue;
        for (uint64_t i = 0; i < 31; i++)
            regs(0)[i] = 0xabc0 + i;
        host_svc(0, number);
        for (uint64_t i = 2; i < 31; i++)
            assert_int_equal(regs(0)[i], i <= 18 ? 0 : 0xabc0 + i);
    }
    /* And after a wait that ends at once. */
    for (uint64_t i = 0; i < 31; i++)
        regs(0)[i] = 0xabc0 + i;
    regs(0)[9] = MV_NOWAIT;
    host_svc(0, MV_CALL_wait);
    assert_int_equal(regs(0)[8], MV_WOULD_BLOCK);
    for (uint64_t i = 10; i < 31; i++)
        assert_int_equal(regs(0)[i], i <= 18 ? 0 : 0xabc0 + i);
}

static void ask_for_reset(void *power_off)
{
    PLAIN2(0, system_reset, 1, *(uint64_t *)power_off);
}

static void system_reset_resets(void **state)
{
    uint64_t power_off;
    uint32_t cell;

    (void)state;
    for (power_off = 0; power_off < 2; power_off++) {
        world_begin(1);
        cell = world_cell("boss");
        world_vcpu(cell, 0, 10);
        world_cap(cell, MV_TYPE_SYSTEM, 0, MV_RIGHT_SYSTEM_CONTROL, 0);
        world_boot();
        assert_int_equal(PLAIN2(0, system_reset, 1, 2), MV_BAD_ARG);
        assert_int_equal(host_resets, 0);
        assert_string_equal(host_panic_of(ask_for_reset, &power_off), power_off != 0 ? "power off" : "reset");
        assert_int_equal(host_resets, 1);
    }
}

GROUP(door, cmocka_unit_test(no_such_call), cmocka_unit_test(registers_after_a_call),
      cmocka_unit_test(system_reset_resets), cmocka_unit_test(random_calls));
