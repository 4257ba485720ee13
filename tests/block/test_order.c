/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests as chains, and their data in pieces. */
#include <stdlib.h>
#include <string.h>

#include "order.h"
#include "tests.h"

#define PARTS 8u

static uint8_t memory[0x40000];
static const struct vio_memory dma = { 0x80000000u, sizeof(memory), memory };

static struct order_limits limits = {
    .sectors = 100, .present = 100, .works = true, .can_flush = true, .name = "name",
};

/* A chain of parts that lie one behind the other; `in` of them to be written. */
static struct vio_chain chain_of(struct vio_part *part, const uint32_t *lengths, uint32_t count, uint32_t in)
{
    struct vio_chain c = { .part = part, .part_max = PARTS };
    uint8_t *at = memory;

    for (uint32_t i = 0; i < count; i++) {
        part[i] = (struct vio_part){ at, lengths[i] };
        at += lengths[i];
        *(i + in >= count ? &c.in_bytes : &c.out_bytes) += lengths[i];
    }
    c.out_count = (uint16_t)(count - in);
    c.in_count = (uint16_t)in;
    return c;
}

static void header(uint32_t type, uint64_t sector)
{
    struct vio_block_header h = { .type = type, .sector = sector };

    memcpy(memory, &h, sizeof(h));
}

