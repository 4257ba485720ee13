/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients at work, with a disk that does what it should. */
#include <stdlib.h>
#include <string.h>

#include "tests.h"

static void world_up(void)
{
    world_make();
    world_start();
    for (uint32_t i = 0; i < CLIENTS; i++)
        assert_int_equal(peers[i].sessions, 1);
}

static void test_each_has_its_partition(void **state)
{
    (void)state;
    world_up();
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct ask *a = peer_ask(i, VIO_BLOCK_IN, 5, 1024, 2);

        world_settle();
        assert_true(a->done && *a->status == VIO_BLOCK_OK);
        assert_int_equal(a->length, 1025);
        assert_memory_equal(a->data, world_sector(i * EACH + 5), 1024);
    }
    assert_int_equal(serve_counters.requests, CLIENTS);
    assert_int_equal(serve_counters.bytes, CLIENTS * 1024);
    assert_string_equal(world.said, "");
}

static void test_writes_arrive(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    a = peer_ask(1, VIO_BLOCK_OUT, EACH - 4, 2048, 4);
    memset(a->data, 0x5a, 2048);
    world_settle();
    assert_true(a->done && *a->status == VIO_BLOCK_OK);
    assert_int_equal(a->length, 1);
    for (uint32_t i = 0; i < 2048; i++)
        assert_int_equal(world_sector(2 * EACH - 4)[i], 0x5a);
    assert_int_equal(*world_sector(2 * EACH), (2 * EACH * 7) & 0xff);
    assert_int_equal(peer_do(1, VIO_BLOCK_OUT, EACH - 3, 2048), VIO_BLOCK_IOERR);
    assert_int_equal(world.done, 1);
}

static void test_what_is_said_of_a_partition(void **state)
{
    struct vio_block_config c;

    (void)state;
    world_up();
    assert_true(vio_link_client_config(&peers[1].link, 0, &c, sizeof(c)));
    assert_int_equal(c.capacity, EACH);
    assert_int_equal(c.seg_max, 62);
    assert_int_equal(c.blk_size, 512);
    assert_int_equal(peers[1].link.link.features & (VIO_BLOCK_F_RO | VIO_BLOCK_F_FLUSH), VIO_BLOCK_F_FLUSH);
    assert_int_equal(peers[SMALL].link.link.features & VIO_BLOCK_F_RO, VIO_BLOCK_F_RO);
}

