/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include <libmv/calls.h>
#include <libmv/time.h>

#include "groups.h"
#include "world.h"

static void world_up(void)
{
    world_make();
    world_start(true);
    assert_int_equal(world.sessions, 1);
    assert_int_equal(relay_counters.sessions, 1);
}

/* Whatever has happened: every buffer is where it belongs. */
static void all_is_well(void)
{
    world_settle();
    world_pass(2 * MV_S);
    assert_int_equal(card_buffers(), BUFFERS);
    assert_int_equal(switch_buffers(), BUFFERS);
    world.inside.count = world.outside.count = 0;
    for (uint32_t i = 0; i < 3 * BUFFERS; i++) {
        assert_true(card_receives(i, 100));
        assert_true(switch_gives(i, 200));
        world_settle();
        assert_int_equal(switch_takes(9), 1);
        assert_int_equal(card_sends(9), 1);
        world_settle();
    }
    assert_int_equal(world.inside.count, 3 * BUFFERS);
    assert_int_equal(world.outside.count, 3 * BUFFERS);
}

static void expect_said(const char *text)
{
    if (strstr(world.said, text) == NULL)
        fail_msg("\"%s\" is not in: %s", text, world.said);
}

static void test_all_sizes(void **state)
{
    uint32_t number = 0;

    (void)state;
    world_up();
    for (uint32_t bytes = 14; bytes <= 1518; bytes++, number++) {
        assert_true(card_receives(number, bytes) && switch_gives(number, bytes));
        world_settle();
        assert_int_equal(switch_takes(9), 1);
        assert_int_equal(card_sends(9), 1);
        world_settle();
        assert_int_equal(world.inside.frame[number].bytes, bytes);
        assert_int_equal(world.outside.frame[number].bytes, bytes);
        assert_int_equal(world.outside.frame[number].number, number);
    }
    all_is_well();
}

static void test_wrong_sizes(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 13, 1519, 2036 };

    (void)state;
    world_up();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_true(card_receives(1, sizes[i]) && switch_gives(1, sizes[i]));
        world_settle();
        assert_int_equal(switch_takes(9), 0);
        assert_int_equal(card_sends(9), 0);
    }
    assert_int_equal(relay_counters.bad, 10);
    all_is_well();
    world_pass(11 * MV_S);
    expect_said("lost: 0 received without a switch, 0 sent without a card, 10 of a wrong length\n");
}

/* A switch that takes nothing: the card runs out of buffers, the other direction does not. */
static void test_a_slow_switch(void **state)
{
    (void)state;
    world_up();
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(card_receives(i, 64), i < BUFFERS);
        world_settle();
        assert_true(switch_gives(i, 64));
        world_settle();
        assert_int_equal(card_sends(9), 1);
        world_settle();
    }
    assert_int_equal(switch_takes(100), BUFFERS);
    world_settle();
    assert_int_equal(relay_counters.lost_in, 0);
    all_is_well();
}

static void test_a_slow_card(void **state)
{
    (void)state;
    world_make();
    world.num_max = 32;            /* two for each frame */
    world_start(true);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(switch_gives(i, 64), i < BUFFERS);
        world_settle();
    }
    while (card_sends(3) > 0)
        world_settle();
    assert_int_equal(world.outside.count, BUFFERS);
    for (uint32_t i = 0; i < BUFFERS; i++)
        assert_int_equal(world.outside.frame[i].number, i);
    assert_int_equal(relay_counters.lost_out, 0);
    world_pass(2 * MV_S);
    assert_int_equal(switch_buffers(), BUFFERS);
}

static void test_no_switch(void **state)
{
    (void)state;
    world_make();
    world_start(false);
    for (uint32_t i = 0; i < 200; i++) {
        assert_true(card_receives(i, 64));
        world_settle();
    }
    assert_int_equal(relay_counters.lost_in, 200);
    world_pass(11 * MV_S);
    expect_said("lost: 200 received without a switch, 0 sent");
    switch_open();
    all_is_well();
}

