/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ends in threads of their own: what a side has written is there when the
 * other takes it, and nobody sleeps through what is for it. */
#include "world.h"

#include <pthread.h>
#include <sched.h>

#define NUM     64u
#define BYTES   32768u
#define PACE    100000u                    /* buffers in one run */
#define STUCK   200000000u                 /* looks at a bell that nobody rings */

static struct pair p;
static uint32_t bell[2];                   /* 1: the side has been told */
enum { DRIVER, DEVICE };

static void ring(int who)
{
    __atomic_store_n(&bell[who], 1, __ATOMIC_RELEASE);
}

/* False: for ever. */
static bool wait(int who)
{
    for (uint32_t n = 0; n < STUCK; n++) {
        if (__atomic_exchange_n(&bell[who], 0, __ATOMIC_ACQUIRE) != 0)
            return true;
        sched_yield();
    }
    return false;
}

/* Doubles the number in each buffer. */
static void *serve(void *unused)
{
    struct vio_part part[2];
    struct vio_chain chain = { .part = part, .part_max = 2 };
    uint64_t number;
    uint32_t done = 0;

    (void)unused;
    while (done < PACE) {
        while (vio_device_next(&p.device, &chain) == VIO_OK) {
            memcpy(&number, part[0].at, sizeof(number));
            number *= 2;
            memcpy(part[1].at, &number, sizeof(number));
            vio_device_done(&p.device, chain.head, sizeof(number));
            if (++done % 7 == 0 && vio_device_publish(&p.device))
                ring(DRIVER);
        }
        if (vio_device_publish(&p.device))
            ring(DRIVER);
        if (p.device.broken || (done < PACE && !vio_device_listen(&p.device) && !wait(DEVICE)))
            return NULL;
    }
    return &p;
}

/* How many came back right. */
static uint32_t ask(void)
{
    uint64_t *place = (uint64_t *)(void *)(p.memory.at + PAIR_RINGS);
    uint32_t asked = 0, right = 0, length, slots = NUM / 2;
    uint16_t list[NUM / 2];
    struct vio_buffers b;
    void *token;

    vio_buffers_init(&b, place, 16 * slots, 16, list, slots);
    for (;;) {
        uint64_t *at;

        while (vio_driver_take(&p.driver, &token, &length) == VIO_OK) {
            at = token;
            right += at[1] == 2 * at[0] && length == 8;
            vio_buffers_give(&b, at);
        }
        while (asked < PACE && (at = vio_buffers_take(&b)) != NULL) {
            struct vio_span span[2] = { { vio_address(&p.memory, at), 8 }, { vio_address(&p.memory, at + 1), 8 } };

            at[0] = asked++;
            at[1] = 0;
            if (vio_driver_add(&p.driver, span, 1, 1, at) != VIO_OK)
                return 0;
            if (asked % 5 == 0 && vio_driver_publish(&p.driver))
                ring(DEVICE);
        }
        if (vio_driver_publish(&p.driver))
            ring(DEVICE);
        if (right == PACE || p.driver.broken || (!vio_driver_listen(&p.driver) && !wait(DRIVER)))
            return right;
    }
}

static void run(bool event_index)
{
    pthread_t thread;
    void *result = NULL;

    pair_make(&p, NUM, BYTES, event_index);
    bell[0] = bell[1] = 0;
    assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
    assert_int_equal(ask(), PACE);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &p);
    pair_free(&p);
}

static void test_flags(void **state)
{
    (void)state;
    run(false);
}

static void test_events(void **state)
{
    (void)state;
    run(true);
}

int test_threads(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_flags), cmocka_unit_test(test_events) };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