static void test_shapes(void **state)
{
    static const struct { uint32_t type, count, in, length[PARTS]; enum order_kind kind; uint8_t status; } row[] = {
        { VIO_BLOCK_IN,  3, 2, { 16, 512, 1 }, ORDER_DISK, 0 },
        { VIO_BLOCK_IN,  2, 1, { 16, 513 }, ORDER_DISK, 0 },
        { VIO_BLOCK_IN,  5, 4, { 16, 0, 500, 12, 1 }, ORDER_DISK, 0 },
        { VIO_BLOCK_IN,  4, 2, { 7, 9, 512, 1 }, ORDER_DISK, 0 },
        { VIO_BLOCK_IN,  4, 3, { 16, 512, 1, 0 }, ORDER_DISK, 0 },
        { VIO_BLOCK_IN,  3, 2, { 17, 512, 1 }, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { VIO_BLOCK_IN,  3, 2, { 16, 511, 1 }, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { VIO_BLOCK_IN,  2, 1, { 16, 1 }, ORDER_ANSWERED, VIO_BLOCK_OK },
        { VIO_BLOCK_OUT, 3, 1, { 16, 512, 1 }, ORDER_DISK, 0 },
        { VIO_BLOCK_OUT, 2, 1, { 528, 1 }, ORDER_DISK, 0 },
        { VIO_BLOCK_OUT, 3, 1, { 16, 512, 2 }, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { VIO_BLOCK_OUT, 3, 1, { 16, 513, 1 }, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { VIO_BLOCK_OUT, 2, 1, { 16, 1 }, ORDER_ANSWERED, VIO_BLOCK_OK },
        { VIO_BLOCK_OUT, 2, 1, { 15, 1 }, ORDER_BROKEN, 0 },
        { VIO_BLOCK_OUT, 1, 0, { 528 }, ORDER_BROKEN, 0 },
        { VIO_BLOCK_IN,  1, 1, { 528 }, ORDER_BROKEN, 0 },
        { VIO_BLOCK_IN,  2, 1, { 16, 0 }, ORDER_BROKEN, 0 },
        { VIO_BLOCK_FLUSH, 2, 1, { 16, 1 }, ORDER_DISK, 0 },
        { VIO_BLOCK_GET_ID, 3, 2, { 16, 20, 1 }, ORDER_ANSWERED, VIO_BLOCK_OK },
        { VIO_BLOCK_GET_ID, 3, 2, { 16, 19, 1 }, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { VIO_BLOCK_DISCARD, 3, 1, { 16, 16, 1 }, ORDER_ANSWERED, VIO_BLOCK_UNSUPP },
        { VIO_BLOCK_WRITE_ZEROES, 3, 1, { 16, 16, 1 }, ORDER_ANSWERED, VIO_BLOCK_UNSUPP },
        { 0xffffffff, 2, 1, { 16, 1 }, ORDER_ANSWERED, VIO_BLOCK_UNSUPP },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct vio_part part[PARTS];
        struct vio_chain c = chain_of(part, row[i].length, row[i].count, row[i].in);
        struct order o = { .status = VIO_BLOCK_OK };

        header(row[i].type, 0);
        assert_int_equal(order_read(&o, &c, &limits), row[i].kind);
        if (row[i].kind == ORDER_BROKEN)
            continue;
        assert_ptr_equal(o.status_at, memory + c.out_bytes + c.in_bytes - 1);
        assert_int_equal(o.written, c.in_bytes);
        if (row[i].kind == ORDER_ANSWERED)
            assert_int_equal(o.status, row[i].status);
        else if (row[i].type != VIO_BLOCK_FLUSH)
            assert_int_equal(o.data.left, 512);
    }
}

static void test_bounds(void **state)
{
    static const struct { uint64_t sector; uint32_t count; bool good; } row[] = {
        { 0, 1, true }, { 99, 1, true }, { 100, 1, false }, { 98, 2, true }, { 99, 2, false }, { 0, 100, true },
        { 0, 101, false }, { UINT64_MAX, 1, false }, { UINT64_MAX / 512, 1, false }, { UINT64_MAX - 1, 2, false },
        { 100, 0, true }, { 101, 0, false },
    };

    (void)state;
    for (int reads = 0; reads < 2; reads++)
        for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
            struct vio_part part[PARTS];
            uint32_t length[] = { 16, row[i].count * 512, 1 };
            struct vio_chain c = chain_of(part, length, 3, reads ? 2 : 1);
            struct order o = { .status = VIO_BLOCK_OK };
            bool asks = row[i].good && row[i].count > 0;

            header(reads ? VIO_BLOCK_IN : VIO_BLOCK_OUT, row[i].sector);
            assert_int_equal(order_read(&o, &c, &limits), asks ? ORDER_DISK : ORDER_ANSWERED);
            if (!asks)
                assert_int_equal(o.status, row[i].good ? VIO_BLOCK_OK : VIO_BLOCK_IOERR);
        }
}

static void test_limits(void **state)
{
    static const struct { struct order_limits l; uint32_t type; enum order_kind kind; uint8_t status; } row[] = {
        { { 100, 100, true, true, true, "" }, VIO_BLOCK_IN, ORDER_DISK, 0 },
        { { 100, 100, true, true, true, "" }, VIO_BLOCK_OUT, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { { 100, 100, true, true, false, "" }, VIO_BLOCK_FLUSH, ORDER_ANSWERED, VIO_BLOCK_UNSUPP },
        { { 100, 100, false, false, true, "" }, VIO_BLOCK_FLUSH, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { { 100, 100, false, false, true, "" }, VIO_BLOCK_IN, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { { 100, 100, false, false, true, "" }, VIO_BLOCK_OUT, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { { 100, 11, true, false, true, "" }, VIO_BLOCK_IN, ORDER_DISK, 0 },
        { { 100, 10, true, false, true, "" }, VIO_BLOCK_IN, ORDER_ANSWERED, VIO_BLOCK_IOERR },
        { { 100, 0, true, false, true, "" }, VIO_BLOCK_OUT, ORDER_ANSWERED, VIO_BLOCK_IOERR },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        static const uint32_t length[] = { 16, 512, 1 };
        struct vio_part part[PARTS];
        struct vio_chain c = chain_of(part, length, 3, row[i].type == VIO_BLOCK_IN ? 2 : 1);
        struct order o = { .status = VIO_BLOCK_OK };

        header(row[i].type, 10);
        assert_int_equal(order_read(&o, &c, &row[i].l), row[i].kind);
        if (row[i].kind == ORDER_ANSWERED)
            assert_int_equal(o.status, row[i].status);
    }
}

/* Any data in any parts, cut by any limits, is the same data. */
static void test_cuts(void **state)
{
    (void)state;
    srand(1);
    for (int n = 0; n < 20000; n++) {
        struct vio_part part[PARTS];
        uint32_t length[PARTS] = { 16 }, parts = 1 + (uint32_t)rand() % (PARTS - 2), total = 0, done = 0;
        uint32_t block = 512u << rand() % 3;
        struct cut_limits l = { 1 + (uint32_t)rand() % 6, 1 + (uint32_t)rand() % 3000, block * (1 + (uint32_t)rand() % 4), block };
        struct vio_span span[PARTS];
        struct vio_chain c;
        struct cut cut;
        uint32_t spans, bytes;

        for (uint32_t i = 1; i <= parts; i++)
            total += length[i] = rand() % 4 == 0 ? 0 : (uint32_t)rand() % 4000;
        length[parts] += (512 - total % 512) % 512;
        total += (512 - total % 512) % 512;
        c = chain_of(part, length, parts + 1, 0);
        cut = (struct cut){ .part = c.part, .left = c.out_bytes };
        cut_advance(&cut, 16);
        while (cut.left > 0) {
            uint32_t sum = 0;

            assert_int_equal(cut.left, total - done);
            bytes = cut_piece(&cut, &dma, &l, span, &spans);
            if (bytes == 0) {
                assert_true(l.span_bytes < block || parts > 1);
                break;
            }
            assert_in_range(spans, 1, l.spans);
            assert_true(bytes <= l.bytes && bytes <= cut.left);
            assert_true(bytes % block == 0 || bytes == cut.left);
            for (uint32_t i = 0; i < spans; i++) {
                assert_in_range(span[i].length, 1, l.span_bytes);
                assert_int_equal(span[i].address, dma.base + 16 + done + sum);
                sum += span[i].length;
            }
            assert_int_equal(sum, bytes);
            cut_advance(&cut, bytes);
            done += bytes;
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_shapes), cmocka_unit_test(test_bounds), cmocka_unit_test(test_limits),
    cmocka_unit_test(test_cuts),
};
const struct test_group order_group = { "orders", tests, sizeof(tests) / sizeof(tests[0]) };
