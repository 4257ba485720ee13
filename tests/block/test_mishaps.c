/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks that fail, lie or fall silent; clients and the cell that start again. */
#include <string.h>

#include <libmv/time.h>

#include "tests.h"

static void world_up(void)
{
    world_make();
    world_start();
}

static void expect_said(const char *text)
{
    if (strstr(world.said, text) == NULL)
        fail_msg("\"%s\" is not in: %s", text, world.said);
}

static void test_an_error_of_the_disk(void **state)
{
    (void)state;
    world_up();
    world.bad_sector = 30;
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 28, 2048), VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 31, 2048), VIO_BLOCK_OK);
    assert_int_equal(serve_counters.failed, 1);
    assert_true(disk.works);
    world_pass(11 * MV_S);
    expect_said("1 requests have failed\n");
}

/* One piece of many fails: so does the request, once. */
static void test_an_error_in_a_piece(void **state)
{
    struct ask *a;

    (void)state;
    world_make();
    world.config.seg_max = 1;
    world_start();
    world.bad_sector = 3;
    a = peer_ask(0, VIO_BLOCK_IN, 0, 32 * 512, 32);
    world_settle();
    assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
    assert_int_equal(serve_counters.requests, 1);
    assert_int_equal(serve_counters.failed, 1);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 8, 512), VIO_BLOCK_OK);
}

static void test_the_disk_shrinks(void **state)
{
    (void)state;
    world_up();
    world.config.capacity = EACH + 10;
    world.isr |= VIO_INTERRUPT_CONFIG;
    world_settle();
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, EACH - 1, 512), VIO_BLOCK_OK);
    assert_int_equal(peer_do(1, VIO_BLOCK_IN, 9, 512), VIO_BLOCK_OK);
    assert_int_equal(peer_do(1, VIO_BLOCK_IN, 9, 1024), VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(1, VIO_BLOCK_OUT, 10, 512), VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(SMALL, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_IOERR);
    world.config.capacity = SECTORS;
    world.isr |= VIO_INTERRUPT_CONFIG;
    world_settle();
    assert_int_equal(peer_do(SMALL, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
}

static void test_no_disk(void **state)
{
    (void)state;
    world_make();
    world.answer = PCI_ABSENT;
    world_start();
    expect_said("disk0 does not work: nothing is there\n");
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(0, VIO_BLOCK_FLUSH, 0, 0), VIO_BLOCK_IOERR);
    world_pass(120 * MV_S);
    assert_int_equal(world.attaches, 1);
}

static void test_no_bus(void **state)
{
    (void)state;
    world_make();
    world.pci_silent = true;
    world_start();
    expect_said("the cell of the bridge does not answer");
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_IOERR);
}

static void test_disks_that_make_no_sense(void **state)
{
    (void)state;
    world_make();
    world.config.blk_size = 1000;
    world_start();
    expect_said("the size of its blocks makes no sense");
    assert_false(disk.works);
    assert_false(world.live);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_IOERR);
}

/* What the disk answers cannot be: the request fails, and the disk is started again. */
static void nonsense(enum mishap mishap, uint32_t type, const char *text)
{
    world_up();
    world.mishap = mishap;
    assert_int_equal(peer_do(0, type, 0, 512), VIO_BLOCK_IOERR);
    expect_said(text);
    world.mishap = WELL;
    world_pass(MV_S);
    expect_said("the disk works again");
    assert_int_equal(world.detaches, 1);
    assert_int_equal(world.attaches, 2);
    assert_int_equal(serve_counters.restarts, 1);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
    assert_int_equal(peers[0].sessions, 1);
}

static void test_bad_status(void **state)
{
    (void)state;
    nonsense(BAD_STATUS, VIO_BLOCK_OUT, "its answers make no sense");
}

static void test_no_status(void **state)
{
    (void)state;
    nonsense(NO_STATUS, VIO_BLOCK_IN, "its answers make no sense");
}

static void test_short_read(void **state)
{
    (void)state;
    nonsense(SHORT_READ, VIO_BLOCK_IN, "its answers make no sense");
}

static void test_bad_id(void **state)
{
    (void)state;
    nonsense(BAD_ID, VIO_BLOCK_IN, "it breaks the rules of its queue");
}

static void test_bad_length(void **state)
{
    (void)state;
    nonsense(BAD_LENGTH, VIO_BLOCK_IN, "it breaks the rules of its queue");
}

static void test_bad_index(void **state)
{
    (void)state;
    nonsense(BAD_INDEX, VIO_BLOCK_IN, "it breaks the rules of its queue");
}

static void test_it_gives_up(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    a = peer_ask(0, VIO_BLOCK_IN, 0, 512, 1);
    world_settle_without_disk();
    world.needs_reset = true;
    world.isr = VIO_INTERRUPT_CONFIG;
    world_settle_without_disk();
    assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
    expect_said("it asks to be reset");
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
}

