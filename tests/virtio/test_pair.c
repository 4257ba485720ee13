/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two ends against each other, at random: every buffer comes back once, with
 * what was written; who waits is told; and a side that writes anywhere in the
 * shared memory at any moment harms only itself.
 */
#include "world.h"

#define BYTES  65536u
#define ROOM   (BYTES - PAIR_RINGS)
#define PARTS  5u
#define OPEN   VIO_NUM_MAX

static uint64_t seed;

static uint32_t below(uint32_t limit)
{
    return (uint32_t)(world_random(&seed) % limit);
}

/* A buffer that is with the device, or was taken by it. */
struct buffer {
    bool     used;
    uint32_t number;
    uint32_t writable;
};
static struct buffer buffers[OPEN];
static struct { uint16_t head; uint32_t written; uint32_t number; } opened[OPEN];
static uint32_t open_count, next_number, in_flight, came_back;
static bool device_sleeps, driver_sleeps;

static void driver_adds(struct pair *p)
{
    struct vio_span span[PARTS];
    uint32_t out = below(3), in = below(3), n = below(OPEN);
    struct buffer *b = &buffers[n];

    if (b->used || out + in == 0)
        return;
    b->writable = 0;
    /* The number goes in a place of its own. */
    for (uint32_t i = 0; i < out + in; i++) {
        span[i] = pair_span(PAIR_RINGS + 64 * n + 8 * i, 1 + below(8));
        if (i >= out)
            b->writable += span[i].length;
    }
    b->number = next_number;
    if (vio_driver_add(&p->driver, span, out, in, b) != VIO_OK)
        return;
    b->used = true;
    next_number++;
    in_flight++;
}

static void driver_takes(struct pair *p)
{
    struct buffer *b;
    uint32_t length;
    void *token;

    while (vio_driver_take(&p->driver, &token, &length) == VIO_OK) {
        b = token;
        assert_true(b->used);
        assert_in_range(length, 0, b->writable);
        b->used = false;
        in_flight--;
        came_back++;
    }
}

static void device_takes(struct pair *p)
{
    static struct vio_part part[PARTS];
    struct vio_chain chain = { .part = part, .part_max = PARTS };

    while (open_count < OPEN && vio_device_next(&p->device, &chain) == VIO_OK) {
        for (uint32_t i = 0; i < chain.in_count; i++)
            memset(part[chain.out_count + i].at, 0x5a, part[chain.out_count + i].length);
        opened[open_count].head = chain.head;
        opened[open_count++].written = chain.in_bytes != 0 ? below((uint32_t)chain.in_bytes + 1) : 0;
        if (below(8) == 0)
            break;
    }
}

static void device_gives(struct pair *p)
{
    for (uint32_t n = below(open_count + 1); n > 0; n--) {
        uint32_t i = below(open_count);

        vio_device_done(&p->device, opened[i].head, opened[i].written);
        opened[i] = opened[--open_count];
    }
    if (vio_device_publish(&p->device))
        driver_sleeps = false;
}

/* Each side works when it is awake, and sleeps only after it has listened. */
static void turn(struct pair *p)
{
    switch (below(4)) {
    case 0:
        if (driver_sleeps && vio_driver_free(&p->driver) == 0)
            break;
        for (uint32_t n = below(20); n > 0; n--)
            driver_adds(p);
        if (vio_driver_publish(&p->driver))
            device_sleeps = false;
        break;
    case 1:
        if (driver_sleeps)
            break;
        if (below(2) == 0)
            vio_driver_quiet(&p->driver);
        driver_takes(p);
        driver_sleeps = below(2) == 0 && !vio_driver_listen(&p->driver);
        break;
    case 2:
        if (device_sleeps)
            break;
        if (below(2) == 0)
            vio_device_quiet(&p->device);
        device_takes(p);
        device_sleeps = below(2) == 0 && vio_device_available(&p->device) == 0 && !vio_device_listen(&p->device);
        break;
    default:
        if (below(2) == 0)
            device_gives(p);
        break;
    }
}

static void begin(struct pair *p, uint32_t num, bool event_index)
{
    memset(buffers, 0, sizeof(buffers));
    open_count = next_number = in_flight = came_back = 0;
    device_sleeps = driver_sleeps = false;
    pair_make(p, num, BYTES, event_index);
}

static void test_random(void **state)
{
    static struct pair p;

    (void)state;
    for (uint32_t round = 0; round < 64; round++) {
        seed = round;
        begin(&p, 1u << round % 9, round & 1);
        for (uint32_t n = 0; n < 3000; n++) {
            turn(&p);
            assert_false(p.driver.broken || p.device.broken);
            assert_in_range(open_count, 0, 1u << round % 9);
        }
        /* Nothing is left behind, and nobody sleeps through what is for it. */
        for (uint32_t n = 0; n < 20000 && in_flight != 0; n++) {
            if (!device_sleeps) {
                device_takes(&p);
                device_sleeps = vio_device_available(&p.device) == 0 && !vio_device_listen(&p.device);
            }
            device_gives(&p);
            if (!driver_sleeps) {
                driver_takes(&p);
                driver_sleeps = !vio_driver_listen(&p.driver);
            }
            if (vio_driver_publish(&p.driver))
                device_sleeps = false;
        }
        assert_int_equal(in_flight, 0);
        assert_int_equal(came_back, next_number);
        assert_true(vio_driver_is_idle(&p.driver));
        assert_int_equal(vio_driver_free(&p.driver), p.driver.num);
        pair_free(&p);
    }
}

/* Some words of the rings become nonsense. */
static void disturb(struct pair *p)
{
    for (uint32_t n = below(4); n > 0; n--) {
        uint32_t at = below(vio_ring_layout_of(p->driver.num).bytes / 2) * 2;
        uint16_t value = below(3) == 0 ? (uint16_t)world_random(&seed) : (uint16_t)below(p->driver.num + 2);

        memcpy(p->memory.at + at, &value, sizeof(value));
    }
}

/* Whichever side is wild, the other's own state stays sound; after BROKEN both
 * start again. The sanitizers see what would go beyond the memory. */
static void test_wild(void **state)
{
    static struct pair p;
    uint32_t broken = 0;

    (void)state;
    for (uint32_t round = 0; round < 600; round++) {
        uint32_t num = 1u << below(9);

        seed = 1000 + round;
        begin(&p, num, round & 1);
        for (uint32_t n = 0; n < 400 && !p.driver.broken && !p.device.broken; n++) {
            device_sleeps = driver_sleeps = false;
            turn(&p);
            if (below(8) == 0)
                disturb(&p);
            assert_in_range(p.driver.free_count, 0, num);
            assert_in_range(open_count, 0, num);
        }
        broken += p.driver.broken || p.device.broken;
        pair_free(&p);
    }
    assert_in_range(broken, 100, 600);
}

int test_pair(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random), cmocka_unit_test(test_wild) };

    return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
