/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver's end: what it gives, what it takes from a device that lies. */
#include "world.h"

#define NUM    8u
#define BYTES  16384u
#define DATA   PAIR_RINGS

/* The device's side is written by hand here. */
static struct pair p;

static int make(void **state)
{
    pair_make(&p, NUM, BYTES, *state != NULL);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_free(&p);
    return 0;
}

/* Writes what the driver has set to zero. */
static void give_back(uint32_t id, uint32_t length)
{
    p.driver.used->ring[p.driver.used->index % NUM] = (struct vio_used_entry){ id, length };
    p.driver.used->index++;
}

static enum vio_status add(uint32_t out, uint32_t in, const void *token)
{
    struct vio_span span[NUM + 1];

    for (uint32_t i = 0; i < NUM + 1; i++)
        span[i] = pair_span(DATA + 16 * i, 16);
    return vio_driver_add(&p.driver, span, out, in, (void *)(uintptr_t)token);
}

static void test_nums(void **state)
{
    struct vio_driver_queue q;
    static uint8_t memory[16384] __attribute__((aligned(VIO_RING_LINE)));
    static struct vio_driver_slot slot[VIO_NUM_MAX];

    (void)state;
    for (uint32_t num = 0; num < 1024; num++) {
        bool good = num != 0 && num <= 256 && (num & (num - 1)) == 0;

        assert_int_equal(vio_driver_start(&q, memory, num, slot, 0), good);
        assert_int_equal(vio_driver_free(&q), good ? num : 0);
    }
    assert_int_equal(vio_driver_add(&q, NULL, 1, 0, NULL), VIO_FULL);
    assert_false(vio_driver_listen(&q));
    assert_false(vio_driver_publish(&q));
    vio_driver_quiet(&q);
}

static void test_layout(void **state)
{
    (void)state;
    for (uint32_t num = 1; num <= VIO_NUM_MAX; num *= 2) {
        struct vio_ring_layout l = vio_ring_layout_of(num);

        assert_true(l.avail >= 16 * num && l.used >= l.avail + 6 + 2 * num && l.bytes >= l.used + 6 + 8 * num);
        assert_int_equal((l.avail | l.used | l.bytes) % VIO_RING_LINE, 0);
    }
}

static void test_add(void **state)
{
    void *token;
    uint32_t length;

    (void)state;
    assert_int_equal(add(1, 2, "a"), VIO_OK);
    assert_int_equal(p.driver.avail->index, 0);
    assert_true(vio_driver_publish(&p.driver));
    assert_false(vio_driver_publish(&p.driver));
    assert_int_equal(p.driver.avail->index, 1);
    assert_int_equal(p.driver.avail->ring[0], 0);
    assert_int_equal(p.driver.desc[0].flags, VIO_DESC_NEXT);
    assert_int_equal(p.driver.desc[0].address, PAIR_BASE + DATA);
    assert_int_equal(p.driver.desc[1].flags, VIO_DESC_NEXT | VIO_DESC_WRITE);
    assert_int_equal(p.driver.desc[2].flags, VIO_DESC_WRITE);
    assert_int_equal(vio_driver_free(&p.driver), NUM - 3);
    assert_false(vio_driver_is_idle(&p.driver));
    assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_EMPTY);
    give_back(0, 32);
    assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_OK);
    assert_string_equal(token, "a");
    assert_int_equal(length, 32);
    assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_EMPTY);
    assert_true(vio_driver_is_idle(&p.driver));
}

static void test_full(void **state)
{
    (void)state;
    assert_int_equal(add(0, 0, "x"), VIO_FULL);
    assert_int_equal(add(NUM, 1, "x"), VIO_FULL);
    assert_int_equal(vio_driver_add(&p.driver, NULL, UINT32_MAX, 2, NULL), VIO_FULL);
    assert_int_equal(vio_driver_add(&p.driver, NULL, 2, UINT32_MAX, NULL), VIO_FULL);
    assert_int_equal(add(3, 3, "x"), VIO_OK);
    assert_int_equal(add(3, 0, "x"), VIO_FULL);
    assert_int_equal(add(0, 2, "x"), VIO_OK);
    assert_int_equal(add(1, 0, "x"), VIO_FULL);
    assert_int_equal(vio_driver_free(&p.driver), 0);
}

static void no_head(void) { give_back(1, 0); }
static void far_id(void) { give_back(NUM, 0); }
static void farthest_id(void) { give_back(UINT32_MAX, 0); }
static void high_id(void) { give_back(0x10000, 0); }
static void free_id(void) { give_back(5, 0); }
static void one_more_byte(void) { give_back(0, 33); }
static void all_bytes(void) { give_back(0, UINT32_MAX); }
static void twice(void) { give_back(0, 0); give_back(0, 0); }
static void too_many(void) { p.driver.used->index = 3; }
static void backwards(void) { p.driver.used->index = 0xffff; }

