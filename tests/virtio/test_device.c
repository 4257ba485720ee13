/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's end: what it takes, what it refuses, when it wants to be told. */
#include "world.h"

#define NUM    8u
#define BYTES  32768u
#define DATA   PAIR_RINGS

/* The driver's side is written by hand here. */
static struct pair p;
static struct vio_part part[VIO_NUM_MAX];
static struct vio_chain chain = { .part = part, .part_max = VIO_NUM_MAX };

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

static void describe(uint32_t n, uint64_t address, uint32_t length, uint32_t flags, uint32_t next)
{
    p.driver.desc[n] = (struct vio_desc){ address, length, (uint16_t)flags, (uint16_t)next };
}

static void offer(uint32_t head)
{
    p.driver.avail->ring[p.driver.avail->index % NUM] = (uint16_t)head;
    p.driver.avail->index++;
}

static void test_places(void **state)
{
    static const struct { uint32_t num; uint64_t desc, driver, device; bool good; } row[] = {
        { 8, 0, 4096, 8192, true },
        { 1, 0, 4096, 8192, true },
        { 256, 0, 4096, 8192, true },
        { 0, 0, 4096, 8192, false },
        { 3, 0, 4096, 8192, false },
        { 512, 0, 8192, 16384, false },
        { UINT32_MAX, 0, 4096, 8192, false },
        { 0x80000000u, 0, 4096, 8192, false },
        { 8, 8, 4096, 8192, false },
        { 8, 0, 4097, 8192, false },
        { 8, 0, 4096, 8194, false },
        { 8, 0, 4098, 8196, true },
        { 8, BYTES - 128, 4096, 8192, true },
        { 8, BYTES - 112, 4096, 8192, false },
        { 8, 0, BYTES - 22, 8192, true },
        { 8, 0, BYTES - 20, 8192, false },
        { 8, 0, 4096, BYTES - 72, true },
        { 8, 0, 4096, BYTES - 68, false },
        { 8, BYTES, 4096, 8192, false },
        { 8, 0, BYTES, 8192, false },
        { 8, (uint64_t)0 - 16, 4096, 8192, false },
        { 8, (uint64_t)0 - PAIR_BASE, 4096, 8192, false },
        { 8, 0, 4096, (uint64_t)0 - PAIR_BASE - 64, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct vio_device_queue q;
        bool good = vio_device_start(&q, &p.memory, row[i].num, PAIR_BASE + row[i].desc, PAIR_BASE + row[i].driver,
                                     PAIR_BASE + row[i].device, false);

        if (good != row[i].good)
            print_error("row %zu\n", i);
        assert_int_equal(good, row[i].good);
        assert_int_equal(q.ready, good);
        if (!good) {
            assert_int_equal(vio_device_next(&q, &chain), VIO_EMPTY);
            assert_int_equal(vio_device_available(&q), 0);
            assert_false(vio_device_listen(&q));
            assert_false(vio_device_publish(&q));
            vio_device_quiet(&q);
            vio_device_untake(&q, 0);
            vio_device_done(&q, 0, 0);
        }
    }
}

static void test_good_chains(void **state)
{
    (void)state;
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_EMPTY);
    describe(3, PAIR_BASE + DATA, 16, VIO_DESC_NEXT, 5);
    describe(5, PAIR_BASE + DATA + 100, 512, VIO_DESC_NEXT | VIO_DESC_WRITE, 1);
    describe(1, PAIR_BASE + BYTES - 1, 1, VIO_DESC_WRITE, 77);
    describe(0, PAIR_BASE, BYTES, 0, 0);
    describe(2, PAIR_BASE + BYTES, 0, VIO_DESC_WRITE, 0);
    offer(3);
    offer(0);
    offer(2);
    assert_int_equal(vio_device_available(&p.device), 3);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(chain.head, 3);
    assert_int_equal(chain.out_count, 1);
    assert_int_equal(chain.in_count, 2);
    assert_int_equal(chain.out_bytes, 16);
    assert_int_equal(chain.in_bytes, 513);
    assert_ptr_equal(part[0].at, p.memory.at + DATA);
    assert_ptr_equal(part[1].at, p.memory.at + DATA + 100);
    assert_int_equal(part[1].length, 512);
    assert_ptr_equal(part[2].at, p.memory.at + BYTES - 1);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(chain.head, 0);
    assert_int_equal(chain.out_bytes, BYTES);
    assert_int_equal(chain.in_count, 0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(chain.in_bytes, 0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_EMPTY);
    assert_int_equal(vio_device_available(&p.device), 0);
    /* Back in another order; what is not out is nothing. */
    vio_device_done(&p.device, 0, 0);
    vio_device_done(&p.device, 3, 513);
    vio_device_done(&p.device, 3, 513);
    vio_device_done(&p.device, 7, 1);
    vio_device_done(&p.device, 0xffff, 1);
    assert_int_equal(p.driver.used->index, 0);
    assert_true(vio_device_publish(&p.device));
    assert_false(vio_device_publish(&p.device));
    assert_int_equal(p.driver.used->index, 2);
    assert_int_equal(p.driver.used->ring[0].id, 0);
    assert_int_equal(p.driver.used->ring[1].id, 3);
    assert_int_equal(p.driver.used->ring[1].length, 513);
}

static void two(void)
{
    describe(0, PAIR_BASE + DATA, 8, VIO_DESC_NEXT, 1);
    describe(1, PAIR_BASE + DATA + 8, 8, 0, 0);
}

static void loop(void) { describe(1, PAIR_BASE + DATA, 8, VIO_DESC_NEXT, 0); }
static void self(void) { describe(0, PAIR_BASE + DATA, 8, VIO_DESC_NEXT, 0); }
static void far_next(void) { describe(0, PAIR_BASE + DATA, 8, VIO_DESC_NEXT, NUM); }
static void farthest_next(void) { describe(0, PAIR_BASE + DATA, 8, VIO_DESC_NEXT, 0xffff); }
static void indirect(void) { describe(1, PAIR_BASE + DATA, 32, VIO_DESC_INDIRECT, 0); }
static void reserved_flag(void) { describe(1, PAIR_BASE + DATA, 8, 8, 0); }
static void high_flag(void) { describe(0, PAIR_BASE + DATA, 8, 0x8001, 1); }
static void read_after_write(void) { describe(0, PAIR_BASE + DATA, 8, VIO_DESC_NEXT | VIO_DESC_WRITE, 1); }
static void below(void) { describe(1, PAIR_BASE - 1, 8, 0, 0); }
static void beyond(void) { describe(1, PAIR_BASE + BYTES - 7, 8, 0, 0); }
static void behind(void) { describe(1, PAIR_BASE + BYTES + 1, 0, 0, 0); }
static void wrap(void) { describe(1, ~UINT64_C(0), UINT32_MAX, 0, 0); }
static void zero_address(void) { describe(1, 0, 8, 0, 0); }
static void too_long(void) { describe(1, PAIR_BASE + DATA, UINT32_MAX, 0, 0); }
static void far_head(void) { p.driver.avail->ring[0] = NUM; }
static void farthest_head(void) { p.driver.avail->ring[0] = 0xffff; }
static void index_ahead(void) { p.driver.avail->index = NUM + 1; }
static void index_behind(void) { p.driver.avail->index = 0xffff; }
static void many_parts(void)
{
    chain.part_max = 1;
}

static void test_bad_chains(void **state)
{
    static void (*const how[])(void) = {
        loop, self, far_next, farthest_next, indirect, reserved_flag, high_flag, read_after_write, below, beyond, behind,
        wrap, zero_address, too_long, far_head, farthest_head, index_ahead, index_behind, many_parts,
    };

    for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
        unmake(state);
        make(state);
        chain.part_max = VIO_NUM_MAX;
        two();
        offer(0);
        how[i]();
        if (vio_device_next(&p.device, &chain) != VIO_BROKEN) {
            print_error("case %zu\n", i);
            fail();
        }
        chain.part_max = VIO_NUM_MAX;
        /* It rests, and writes nothing. */
        unmake(state);
        p.memory.at = NULL;
        assert_int_equal(vio_device_next(&p.device, &chain), VIO_BROKEN);
        vio_device_done(&p.device, 0, 0);
        assert_false(vio_device_publish(&p.device));
        assert_false(vio_device_listen(&p.device));
        vio_device_quiet(&p.device);
        assert_int_equal(vio_device_available(&p.device), 0);
    }
}

