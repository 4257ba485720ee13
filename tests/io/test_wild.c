/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests and other cells that do anything, at random; see hostile.h. */
#include "world.h"

#include "hostile.h"

#define ROUNDS 1500
#define BYTES  2000u

static void run(uint64_t first)
{
    static uint8_t bytes[BYTES];

    for (uint64_t i = 0; i < ROUNDS; i++) {
        world_seed(first + i);
        for (uint32_t k = 0; k < BYTES; k++)
            bytes[k] = (uint8_t)world_random();
        hostile_run(bytes, BYTES);
    }
}

static void test_random(void **state)
{
    (void)state;
    run(1);
}

static void test_nothing(void **state)
{
    (void)state;
    hostile_run(NULL, 0);
}

int test_wild(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests_name("wild", tests, NULL, NULL);
}