static void test_silence(void **state)
{
    struct ask *a, *b;

    (void)state;
    world_up();
    world.mishap = SILENT;
    a = peer_ask(0, VIO_BLOCK_IN, 0, 512, 1);
    b = peer_ask(1, VIO_BLOCK_OUT, 0, 512, 1);
    world_settle();
    world_pass(4 * MV_S);
    assert_false(a->done);
    world_pass(2 * MV_S);
    assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
    assert_true(b->done && *b->status == VIO_BLOCK_IOERR);
    expect_said("it does not answer");
    world.mishap = WELL;
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
    /* Silent again at once: it is left alone for a minute. */
    world.mishap = SILENT;
    a = peer_ask(0, VIO_BLOCK_IN, 0, 512, 1);
    world_settle();
    world_pass(7 * MV_S);
    assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
    world.mishap = WELL;
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_IOERR);
    world_pass(60 * MV_S);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
}

/* What a disk has in its cache may take it long to write. */
static void test_a_long_flush(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    world.mishap = SILENT;
    a = peer_ask(0, VIO_BLOCK_FLUSH, 0, 0, 0);
    world_settle();
    world_pass(20 * MV_S);
    assert_false(a->done);
    world.mishap = WELL;
    world_settle();
    assert_true(a->done && *a->status == VIO_BLOCK_OK);
    world.mishap = SILENT;
    a = peer_ask(0, VIO_BLOCK_FLUSH, 0, 0, 0);
    world_settle();
    world_pass(31 * MV_S);
    assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
}

/* It works on, but one request lies with it. */
static void test_one_is_forgotten(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    world.mishap = SILENT_ONCE;
    a = peer_ask(0, VIO_BLOCK_IN, 0, 512, 1);
    world_settle();
    for (int i = 0; i < 28; i++) {
        assert_int_equal(peer_do(1, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
        world_pass(MV_S);
        assert_false(a->done);
    }
    world_pass(3 * MV_S);
    assert_true(a->done && *a->status == VIO_BLOCK_IOERR);
    assert_int_equal(peer_do(1, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
}

/* It may still write to what it was given: nobody gets that back before it cannot. */
static void test_it_cannot_be_stopped(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    world.mishap = SILENT;
    a = peer_ask(0, VIO_BLOCK_IN, 0, 512, 1);
    world_settle();
    world.reset_fails = world.pci_silent = true;
    world_pass(10 * MV_S);
    assert_false(a->done);
    expect_said("the disk cannot be stopped: 1 requests stay with it\n");
    assert_int_equal(peer_do(1, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_IOERR);
    /* Neither by a new session. */
    vio_link_client_reset(&peers[0].link);
    world_settle();
    assert_int_equal(peers[0].sessions, 1);
    world.pci_silent = false;
    world_pass(2 * MV_S);
    assert_int_equal(peers[0].sessions, 2);
    assert_false(a->done);
    assert_int_equal(*a->status, 0xee);
    world.reset_fails = false;
    world.mishap = WELL;
    world_pass(61 * MV_S);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
}

static void test_a_client_starts_again(void **state)
{
    struct ask *a;

    (void)state;
    world_up();
    for (int i = 0; i < 60; i++)
        a = peer_ask(0, VIO_BLOCK_IN, 0, 4096, 1);
    (void)peer_ask(1, VIO_BLOCK_IN, 0, 512, 1);
    world_settle_without_disk();
    peer_open(0);
    world_settle_without_disk();
    assert_int_equal(peers[0].sessions, 1);        /* the disk has some of the old ones */
    world_settle();
    assert_int_equal(peers[0].sessions, 2);
    assert_int_equal(peers[0].done, 0);
    assert_int_equal(*a->status, 0xee);
    assert_int_equal(peers[1].done, 1);
    assert_int_equal(peer_do(0, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(peer_do(0, VIO_BLOCK_OUT, 3, 512), VIO_BLOCK_OK);
}

/* The cell has been started anew: it finds links in which there is something. */
static void test_the_cell_starts_late(void **state)
{
    (void)state;
    world_make();
    for (uint32_t i = 0; i < CLIENTS; i++) {
        memset(peers[i].segment, 0x41 + (int)i, 0x8000);
        peer_open(i);
    }
    (void)disk_start();
    serve_start();
    (void)serve();
    for (uint32_t i = 0; i < CLIENTS; i++)
        peer_poll(i);
    world_settle();
    for (uint32_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(peers[i].sessions, 1);
        assert_int_equal(peer_do(i, VIO_BLOCK_IN, 0, 512), VIO_BLOCK_OK);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_an_error_of_the_disk), cmocka_unit_test(test_an_error_in_a_piece),
    cmocka_unit_test(test_the_disk_shrinks), cmocka_unit_test(test_no_disk), cmocka_unit_test(test_no_bus),
    cmocka_unit_test(test_disks_that_make_no_sense), cmocka_unit_test(test_bad_status),
    cmocka_unit_test(test_no_status), cmocka_unit_test(test_short_read), cmocka_unit_test(test_bad_id),
    cmocka_unit_test(test_bad_length), cmocka_unit_test(test_bad_index), cmocka_unit_test(test_it_gives_up),
    cmocka_unit_test(test_silence), cmocka_unit_test(test_a_long_flush), cmocka_unit_test(test_one_is_forgotten),
    cmocka_unit_test(test_it_cannot_be_stopped), cmocka_unit_test(test_a_client_starts_again),
    cmocka_unit_test(test_the_cell_starts_late),
};
const struct test_group mishap_group = { "mishaps", tests, sizeof(tests) / sizeof(tests[0]) };