/* All descriptors in one chain are no loop; the sum is limited to 32 bits. */
static void test_longest_chain(void **state)
{
    struct vio_memory huge = { 0, UINT64_C(1) << 40, NULL };
    struct vio_device_queue q;

    (void)state;
    for (uint32_t i = 0; i < NUM; i++)
        describe(i, PAIR_BASE + DATA + i, 1, i + 1 < NUM ? VIO_DESC_NEXT : 0, i + 1);
    offer(0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(chain.out_count, NUM);
    assert_int_equal(chain.out_bytes, NUM);

    /* Parts are only named here: the memory need not be there. */
    huge.base = PAIR_BASE;
    huge.at = p.memory.at;
    assert_true(vio_device_start(&q, &huge, NUM, PAIR_BASE, PAIR_BASE + 128, PAIR_BASE + 192, false));
    describe(0, PAIR_BASE, UINT32_MAX, VIO_DESC_NEXT, 1);
    describe(1, PAIR_BASE, 1, 0, 0);
    assert_int_equal(vio_device_next(&q, &chain), VIO_BROKEN);
    assert_true(vio_device_start(&q, &huge, NUM, PAIR_BASE, PAIR_BASE + 128, PAIR_BASE + 192, false));
    describe(1, PAIR_BASE, 0, 0, 0);
    assert_int_equal(vio_device_next(&q, &chain), VIO_OK);
    assert_int_equal(chain.out_bytes, UINT32_MAX);
}

static void test_same_head_twice(void **state)
{
    (void)state;
    two();
    offer(0);
    offer(0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_BROKEN);
    unmake(state);
    make(state);
    two();
    offer(0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    vio_device_done(&p.device, 0, 0);
    offer(0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
}

static void test_untake(void **state)
{
    (void)state;
    two();
    offer(0);
    offer(1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
        assert_int_equal(chain.head, 0);
        vio_device_untake(&p.device, chain.head);
    }
    assert_true(vio_device_listen(&p.device));
    assert_int_equal(vio_device_available(&p.device), 2);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    assert_int_equal(chain.head, 1);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_EMPTY);
}

/* The queue stops with a buffer out: it does not come back in the next life. */
static void test_stop(void **state)
{
    (void)state;
    two();
    offer(0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    vio_device_stop(&p.device);
    vio_device_done(&p.device, 0, 0);
    assert_false(vio_device_publish(&p.device));
    assert_int_equal(p.driver.used->index, 0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_EMPTY);
}

/* A chain is a copy: what the driver changes later does not matter. */
static void test_copied(void **state)
{
    (void)state;
    two();
    offer(0);
    offer(1);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    memset(p.memory.at, 0xff, PAIR_RINGS);
    assert_int_equal(chain.out_count, 2);
    assert_ptr_equal(part[1].at, p.memory.at + DATA + 8);
    assert_int_equal(part[1].length, 8);
    vio_device_done(&p.device, chain.head, 0);
    /* Of the index that has been read the rest is still there; its entry is wrong. */
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_BROKEN);
}

static void test_flags(void **state)
{
    (void)state;
    two();
    vio_device_quiet(&p.device);
    assert_int_equal(p.driver.used->flags, VIO_NO_NOTIFY);
    assert_false(vio_device_listen(&p.device));
    assert_int_equal(p.driver.used->flags, 0);
    offer(0);
    assert_true(vio_device_listen(&p.device));
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    vio_device_done(&p.device, 0, 0);
    p.driver.avail->flags = VIO_NO_INTERRUPT;
    assert_false(vio_device_publish(&p.device));
    offer(0);
    assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
    vio_device_done(&p.device, 0, 0);
    p.driver.avail->flags = 0xfffe;
    assert_true(vio_device_publish(&p.device));
}

static void test_events(void **state)
{
    uint16_t *event = vio_used_event(p.driver.avail, NUM), *wanted = vio_avail_event(p.driver.used, NUM);

    (void)state;
    p.driver.avail->flags = VIO_NO_INTERRUPT;      /* means nothing now */
    two();
    for (uint32_t i = 0; i < 70000; i++) {
        *event = (uint16_t)(i / 5 * 5 + 2);
        assert_false(vio_device_listen(&p.device));
        assert_int_equal(*wanted, i & 0xffff);
        vio_device_quiet(&p.device);
        assert_int_equal(p.driver.used->flags, 0);
        offer(0);
        assert_true(vio_device_listen(&p.device));
        assert_int_equal(vio_device_next(&p.device, &chain), VIO_OK);
        vio_device_done(&p.device, 0, 0);
        assert_int_equal(vio_device_publish(&p.device), i % 5 == 2);
    }
    assert_int_equal(p.driver.used->index, 70000 & 0xffff);
}

static void test_event_arithmetic(void **state)
{
    static const struct { uint16_t event, now, before; bool passed; } row[] = {
        { 0, 1, 0, true }, { 1, 1, 0, false }, { 0, 1, 1, false }, { 5, 10, 5, true }, { 9, 10, 5, true },
        { 10, 10, 5, false }, { 4, 10, 5, false }, { 0xffff, 0, 0xffff, true }, { 0xfffe, 2, 0xffff, false },
        { 1, 2, 0xffff, true }, { 2, 2, 0xffff, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_int_equal(vio_event_passed(row[i].event, row[i].now, row[i].before), row[i].passed);
}

static void test_parts(void **state)
{
    uint8_t bytes[10] = "abcdefghi", out[10];
    struct vio_part parts[4] = { { bytes, 3 }, { bytes + 3, 0 }, { bytes + 3, 1 }, { bytes + 4, 5 } };

    (void)state;
    for (uint32_t offset = 0; offset < 12; offset++)
        for (uint32_t length = 0; length < 12; length++) {
            size_t want = offset >= 9 ? 0 : length < 9 - offset ? length : 9 - offset;
            uint8_t to[12];

            memset(to, 0, sizeof(to));
            assert_int_equal(vio_parts_get(parts, 4, offset, to, length), want);
            assert_memory_equal(to, bytes + (offset < 9 ? offset : 9), want);
            memset(bytes, '-', 9);
            memcpy(out, "ABCDEFGHI", 9);
            assert_int_equal(vio_parts_put(parts, 4, offset, out, length < 9 ? length : 9), want < 9 ? want : 9);
            for (uint32_t i = 0; i < 9; i++)
                assert_int_equal(bytes[i], i >= offset && i < offset + length ? "ABCDEFGHI"[i - offset] : '-');
            memcpy(bytes, "abcdefghi", 9);
        }
    assert_int_equal(vio_parts_get(parts, 0, 0, out, 5), 0);
    assert_int_equal(vio_parts_get(parts, 4, UINT64_MAX, out, 5), 0);
}

static void test_memory(void **state)
{
    uint8_t byte[16];
    const struct vio_memory m = { 0x1000, 16, byte };

    (void)state;
    assert_ptr_equal(vio_at(&m, 0x1000, 16), byte);
    assert_ptr_equal(vio_at(&m, 0x100f, 1), byte + 15);
    assert_ptr_equal(vio_at(&m, 0x1010, 0), byte + 16);
    assert_null(vio_at(&m, 0x1010, 1));
    assert_null(vio_at(&m, 0x1011, 0));
    assert_null(vio_at(&m, 0xfff, 1));
    assert_null(vio_at(&m, 0, 0));
    assert_null(vio_at(&m, 0x1008, UINT64_MAX));
    assert_null(vio_at(&m, UINT64_MAX, 0x1012));
    assert_int_equal(vio_address(&m, byte + 5), 0x1005);
}

static void test_buffers(void **state)
{
    uint8_t memory[1000];
    uint16_t list[8];
    uint8_t *taken[8];
    struct vio_buffers b;

    (void)state;
    vio_buffers_init(&b, memory, sizeof(memory), 100, list, 8);
    assert_int_equal(b.count, 8);
    vio_buffers_init(&b, memory, sizeof(memory), 150, list, 8);
    assert_int_equal(b.count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        taken[i] = vio_buffers_take(&b);
        assert_ptr_equal(taken[i], memory + 150 * i);
    }
    assert_null(vio_buffers_take(&b));
    vio_buffers_give(&b, taken[4] + 149);
    vio_buffers_give(&b, taken[2]);
    assert_ptr_equal(vio_buffers_take(&b), taken[2]);
    assert_ptr_equal(vio_buffers_take(&b), taken[4]);
    assert_null(vio_buffers_take(&b));
    vio_buffers_init(&b, memory, 99, 100, list, 8);
    assert_null(vio_buffers_take(&b));
    vio_buffers_init(&b, memory, 99, 0, list, 8);
    assert_null(vio_buffers_take(&b));
}

#define WITH(test)        cmocka_unit_test_setup_teardown(test, make, unmake)
#define WITH_EVENTS(test) cmocka_unit_test_prestate_setup_teardown(test, make, unmake, &p)

int test_device(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_places), WITH(test_good_chains), cmocka_unit_test_setup(test_bad_chains, make),
        WITH(test_longest_chain), WITH(test_same_head_twice), WITH(test_untake), WITH(test_stop), WITH(test_copied),
        WITH(test_flags), WITH_EVENTS(test_events), cmocka_unit_test(test_event_arithmetic),
        cmocka_unit_test(test_parts), cmocka_unit_test(test_memory), cmocka_unit_test(test_buffers),
    };

    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