static void test_a_partition_that_is_only_read(void **state)
{
    (void)state;
    world_up();
    assert_int_equal(peer_do(SMALL, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
    assert_int_equal(peer_do(SMALL, VIO_BLOCK_OUT, 0, 512), VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(SMALL, VIO_BLOCK_FLUSH, 0, 0), VIO_BLOCK_OK);
    assert_int_equal(world.done, 2);
}

static void test_a_disk_that_is_only_read(void **state)
{
    (void)state;
    world_make();
    world.features |= VIO_BLOCK_F_RO;
    world_start();
    assert_int_equal(peers[0].link.link.features & VIO_BLOCK_F_RO, VIO_BLOCK_F_RO);
    assert_int_equal(peer_do(0, VIO_BLOCK_OUT, 0, 512), VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
}

static void test_flush(void **state)
{
    (void)state;
    world_up();
    assert_int_equal(peer_do(0, VIO_BLOCK_FLUSH, 0, 0), VIO_BLOCK_OK);
    assert_int_equal(world.flushes, 1);
}

static void test_no_flush_without_a_cache(void **state)
{
    (void)state;
    world_make();
    world.features &= ~VIO_BLOCK_F_FLUSH;
    world_start();
    assert_int_equal(peers[0].link.link.features & VIO_BLOCK_F_FLUSH, 0);
    assert_int_equal(peer_do(0, VIO_BLOCK_FLUSH, 0, 0), VIO_BLOCK_UNSUPP);
    assert_int_equal(peer_do(0, VIO_BLOCK_OUT, 0, 512), VIO_BLOCK_OK);
}

static void test_the_id_is_the_partition(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    a = peer_ask(0, VIO_BLOCK_GET_ID, 0, 20, 2);
    world_settle();
    assert_true(a->done && *a->status == VIO_BLOCK_OK);
    assert_memory_equal(a->data, "first\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    a = peer_ask(1, VIO_BLOCK_GET_ID, 0, 20, 1);
    world_settle();
    assert_memory_equal(a->data, "a-name-longer-than-an-id", 20);
    assert_int_equal(world.done, 0);
}

static void read_and_compare(uint32_t client, uint64_t sector, uint32_t bytes, uint32_t parts)
{
    struct ask *a = peer_ask(client, VIO_BLOCK_IN, sector, bytes, parts);

    world_settle();
    assert_true(a->done && *a->status == VIO_BLOCK_OK);
    assert_memory_equal(a->data, world_sector(client * EACH + sector), bytes);
}

static void test_segments_are_few(void **state)
{
    (void)state;
    world_make();
    world.config.seg_max = 3;
    world_start();
    read_and_compare(0, 7, 32 * 512, 32);
    assert_int_equal(serve_counters.pieces, 11);
    read_and_compare(1, 0, 30 * 512, 60);          /* two parts to a sector: three of them are one */
    assert_int_equal(world.parts_most, 3);
    /* A sector in more parts than there are segments cannot be given to it. */
    assert_int_equal(peer_ask(0, VIO_BLOCK_IN, 0, 512, 1) != NULL, 1);
    {
        struct ask *a = peer_ask(0, VIO_BLOCK_IN, 0, 512, 8);

        world_settle();
        assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
    }
}

static void test_one_segment(void **state)
{
    (void)state;
    world_make();
    world.features &= ~VIO_BLOCK_F_SEG_MAX;
    world_start();
    read_and_compare(0, 7, 8192, 4);
    assert_int_equal(serve_counters.pieces, 4);
    assert_int_equal(world.parts_most, 1);
}

static void test_segments_are_short(void **state)
{
    (void)state;
    world_make();
    world.features |= VIO_BLOCK_F_SIZE_MAX;
    world.config.size_max = 700;
    world_start();
    read_and_compare(1, 100, 65536, 1);
}

static void test_blocks_are_large(void **state)
{
    (void)state;
    world_make();
    world.config.blk_size = 4096;
    world.config.seg_max = 5;
    world_start();
    read_and_compare(1, 0, 65536, 32);
    assert_true(serve_counters.pieces >= 8);
}

/* The same buffer in many parts is more than a link has memory; a disk gets it in
 * pieces that it can do in time. */
static void test_a_request_larger_than_the_link(void **state)
{
    struct peer *p = &peers[0];
    struct vio_span span[63];
    struct vio_block_header *h;
    struct ask a = { .done = false };
    uint8_t *data, *status;

    (void)state;
    world_up();
    h = (struct vio_block_header *)(void *)peer_buffer(0, 16);
    status = peer_buffer(0, 1);
    data = peer_buffer(0, 0x4000);
    *h = (struct vio_block_header){ .type = VIO_BLOCK_IN };
    span[0] = (struct vio_span){ vio_address(&p->link.link.memory, h), 16 };
    for (int i = 1; i <= 32; i++)
        span[i] = (struct vio_span){ vio_address(&p->link.link.memory, data), 0x4000 };
    span[33] = (struct vio_span){ vio_address(&p->link.link.memory, status), 1 };
    *status = 0xee;
    assert_int_equal(vio_driver_add(&p->link.queue[0], span, 1, 33, &a), VIO_OK);
    vio_link_client_publish(&p->link, 0);
    world_settle();
    assert_true(a.done);
    assert_int_equal(*status, VIO_BLOCK_OK);
    assert_int_equal(a.length, 32 * 0x4000 + 1);
    assert_memory_equal(data, world_sector(31 * 32), 0x4000);
}

/* One that asks for all it can, and a disk that is slow: the other waits for one
 * request, not for all. */
static void test_shares(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    for (int i = 0; i < 80; i++)
        (void)peer_ask(0, VIO_BLOCK_IN, 0, 512, 1);
    world_settle_without_disk();
    assert_in_range(vio_device_available(&world.queue), 20, 85 / 3);
    a = peer_ask(1, VIO_BLOCK_IN, 0, 512, 1);
    world_settle_without_disk();
    while (!a->done) {
        assert_true(world_disk(1) == 1);
        world.isr = 0;
        world_settle_without_disk();
        (void)serve();
        peer_poll(1);
        assert_true(world.done < 40);
    }
    world_settle();
    assert_int_equal(peers[0].done, 80);
}

static void test_a_short_queue(void **state)
{
    (void)state;
    world_make();
    world.num_max = 8;
    world_start();
    for (int n = 0; n < 20; n++)
        for (uint32_t i = 0; i < CLIENTS; i++)
            (void)peer_ask(i, VIO_BLOCK_IN, (uint64_t)n, 1024, 2);
    world_settle();
    for (uint32_t i = 0; i < CLIENTS; i++)
        assert_int_equal(peers[i].done, 20);
    assert_int_equal(disk.descriptors, 8);
}

/* Many requests, few notifications: in each direction. */
static void test_batches(void **state)
{
    uint64_t before;

    (void)state;
    world_up();
    before = world.raises;
    for (int i = 0; i < 20; i++)
        (void)peer_ask(0, VIO_BLOCK_IN, (uint64_t)i, 512, 1);
    world_settle_without_disk();
    assert_int_equal(world.kicks, 1);
    assert_int_equal(world_disk(20), 20);
    world_settle();
    assert_int_equal(peers[0].done, 20);
    assert_int_equal(world.raises - before, 1);
}

static void test_done_in_any_order(void **state)
{
    struct ask *a[20];

    (void)state;
    world_up();
    world.backwards = true;
    for (uint32_t i = 0; i < 20; i++)
        a[i] = peer_ask(i & 1, VIO_BLOCK_IN, i * 3, 1024, 1);
    world_settle();
    for (uint32_t i = 0; i < 20; i++)
        assert_memory_equal(a[i]->data, world_sector((i & 1) * EACH + i * 3), 1024);
}

/* Reads and writes at random against a copy of the disk. */
static void test_at_random(void **state)
{
    static uint8_t model[SECTORS * 512];

    (void)state;
    world_up();
    srand(2);
    memcpy(model, world.image, sizeof(model));
    for (int n = 0; n < 3000; n++) {
        struct ask *a[CLIENTS * 4];
        uint32_t count = 0;

        world.backwards = rand() & 1;
        for (uint32_t i = 0; i < CLIENTS; i++)
            peers[i].used = 0;
        for (uint32_t i = 0; i < CLIENTS * 4; i++) {
            uint32_t client = i % CLIENTS, sectors = 1 + (uint32_t)rand() % 40;
            /* A quarter of the partition each: what is under way together does not overlap. */
            uint64_t sector = i / CLIENTS * (EACH / 4) + (uint32_t)rand() % (EACH / 4 - 40);
            bool writes = client != SMALL && (rand() & 1);

            a[count] = peer_ask(client, writes ? VIO_BLOCK_OUT : VIO_BLOCK_IN, sector, sectors * 512, 1 + (uint32_t)rand() % 2);
            for (uint32_t b = 0; writes && b < sectors * 512; b += 8)
                memcpy(a[count]->data + b, &(uint64_t){ (uint64_t)rand() << 32 | (uint64_t)n }, 8);
            if (writes)
                memcpy(model + (client * EACH + sector) * 512, a[count]->data, sectors * 512);
            a[count++]->bytes = sectors * 512;
        }
        world_settle();
        for (uint32_t i = 0; i < count; i++) {
            assert_true(a[i]->done);
            assert_int_equal(*a[i]->status, VIO_BLOCK_OK);
            if (a[i]->header->type == VIO_BLOCK_IN)
                assert_memory_equal(a[i]->data, model + (i % CLIENTS * EACH + a[i]->header->sector) * 512, a[i]->bytes);
            free(a[i]);
        }
    }
    assert_memory_equal(model, world.image, sizeof(model));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_each_has_its_partition), cmocka_unit_test(test_writes_arrive),
    cmocka_unit_test(test_what_is_said_of_a_partition), cmocka_unit_test(test_a_partition_that_is_only_read),
    cmocka_unit_test(test_a_disk_that_is_only_read), cmocka_unit_test(test_flush),
    cmocka_unit_test(test_no_flush_without_a_cache), cmocka_unit_test(test_the_id_is_the_partition),
    cmocka_unit_test(test_segments_are_few), cmocka_unit_test(test_one_segment),
    cmocka_unit_test(test_segments_are_short), cmocka_unit_test(test_blocks_are_large),
    cmocka_unit_test(test_a_request_larger_than_the_link), cmocka_unit_test(test_shares),
    cmocka_unit_test(test_a_short_queue), cmocka_unit_test(test_batches),
    cmocka_unit_test(test_done_in_any_order), cmocka_unit_test(test_at_random),
};
const struct test_group serve_group = { "serving", tests, sizeof(tests) / sizeof(tests[0]) };
