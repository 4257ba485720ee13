/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch's tables of addresses, also against a slow model. */
#include "world.h"

#include "addresses.h"

#define OWN(n)    (UINT64_C(0x02000000a000) + (n))
#define FOREIGN(n) (UINT64_C(0x52540000b000) + (n))

static struct addresses table;

static int setup(void **state)
{
    (void)state;
    memset(&table, 0, sizeof(table));
    return 0;
}

static void test_fixed(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ADDRESSES_FIXED / 2; i++)
        assert_true(addresses_fix(&table, OWN(i), i));
    for (uint32_t i = 0; i < ADDRESSES_FIXED / 2; i++) {
        assert_true(addresses_fix(&table, OWN(i), i));
        assert_false(addresses_fix(&table, OWN(i), i + 1));
        assert_int_equal(addresses_find(&table, OWN(i), 99999), i);
        assert_true(addresses_learn(&table, OWN(i), i, 1));
        assert_false(addresses_learn(&table, OWN(i), i + 1, 1));
        addresses_forget(&table, i);
        assert_int_equal(addresses_find(&table, OWN(i), 0), i);
    }
    assert_false(addresses_fix(&table, 0, 1));
    assert_int_equal(addresses_find(&table, FOREIGN(0), 0), ADDRESSES_NOWHERE);
}

static void test_learnt(void **state)
{
    (void)state;
    assert_int_equal(addresses_find(&table, FOREIGN(1), 10), ADDRESSES_NOWHERE);
    assert_true(addresses_learn(&table, FOREIGN(1), 3, 10));
    assert_int_equal(addresses_find(&table, FOREIGN(1), 10), 3);
    assert_int_equal(addresses_find(&table, FOREIGN(1), 10 + ADDRESSES_AGE_S), 3);
    assert_int_equal(addresses_find(&table, FOREIGN(1), 11 + ADDRESSES_AGE_S), ADDRESSES_NOWHERE);
    /* Seen again; and moved. */
    assert_true(addresses_learn(&table, FOREIGN(1), 3, 200));
    assert_int_equal(addresses_find(&table, FOREIGN(1), 200 + ADDRESSES_AGE_S), 3);
    assert_true(addresses_learn(&table, FOREIGN(1), 5, 201));
    assert_int_equal(addresses_find(&table, FOREIGN(1), 201), 5);
    addresses_forget(&table, 3);
    assert_int_equal(addresses_find(&table, FOREIGN(1), 201), 5);
    addresses_forget(&table, 5);
    assert_int_equal(addresses_find(&table, FOREIGN(1), 201), ADDRESSES_NOWHERE);
}

/* One port invents addresses without end: what others have stays. */
static void test_flood_of_addresses(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 16; i++)
        assert_true(addresses_learn(&table, FOREIGN(i), 1, 0));
    for (uint32_t i = 0; i < 16; i++)
        assert_int_equal(addresses_find(&table, FOREIGN(i), 0), 1);
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t mac = UINT64_C(0x020000000000) + (uint64_t)(uint32_t)rand();

        assert_true(addresses_learn(&table, mac, 2, 1 + i % 100));
        assert_int_equal(addresses_find(&table, mac, 1 + i % 100), 2);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < 16; i++)
        kept += addresses_find(&table, FOREIGN(i), 100) == 1;
    assert_int_equal(kept, 16);
}

/* What is found is what was learnt last, or nothing. */
static void test_against_a_model(void **state)
{
    static struct { uint32_t port, seen; } model[1024];
    uint32_t now = 0, found = 0;

    (void)state;
    memset(model, 0xff, sizeof(model));
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t n = (uint32_t)rand() % 1024, port = (uint32_t)rand() % 8, at;

        now += (uint32_t)rand() % 64 == 0;
        if (rand() % 2) {
            assert_true(addresses_learn(&table, FOREIGN(n), port, now));
            model[n].port = port;
            model[n].seen = now;
        } else if (rand() % 1000 == 0) {
            addresses_forget(&table, port);
            for (uint32_t j = 0; j < 1024; j++)
                if (model[j].port == port)
                    model[j].port = ADDRESSES_NOWHERE;
        }
        at = addresses_find(&table, FOREIGN(n), now);
        if (at == ADDRESSES_NOWHERE)
            continue;
        assert_int_equal(at, model[n].port);
        assert_true(now - model[n].seen <= ADDRESSES_AGE_S);
        found++;
    }
    assert_true(found > 10000);
}

int test_addresses(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fixed, setup),
        cmocka_unit_test_setup(test_learnt, setup),
        cmocka_unit_test_setup(test_flood_of_addresses, setup),
        cmocka_unit_test_setup(test_against_a_model, setup),
    };

    return cmocka_run_group_tests_name("addresses", tests, NULL, NULL);
}
