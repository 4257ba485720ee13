/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of devices that are the io cell's. */
#include "world.h"

#define SLOT(n, offset)  (MV_GUEST_VIRTIO + (n) * MV_GUEST_VIRTIO_BYTES + (offset))
#define FIRST            MV_GUEST_VIRTIO_IO

static int setup(void **state)
{
    (void)state;
    world_make(3, 1, VMM_CONSOLE_VIRTIO);
    world_give_io(3u << FIRST);
    return 0;
}

static void expect_call(uint64_t call, uint64_t slot, uint64_t offset, uint64_t size, uint64_t value)
{
    assert_int_equal(world.io_calls, 1);
    assert_int_equal(world.io_last.w[VIO_IO_CALL], call);
    assert_int_equal(world.io_last.w[VIO_IO_SLOT], slot);
    assert_int_equal(world.io_last.w[VIO_IO_OFFSET], offset);
    assert_int_equal(world.io_last.w[VIO_IO_SIZE], size);
    assert_int_equal(world.io_last.w[VIO_IO_VALUE], value);
    world.io_calls = 0;
}

static void test_handed_on(void **state)
{
    (void)state;
    world.io_answer.w[0] = 0x1234;
    assert_int_equal(LOAD(SLOT(FIRST, 8)), 0x1234);
    expect_call(VIO_IO_READ, FIRST, 8, 4, 0);
    STORE(SLOT(FIRST + 1, 0x70), 15);
    expect_call(VIO_IO_WRITE, FIRST + 1, 0x70, 4, 15);
    /* The configuration has all sizes; an answer has no more than was asked for. */
    world.io_answer.w[0] = UINT64_C(0x123456789abcdef0);
    for (unsigned log2 = 0; log2 < 4; log2++) {
        assert_int_equal(world_load(0, SLOT(FIRST, 0x108), log2),
                         log2 == 3 ? world.io_answer.w[0] : world.io_answer.w[0] & ((UINT64_C(1) << (8 << log2)) - 1));
        expect_call(VIO_IO_READ, FIRST, 0x108, 1u << log2, 0);
    }
}

static void test_others_are_here(void **state)
{
    (void)state;
    assert_int_equal(LOAD(SLOT(MV_GUEST_VIRTIO_CONSOLE, 8)), 3);
    assert_int_equal(LOAD(SLOT(MV_GUEST_VIRTIO_RNG, 8)), 4);
    for (uint32_t n = FIRST + 2; n < MV_GUEST_VIRTIO_COUNT; n++) {
        assert_int_equal(LOAD(SLOT(n, 0)), 0x74726976);
        assert_int_equal(LOAD(SLOT(n, 8)), 0);
        STORE(SLOT(n, 0x70), 1);
    }
    assert_int_equal(world.io_calls, 0);
}

static void test_interrupts(void **state)
{
    (void)state;
    world.io_page[FIRST] = 3;
    world.io_page[FIRST + 1] = 1;
    assert_int_equal(LOAD(SLOT(FIRST, 0x60)), 3);
    STORE(SLOT(FIRST, 0x64), 1);
    assert_int_equal(LOAD(SLOT(FIRST, 0x60)), 2);
    STORE(SLOT(FIRST, 0x64), UINT32_MAX);
    assert_int_equal(world.io_page[FIRST], 0);
    assert_int_equal(world.io_page[FIRST + 1], 1);
    assert_int_equal(world.io_calls, 0);
}

/* What is gone is not there; one line says so, until it is back. */
static void test_gone(void **state)
{
    (void)state;
    world.io_status = MV_CANCELLED;
    world.io_answer.w[0] = 2;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(LOAD(SLOT(FIRST, 0)), 0x74726976);
        assert_int_equal(LOAD(SLOT(FIRST, 8)), 0);
        STORE(SLOT(FIRST, 0x70), 1);
    }
    world.out[world.out_length] = 0;
    assert_non_null(strstr((char *)world.out, "io cell does not answer"));
    assert_null(strstr(strstr((char *)world.out, "io cell") + 1, "io cell"));
    world.io_status = MV_OK;
    assert_int_equal(LOAD(SLOT(FIRST, 8)), 2);
    world.io_status = MV_TIMEOUT;
    assert_int_equal(LOAD(SLOT(FIRST, 8)), 0);
    world.out[world.out_length] = 0;
    assert_non_null(strstr(strstr((char *)world.out, "io cell") + 1, "io cell"));
}

/* Before the machine starts again, and once each time. */
static void test_reset(void **state)
{
    (void)state;
    (void)world_call(0, 0x84000009, 0, 0, 0);
    expect_call(VIO_IO_RESET, 0, 0, 0, 0);
    assert_int_equal(world.cell_starts, 1);
    (void)world_call(0, 0x84000008, 0, 0, 0);
    expect_call(VIO_IO_RESET, 0, 0, 0, 0);
    /* Nobody is there to be reset: the machine starts all the same. */
    world.io_status = MV_CANCELLED;
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(world.cell_starts, 2);
}

int test_io(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_handed_on, setup),
        cmocka_unit_test_setup(test_others_are_here, setup),
        cmocka_unit_test_setup(test_interrupts, setup),
        cmocka_unit_test_setup(test_gone, setup),
        cmocka_unit_test_setup(test_reset, setup),
    };

    return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
