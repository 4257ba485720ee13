/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that does anything; the others must not notice. */
#include <stdlib.h>
#include <string.h>

#include <libmv/calls.h>

#include "tests.h"

/* The victim's partition and a read of it stay what they are. */
static void victim_is_well(void)
{
    struct ask *a;

    peers[1].used = 0;
    a = peer_ask(1, VIO_BLOCK_IN, (uint64_t)rand() % (EACH - 8), 4096, 1 + (uint32_t)rand() % 2 * 7);
    world_settle();
    assert_true(a->done);
    assert_int_equal(*a->status, VIO_BLOCK_OK);
    assert_memory_equal(a->data, world_sector(EACH + a->header->sector), 4096);
    assert_int_equal(peers[1].sessions, 1);
    assert_true(disk.works);
    free(a);
}

static void others_are_unchanged(void)
{
    for (uint64_t s = EACH; s < SECTORS; s++)
        for (uint32_t b = 0; b < 512; b += 64)
            assert_int_equal(world.image[s * 512 + b], (uint8_t)(s * 7 + b));
}

static void test_broken_rings(void **state)
{
    struct peer *p = &peers[0];

    (void)state;
    world_make();
    world_start();
    for (uint32_t i = 1; i <= 20; i++) {
        p->link.queue[0].avail->index = (uint16_t)(p->link.queue[0].avail->index + 1000);
        (void)mv_virq_raise(1, 1);
        world_settle();
        assert_int_equal(serve_counters.broken, i);
        assert_int_equal(p->sessions, 1 + i);
        victim_is_well();
    }
}

/* Requests that are right but for one thing, changed while they are read. */
static void wild_request(struct peer *p)
{
    struct vio_driver_queue *q = &p->link.queue[0];
    uint32_t parts = 1 + (uint32_t)rand() % 6;
    struct vio_span span[8];
    uint32_t buffers = (uint32_t)p->link.link.memory.base, bytes = (uint32_t)p->link.link.memory.size;
    struct vio_block_header *h = (struct vio_block_header *)(void *)p->link.link.memory.at;
    uint32_t in = (uint32_t)rand() % (parts + 1);

    for (uint32_t i = 0; i < parts; i++)
        span[i] = (struct vio_span){ buffers + (uint32_t)rand() % bytes, (uint32_t)rand() % 5000 };
    if (rand() % 8 != 0) {
        span[0] = (struct vio_span){ buffers + 16 * ((uint32_t)rand() % 8), 16 };
        span[parts - 1].length = 1;
        in = in == parts ? 1 : in == 0 ? 1 : in;
        for (uint32_t i = 1; i + 1 < parts; i++)
            span[i].length = 512u * ((uint32_t)rand() % 8);
    }
    if (rand() % 8 == 0)
        span[rand() % (int)parts] = (struct vio_span){ (uint64_t)rand() << 20, (uint32_t)rand() };
    for (uint32_t i = 0; i < 8; i++)
        h[i] = (struct vio_block_header){
            .type = rand() % 4 == 0 ? (uint32_t)rand() % 16 : (uint32_t)rand() % 2,
            .sector = rand() % 4 == 0 ? (uint64_t)rand() << 33 | (uint64_t)rand() : (uint64_t)rand() % (EACH + 10),
        };
    if (vio_driver_add(q, span, parts - in, in, calloc(1, sizeof(struct ask))) != VIO_OK)
        vio_link_client_reset(&p->link);
}

static void wild_bytes(struct peer *p)
{
    uint32_t at = (uint32_t)rand() % 0x4000;

    for (int n = rand() % 32; n >= 0; n--)
        p->segment[(at + (uint32_t)n) % LINK_BYTES] = (uint8_t)rand();
}

static void test_anything(void **state)
{
    struct peer *p = &peers[0];

    (void)state;
    world_make();
    world_start();
    srand(3);
    for (int n = 0; n < 20000; n++) {
        int what = rand() % 40;

        if (what < 30)
            wild_request(p);
        else if (what < 34)
            wild_bytes(p);
        else if (what == 34)
            peer_open(0);
        else
            world_settle();
        if (rand() % 3 == 0)
            vio_link_client_publish(&p->link, 0);
        if (rand() % 16 == 0)
            (void)mv_virq_raise(1, 0);
        (void)world_disk((uint32_t)rand() % 4);
        if (rand() % 4 == 0)
            peer_poll(0);
        if (n % 16 == 0)
            victim_is_well();
    }
    assert_true(serve_counters.broken > 100);
    assert_true(serve_counters.bytes > 1000000);
    others_are_unchanged();
    /* As after a start of both: what the server says of itself was overwritten, too. */
    memset(p->segment, 0, VIO_LINK_HEADER_BYTES);
    peer_open(0);
    (void)mv_virq_raise(1, 0);
    world_settle();
    assert_int_equal(peer_do(0, VIO_BLOCK_OUT, 0, 512), VIO_BLOCK_OK);
}

/* One that sends nothing but requests that are refused does not hold up others. */
static void test_a_flood_of_refusals(void **state)
{
    (void)state;
    world_make();
    world_start();
    for (int n = 0; n < 50; n++) {
        peers[0].used = 0;
        for (int i = 0; i < 80; i++)
            (void)peer_ask(0, VIO_BLOCK_OUT, EACH, 512, 1);
        victim_is_well();
    }
    assert_int_equal(serve_counters.refused, 4000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_broken_rings), cmocka_unit_test(test_anything),
    cmocka_unit_test(test_a_flood_of_refusals),
};
const struct test_group hostile_group = { "hostile", tests, sizeof(tests) / sizeof(tests[0]) };