static void test_the_switch_starts_again(void **state)
{
    (void)state;
    world_up();
    for (int n = 0; n < 10; n++) {
        for (uint32_t i = 0; i < 30; i++) {
            (void)card_receives(i, 64);
            (void)switch_gives(i, 64);
            if (i == 20)
                world_settle();
        }
        world.there = true;
        switch_open();
        world_settle();
        (void)card_sends(100);
        world_settle();
        assert_int_equal(world.sessions, 2 + n);
        (void)switch_takes(1000);
    }
    all_is_well();
}

static void nonsense(enum mishap mishap, bool out)
{
    world_up();
    world.mishap = mishap;
    if (out) {
        assert_true(switch_gives(1, 64));
        world_settle();
        assert_int_equal(card_sends(1), 1);
    } else {
        assert_true(card_receives(1, 64));
    }
    world.isr |= VIO_INTERRUPT_USED;
    world.mishap = WELL;
    world_settle();
    world_pass(MV_S);
    expect_said("the network card has failed: it breaks the rules of its queues");
    expect_said("the network card works again");
    assert_int_equal(world.detaches, 1);
    assert_int_equal(relay_counters.restarts, 1);
    all_is_well();
}

static void test_bad_id(void **state)
{
    (void)state;
    nonsense(BAD_ID, false);
}

static void test_bad_id_of_what_is_sent(void **state)
{
    (void)state;
    nonsense(BAD_ID, true);
}

static void test_bad_length(void **state)
{
    (void)state;
    nonsense(BAD_LENGTH, false);
}

static void test_bad_length_of_what_is_sent(void **state)
{
    (void)state;
    nonsense(BAD_LENGTH, true);
}

static void test_bad_index(void **state)
{
    (void)state;
    nonsense(BAD_INDEX, false);
}

static void test_it_gives_up(void **state)
{
    (void)state;
    world_up();
    world.needs_reset = true;
    world.isr = VIO_INTERRUPT_CONFIG;
    world_settle();
    expect_said("it asks to be reset");
    all_is_well();
}

static void test_it_does_not_send(void **state)
{
    (void)state;
    world_up();
    world.mishap = SILENT;
    assert_true(switch_gives(1, 64));
    world_settle();
    world_pass(4 * MV_S);
    assert_string_equal(world.said, "");
    world_pass(2 * MV_S);
    expect_said("the network card has failed: it does not send");
    world.mishap = WELL;
    all_is_well();
}

static void test_it_cannot_be_stopped(void **state)
{
    (void)state;
    world_up();
    world.mishap = SILENT;
    assert_true(switch_gives(1, 64));
    world_settle();
    world.reset_fails = world.pci_silent = true;
    world_pass(10 * MV_S);
    expect_said("the network card cannot be stopped: its buffers stay with it");
    assert_int_equal(switch_buffers(), BUFFERS - 1);
    assert_true(switch_gives(2, 64));      /* lost, for there is no card */
    world_settle();
    assert_int_equal(relay_counters.lost_out, 1);
    world.mishap = WELL;
    world.reset_fails = world.pci_silent = false;
    world_pass(2 * MV_S);
    all_is_well();
}

static void test_no_card(void **state)
{
    (void)state;
    world_make();
    world.absent = true;
    world_start(true);
    expect_said("nic0 does not work: nothing is there");
    for (uint32_t i = 0; i < 200; i++) {
        assert_true(switch_gives(i, 64));
        world_settle();
    }
    assert_int_equal(relay_counters.lost_out, 200);
    world_pass(100 * MV_S);
    assert_int_equal(world.attaches, 1);
}

static void test_the_cable(void **state)
{
    (void)state;
    world_up();
    assert_true(nic.cable);
    assert_int_equal(nic.mac[5], 1);
    world.config.status = 0;
    world.isr = VIO_INTERRUPT_CONFIG;
    world_settle();
    assert_false(nic.cable);
}

/* Many frames, few notifications: in each direction. */
static void test_batches(void **state)
{
    uint64_t events;
    uint32_t kicks;

    (void)state;
    world_up();
    events = relay_counters.events;
    for (uint32_t i = 0; i < 20; i++)
        assert_true(card_receives(i, 64));
    world_settle();
    assert_int_equal(relay_counters.events - events, 1);
    assert_int_equal(switch_takes(100), 20);
    kicks = world.kicks;
    for (uint32_t i = 0; i < 20; i++)
        assert_true(switch_gives(i, 64));
    world_settle();
    assert_int_equal(world.kicks - kicks, 1);
    assert_int_equal(card_sends(100), 20);
    all_is_well();
}