static void test_lies(void **state)
{
    static void (*const how[])(void) = {
        no_head, far_id, farthest_id, high_id, free_id, one_more_byte, all_bytes, twice, too_many, backwards,
    };

    for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
        uint32_t length, cancelled = 0, taken = 0;
        enum vio_status status;
        void *token;

        unmake(state);
        make(state);
        assert_int_equal(add(1, 2, "a"), VIO_OK);
        assert_int_equal(add(1, 0, "b"), VIO_OK);
        (void)vio_driver_publish(&p.driver);
        how[i]();
        while ((status = vio_driver_take(&p.driver, &token, &length)) == VIO_OK)
            taken++;
        assert_int_equal(status, VIO_BROKEN);
        assert_int_equal(taken, how[i] == twice);
        /* It rests, reads and writes nothing. */
        unmake(state);
        p.memory.at = NULL;
        assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_BROKEN);
        assert_int_equal(add(1, 0, "c"), VIO_BROKEN);
        assert_int_equal(vio_driver_free(&p.driver), 0);
        assert_false(vio_driver_publish(&p.driver));
        assert_false(vio_driver_listen(&p.driver));
        vio_driver_quiet(&p.driver);
        while (vio_driver_cancel(&p.driver, &token))
            cancelled++;
        assert_int_equal(cancelled + taken, 2);
        assert_true(vio_driver_is_idle(&p.driver));
    }
    make(state);
}

/* What the device writes where it has nothing to write does not matter. */
static void test_descriptors_overwritten(void **state)
{
    void *token;
    uint32_t length;

    (void)state;
    for (uint32_t round = 0; round < 100; round++) {
        assert_int_equal(add(2, 2, "a"), VIO_OK);
        assert_int_equal(add(0, 3, "b"), VIO_OK);
        (void)vio_driver_publish(&p.driver);
        give_back(p.driver.avail->ring[(2 * round + 1) % NUM], 48);
        give_back(p.driver.avail->ring[2 * round % NUM], 0);
        memset(p.driver.desc, 0xff, NUM * sizeof(struct vio_desc));
        memset(p.driver.avail, 0xff, vio_avail_bytes(NUM));
        assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_OK);
        assert_string_equal(token, "b");
        assert_int_equal(length, 48);
        assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_OK);
        assert_string_equal(token, "a");
        assert_int_equal(vio_driver_free(&p.driver), NUM);
    }
}

/* The writable bytes of a chain add up to 32 bits at most. */
static void test_sum(void **state)
{
    struct vio_span span[2] = { { 0, UINT32_MAX }, { 0, UINT32_MAX } };
    void *token;
    uint32_t length;

    (void)state;
    assert_int_equal(vio_driver_add(&p.driver, span, 0, 2, &p), VIO_OK);
    (void)vio_driver_publish(&p.driver);
    give_back(0, UINT32_MAX);
    assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_OK);
    assert_int_equal(length, UINT32_MAX);
    assert_ptr_equal(token, &p);
}

static void test_cancel(void **state)
{
    void *token;
    uint32_t length;
    char seen[4] = "";

    (void)state;
    assert_int_equal(add(1, 1, "a"), VIO_OK);
    assert_int_equal(add(2, 1, "b"), VIO_OK);
    assert_int_equal(add(1, 0, "c"), VIO_OK);
    (void)vio_driver_publish(&p.driver);
    give_back(2, 0);
    assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_OK);
    assert_string_equal(token, "b");
    while (vio_driver_cancel(&p.driver, &token))
        strcat(seen, token);
    assert_string_equal(seen, "ac");
    assert_true(vio_driver_is_idle(&p.driver));
    assert_int_equal(add(1, 0, "d"), VIO_FULL);
}

static void test_flags(void **state)
{
    (void)state;
    p.driver.used->flags = VIO_NO_NOTIFY;
    (void)add(1, 0, "a");
    assert_false(vio_driver_publish(&p.driver));
    p.driver.used->flags = 0xfffe;
    (void)add(1, 0, "a");
    assert_true(vio_driver_publish(&p.driver));
    vio_driver_quiet(&p.driver);
    assert_int_equal(p.driver.avail->flags, VIO_NO_INTERRUPT);
    assert_false(vio_driver_listen(&p.driver));
    assert_int_equal(p.driver.avail->flags, 0);
    give_back(0, 0);
    assert_true(vio_driver_listen(&p.driver));
}

static void test_events(void **state)
{
    uint16_t *event = vio_avail_event(p.driver.used, NUM), *wanted = vio_used_event(p.driver.avail, NUM);
    void *token;
    uint32_t length;

    (void)state;
    p.driver.used->flags = VIO_NO_NOTIFY;          /* means nothing now */
    for (uint32_t i = 0; i < 70000; i++) {
        *event = (uint16_t)(i / 7 * 7 + 3);
        assert_false(vio_driver_listen(&p.driver));
        assert_int_equal(*wanted, i & 0xffff);
        vio_driver_quiet(&p.driver);
        assert_int_equal(p.driver.avail->flags, 0);
        assert_int_equal(add(1, 1, "a"), VIO_OK);
        assert_int_equal(vio_driver_publish(&p.driver), i % 7 == 3);
        give_back(p.driver.avail->ring[i % NUM], 16);
        assert_true(vio_driver_listen(&p.driver));
        assert_int_equal(vio_driver_take(&p.driver, &token, &length), VIO_OK);
    }
}

#define WITH(test)        cmocka_unit_test_setup_teardown(test, make, unmake)
#define WITH_EVENTS(test) cmocka_unit_test_prestate_setup_teardown(test, make, unmake, &p)

int test_driver(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nums), cmocka_unit_test(test_layout), WITH(test_add), WITH(test_full), WITH(test_lies),
        WITH(test_descriptors_overwritten), WITH(test_sum), WITH(test_cancel), WITH(test_flags), WITH_EVENTS(test_events),
    };

    return cmocka_run_group_tests_name("driver", tests, NULL, NULL);
}