/* Everything at random; what arrives is checked by the world, and nothing is lost
 * that was accepted. */
static void test_at_random(void **state)
{
    uint32_t in = 0, out = 0, number = 0, taken = 0, sent = 0;

    (void)state;
    world_up();
    srand(4);
    for (int n = 0; n < 100000; n++) {
        uint32_t bytes = 14 + (uint32_t)rand() % 1505;

        world.inside.count = world.outside.count = 0;
        switch (rand() % 5) {
        case 0: in += card_receives(number++, bytes); break;
        case 1: out += switch_gives(number++, bytes); break;
        case 2: taken += switch_takes((uint32_t)rand() % 8); break;
        case 3: sent += card_sends((uint32_t)rand() % 8); break;
        default: world_settle(); break;
        }
    }
    for (int n = 0; n < 100; n++) {
        world_settle();
        world.inside.count = world.outside.count = 0;
        taken += switch_takes(1000);
        sent += card_sends(1000);
    }
    assert_int_equal(taken, in);
    assert_int_equal(sent, out);
    assert_true(in > 10000 && out > 10000);
    all_is_well();
}

/* A switch that writes anything into the link. */
static void test_a_hostile_switch(void **state)
{
    uint8_t *segment;

    (void)state;
    world_up();
    segment = (uint8_t *)world.link_config.address;
    srand(5);
    for (int n = 0; n < 30000; n++) {
        uint32_t at = (uint32_t)rand() % 0x2000;

        switch (rand() % 4) {
        case 0:
            for (int i = rand() % 16; i >= 0; i--)
                segment[(at + (uint32_t)i) % LINK_BYTES] = (uint8_t)rand();
            break;
        case 1:
            (void)card_receives((uint32_t)n, 14 + (uint32_t)rand() % 1505);
            break;
        case 2:
            (void)mv_virq_raise(1, 0);
            break;
        default:
            if (rand() % 8 == 0) {
                memset(segment, 0, 0x2000);
                switch_open();
            }
            break;
        }
        /* Frames may hold anything now; only that they are sent is asked. */
        if (rand() % 8 == 0 && nic.works) {
            struct vio_part part[4];
            struct vio_chain c = { .part = part, .part_max = 4 };

            while (vio_device_next(&world.queue[VIO_NET_TRANSMIT], &c) == VIO_OK) {
                assert_true(c.out_count == 2 && c.part[0].length == HEADER && c.part[1].length <= 1518);
                vio_device_done(&world.queue[VIO_NET_TRANSMIT], c.head, 0);
            }
            (void)vio_device_publish(&world.queue[VIO_NET_TRANSMIT]);
        }
        world_settle();
    }
    assert_true(nic.works && relay_counters.restarts == 0);
    memset(segment, 0, 0x2000);
    switch_open();
    (void)mv_virq_raise(1, 0);
    world_settle();
    all_is_well();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_all_sizes), cmocka_unit_test(test_wrong_sizes), cmocka_unit_test(test_a_slow_switch),
    cmocka_unit_test(test_a_slow_card), cmocka_unit_test(test_no_switch),
    cmocka_unit_test(test_the_switch_starts_again), cmocka_unit_test(test_bad_id),
    cmocka_unit_test(test_bad_id_of_what_is_sent), cmocka_unit_test(test_bad_length),
    cmocka_unit_test(test_bad_length_of_what_is_sent), cmocka_unit_test(test_bad_index),
    cmocka_unit_test(test_it_gives_up), cmocka_unit_test(test_it_does_not_send),
    cmocka_unit_test(test_it_cannot_be_stopped), cmocka_unit_test(test_no_card), cmocka_unit_test(test_the_cable),
    cmocka_unit_test(test_batches), cmocka_unit_test(test_at_random), cmocka_unit_test(test_a_hostile_switch),
};
static const struct test_group relay_group = { "relay", tests, sizeof(tests) / sizeof(tests[0]) };
const struct test_group *const groups[] = { &relay_group };
const size_t group_count = 1;
