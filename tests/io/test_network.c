/* SPDX-License-Identifier: BSD-2-Clause */
/* A network interface: frames both ways, a switch that is slow, wrong or gone, and a
 * guest that is. Turns are given only for what has been announced. */
#include "world.h"

#include "network.h"

#define SLOT        2u
#define CAP_GUEST   1u
#define CAP_CLIENT  2u
#define CAP_SERVER  3u
#define LINK_BYTES  0x40000u
#define HEADER      12u
#define RX          VIO_NET_RECEIVE
#define TX          VIO_NET_TRANSMIT

static struct network network;
static struct world_link link_ends;
static struct io_device device;
static struct vio_link_server server;
static struct guest_queue queue[2];
static uint64_t heard;
static uint32_t notified;                  /* bells that the guest has rung */
static bool patient;                       /* where none is wanted, the guest waits */

/* ---- the switch ------------------------------------------------------------------------- */

static void server_open(void)
{
    struct vio_net_config config = { .status = VIO_NET_LINK_UP };

    assert_true(vio_link_server_open(&server, &link_ends.end[1], VIO_ID_NET, 0, &config, sizeof(config)));
}

static void deliver(void)
{
    while (heard != world.raises[CAP_CLIENT]) {
        heard = world.raises[CAP_CLIENT];
        world_turns(&network.slot);
    }
}

static void server_look(void)
{
    if (vio_link_server_poll(&server) == VIO_LINK_NEW)
        assert_true(vio_link_server_accept(&server));
}

/* A frame that the guest has sent, header included; 0: none. */
static uint32_t server_get(uint8_t *frame)
{
    struct vio_part part[4];
    struct vio_chain chain = { .part = part, .part_max = 4 };

    server_look();
    if (vio_device_next(&server.queue[TX], &chain) != VIO_OK) {
        (void)vio_device_listen(&server.queue[TX]);
        if (vio_device_next(&server.queue[TX], &chain) != VIO_OK)
            return 0;
    }
    assert_true(chain.out_bytes <= NETWORK_BUFFER);
    (void)vio_parts_get(part, chain.out_count, 0, frame, chain.out_bytes);
    vio_device_done(&server.queue[TX], chain.head, 0);
    vio_link_server_publish(&server, TX);
    deliver();
    return (uint32_t)chain.out_bytes;
}

/* Send a frame to the guest, header included; false: there is no buffer. */
static bool server_put(const uint8_t *frame, uint32_t bytes, uint32_t said)
{
    struct vio_part part[4];
    struct vio_chain chain = { .part = part, .part_max = 4 };

    server_look();
    if (vio_device_next(&server.queue[RX], &chain) != VIO_OK)
        return false;
    assert_int_equal(chain.in_bytes, NETWORK_BUFFER);
    (void)vio_parts_put(part, chain.in_count, 0, frame, bytes);
    vio_device_done(&server.queue[RX], chain.head, said);
    vio_link_server_publish(&server, RX);
    deliver();
    return true;
}

/* ---- the guest ------------------------------------------------------------------------------ */

#define BUFFER(queue, n) ((queue) * 1048576u + (n) * 2048u)

static bool guest_send(uint32_t n, const uint8_t *frame, uint32_t bytes, uint32_t first)
{
    struct vio_span span[2] = { guest_span(BUFFER(TX, n), first), guest_span(BUFFER(TX, n) + first, bytes - first) };

    memcpy(guest_data(BUFFER(TX, n)), frame, bytes);
    if (vio_driver_add(&queue[TX].q, span, first == bytes ? 1 : 2, 0, (void *)(uintptr_t)n) != VIO_OK)
        return false;
    if (vio_driver_publish(&queue[TX].q)) {
        notified++;
        guest_ring(SLOT, TX);
    } else if (patient) {
        (void)world_later();
    }
    return true;
}

static void guest_offer(uint32_t n, uint32_t bytes)
{
    struct vio_span span = guest_span(BUFFER(RX, n), bytes);

    assert_int_equal(vio_driver_add(&queue[RX].q, &span, 0, 1, (void *)(uintptr_t)n), VIO_OK);
    if (vio_driver_publish(&queue[RX].q))
        guest_ring(SLOT, RX);
}

/* A frame that has come, -1: none. */
static int32_t guest_take(uint32_t which, uint32_t *length)
{
    void *token;
    enum vio_status status = vio_driver_take(&queue[which].q, &token, length);

    assert_int_not_equal(status, VIO_BROKEN);
    return status == VIO_OK ? (int32_t)(uintptr_t)token : -1;
}

static void guest_begin(uint64_t features)
{
    guest_start(SLOT, features, queue, 2, 64, 0);
    world_turns(NULL);
}

/* Header and frame, with a number in it. */
static uint32_t make_frame(uint8_t *frame, uint32_t number)
{
    uint32_t bytes = HEADER + 14 + world_below(1501);

    for (uint32_t i = HEADER; i < bytes; i++)
        frame[i] = (uint8_t)(number * 7 + i * 3);
    memcpy(frame + HEADER, &number, 4);
    memset(frame, 0, HEADER);
    frame[10] = 1;                         /* num_buffers, which is the receiver's business */
    return bytes;
}

static bool same_frame(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
    return memcmp(a + HEADER, b + HEADER, bytes - HEADER) == 0;
}

static int setup(void **state)
{
    (void)state;
    device = (struct io_device){ .kind = IO_NET, .slot = SLOT, .raise_cap = CAP_GUEST, .name = "switch",
                                 .mac = { 2, 0, 0, 1, 2, 3 }, .link = &link_ends.end[0] };
    if (link_ends.end[0].address != 0)
        link_free(&link_ends);
    link_make(&link_ends, LINK_BYTES, CAP_CLIENT, CAP_SERVER);
    world_make(&device, 1, NULL, 0);
    memset(&network, 0, sizeof(network));
    heard = notified = 0;
    patient = true;
    network_start(&network, &device);
    world_turns(&network.slot);
    server_open();
    deliver();
    server_look();
    deliver();
    assert_true(network.up);
    return 0;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(guest_load(SLOT, 8), VIO_ID_NET);
    assert_int_equal(guest_features(SLOT), VIO_F_VERSION_1 | VIO_F_EVENT_IDX | VIO_NET_F_MAC | VIO_NET_F_STATUS);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(slot_read(SLOT, 0x100 + i, 1), device.mac[i]);
    assert_int_equal(slot_read(SLOT, 0x106, 2), VIO_NET_LINK_UP);
}

static void test_sends(void **state)
{
    uint8_t frame[2048], got[2048];

    (void)state;
    guest_begin(guest_features(SLOT));
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t bytes = make_frame(frame, i), length;

        frame[0] = 1;                      /* a header that asks for what is not agreed */
        assert_true(guest_send(i % 32, frame, bytes, i % 2 == 0 ? bytes : world_below(bytes)));
        assert_int_equal(server_get(got), bytes);
        assert_true(same_frame(frame, got, bytes));
        for (uint32_t k = 0; k < HEADER; k++)
            assert_int_equal(got[k], 0);
        assert_int_equal(guest_take(TX, &length), i % 32);
        assert_int_equal(length, 0);
    }
    assert_int_equal(network.sent, 1000);
    assert_int_equal(network.dropped, 0);
}

static void test_receives(void **state)
{
    uint8_t frame[2048];

    (void)state;
    guest_begin(guest_features(SLOT));
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t bytes = make_frame(frame, i), length;

        guest_offer(i % 32, 1530);
        frame[0] = 7;                      /* the switch's header is not the guest's */
        assert_true(server_put(frame, bytes, bytes));
        assert_int_equal(guest_take(RX, &length), i % 32);
        assert_int_equal(length, bytes);
        assert_true(same_frame(guest_data(BUFFER(RX, i % 32)), frame, bytes));
        assert_int_equal(*guest_data(BUFFER(RX, i % 32)), 0);
        assert_int_equal(*guest_data(BUFFER(RX, i % 32) + 10), 1);
    }
}

/* The switch takes nothing: frames wait in the guest, in order, and none is lost. */
static void test_switch_is_slow(void **state)
{
    uint8_t frame[2048], got[2048];
    uint32_t sent = 0, arrived = 0, length;

    (void)state;
    guest_begin(guest_features(SLOT));
    world_seed(7);
    for (uint32_t i = 0; i < 20000; i++) {
        while (sent < arrived + 200 && world_below(4) != 0) {
            uint32_t bytes = HEADER + 60;

            memset(frame, 0, sizeof(frame));
            memcpy(frame + HEADER, &sent, 4);
            if (!guest_send(sent % 128, frame, bytes, bytes))
                break;
            sent++;
        }
        if (world_below(i < 19000 ? 3 : 1) != 0)
            continue;
        if (server_get(got) != 0) {
            assert_int_equal(memcmp(got + HEADER, &arrived, 4), 0);
            arrived++;
        }
        while (guest_take(TX, &length) >= 0)
            continue;
        (void)vio_driver_listen(&queue[TX].q);
    }
    while (server_get(got) != 0) {
        assert_int_equal(memcmp(got + HEADER, &arrived, 4), 0);
        arrived++;
    }
    assert_true(sent > 3000);
    assert_int_equal(arrived, sent);
    assert_int_equal(network.dropped, 0);
}

/* The guest gives no buffers: frames wait in the link, in order. */
static void test_guest_is_slow(void **state)
{
    uint8_t frame[2048];
    uint32_t sent = 0, arrived = 0, offered = 0, length, full = 0;

    (void)state;
    guest_begin(guest_features(SLOT));
    for (uint32_t i = 0; i < 20000; i++) {
        int32_t n;

        memset(frame, 0, sizeof(frame));
        memcpy(frame + HEADER, &sent, 4);
        if (world_below(2) == 0) {
            if (server_put(frame, HEADER + 60, HEADER + 60))
                sent++;
            else
                full++;
        }
        if (world_below(3) == 0 && offered < arrived + 60)
            guest_offer(offered++ % 64, 1530);
        while ((n = guest_take(RX, &length)) >= 0) {
            assert_int_equal(n, arrived % 64);
            assert_int_equal(memcmp(guest_data(BUFFER(RX, (uint32_t)n) + HEADER), &arrived, 4), 0);
            arrived++;
        }
        (void)vio_driver_listen(&queue[RX].q);
    }
    assert_true(arrived > 5000 && full > 100);
    assert_true(sent - arrived <= 64);
    assert_int_equal(network.dropped, 0);
}

/* While there is no switch the carrier is off, and frames are lost. */
static void test_carrier(void **state)
{
    uint8_t frame[2048], got[2048];
    uint32_t bytes, length;

    (void)state;
    guest_begin(guest_features(SLOT));
    bytes = make_frame(frame, 1);
    assert_true(guest_send(0, frame, bytes, bytes));
    assert_int_equal(world.status[SLOT], VIO_INTERRUPT_USED);
    world.status[SLOT] = 0;
    server_open();
    deliver();
    assert_int_equal(slot_read(SLOT, 0x106, 2), 0);
    assert_int_equal(world.status[SLOT], VIO_INTERRUPT_CONFIG);
    for (uint32_t i = 1; i < 100; i++) {
        assert_true(guest_send(i % 32, frame, bytes, bytes));
        while (guest_take(TX, &length) >= 0)
            continue;
    }
    assert_int_equal(network.dropped, 99);
    server_look();
    deliver();
    assert_int_equal(slot_read(SLOT, 0x106, 2), VIO_NET_LINK_UP);
    assert_true(guest_send(0, frame, bytes, bytes));
    assert_int_equal(server_get(got), bytes);
    guest_offer(0, 1530);
    assert_true(server_put(frame, bytes, bytes));
    assert_int_equal(guest_take(RX, &length), 0);
}

/* What is no frame goes nowhere. */
static void test_sizes(void **state)
{
    static const uint32_t bad[] = { HEADER + 13, HEADER + 1519, HEADER, 5, 0, 2048 };
    uint8_t frame[2048] = { 0 }, got[2048];
    uint32_t length;

    (void)state;
    guest_begin(guest_features(SLOT));
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_true(guest_send(0, frame, bad[i], bad[i]));
        assert_int_equal(guest_take(TX, &length), 0);
    }
    assert_int_equal(server_get(got), 0);
    guest_offer(0, 1530);
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(server_put(frame, 100, bad[i]));
    assert_int_equal(guest_take(RX, &length), -1);
    assert_true(server_put(frame, HEADER + 1518, HEADER + 1518));
    assert_int_equal(guest_take(RX, &length), 0);
    assert_int_equal(length, HEADER + 1518);
    /* A buffer that is too small for one is good for another. */
    guest_offer(1, 100);
    assert_true(server_put(frame, 200, 200));
    assert_int_equal(guest_take(RX, &length), -1);
    assert_true(server_put(frame, 100, 100));
    assert_int_equal(guest_take(RX, &length), 1);
    assert_false(is_broken(SLOT));
}

/* A switch that says it has written more than there is loses the session, and the
 * buffers are not given twice. */
static void test_switch_lies(void **state)
{
    uint8_t frame[2048] = { 0 };
    uint32_t length;

    (void)state;
    guest_begin(guest_features(SLOT));
    guest_offer(0, 1530);
    for (uint32_t i = 0; i < 50; i++) {
        assert_true(server_put(frame, 100, NETWORK_BUFFER + 1));
        server_look();
        deliver();
        assert_true(network.up);
    }
    assert_int_equal(guest_take(RX, &length), -1);
    assert_true(server_put(frame, 100, 100));
    assert_int_equal(guest_take(RX, &length), 0);
}

/* Buffers of the wrong kind, and outside of memory. */
static void test_guest_lies(void **state)
{
    struct vio_span good = guest_span(0, 1530);
    struct vio_span outside = { (uintptr_t)world.ram + WORLD_RAM - 100, 1530 };
    uint8_t frame[2048] = { 0 };

    (void)state;
    for (uint32_t how = 0; how < 4; how++) {
        uint32_t q = how % 2;

        setup(NULL);
        guest_begin(guest_features(SLOT));
        if (how == 0)                      /* nothing to write in a buffer to receive */
            assert_int_equal(vio_driver_add(&queue[q].q, &good, 1, 0, NULL), VIO_OK);
        else
            assert_int_equal(vio_driver_add(&queue[q].q, &outside, q == TX, q != TX, NULL), VIO_OK);
        if (vio_driver_publish(&queue[q].q))
            guest_ring(SLOT, q);
        (void)server_put(frame, 100, 100);
        assert_true(is_broken(SLOT));
        guest_begin(guest_features(SLOT));
        guest_offer(0, 1530);
        assert_true(server_put(frame, 100, 100));
    }
}

/* What came before the driver did is not for it. */
static void test_reset(void **state)
{
    uint8_t frame[2048] = { 0 };
    uint32_t length;

    (void)state;
    guest_begin(guest_features(SLOT));
    for (uint32_t i = 0; i < 20; i++)
        assert_true(server_put(frame, 100, 100));
    guest_offer(0, 1530);
    guest_store(SLOT, 0x70, 0);
    for (uint32_t i = 0; i < 20; i++)
        assert_true(server_put(frame, 100, 100));
    guest_begin(guest_features(SLOT));
    guest_offer(0, 1530);
    assert_int_equal(guest_take(RX, &length), -1);
    assert_true(server_put(frame, 101, 101));
    assert_int_equal(guest_take(RX, &length), 0);
    assert_int_equal(length, 101);
    slot_reset_all();
    guest_begin(guest_features(SLOT));
    assert_int_equal(guest_take(RX, &length), -1);
}

/* Interrupts and notifications only where they are wanted. */
static void test_batch(void **state)
{
    uint8_t frame[2048] = { 0 };
    uint64_t before;

    (void)state;
    guest_begin(guest_features(SLOT));
    (void)vio_device_listen(&server.queue[TX]);
    before = world.raises[CAP_SERVER];
    for (uint32_t i = 0; i < 20; i++) {
        struct vio_span span = guest_span(BUFFER(TX, i), 100);

        assert_int_equal(vio_driver_add(&queue[TX].q, &span, 1, 0, NULL), VIO_OK);
    }
    assert_true(vio_driver_publish(&queue[TX].q));
    guest_ring(SLOT, TX);
    assert_int_equal(world.raises[CAP_SERVER], before + 1);
    /* A guest that does not want to hear of sent frames is not told. */
    (void)guest_send(0, frame, 100, 100);
    assert_int_equal(world.raises[CAP_GUEST], 1);
    /* As long as it has not acknowledged one interrupt there is no other. */
    for (uint32_t i = 0; i < 10; i++)
        guest_offer(i, 1530);
    (void)vio_driver_listen(&queue[RX].q);
    for (uint32_t i = 0; i < 10; i++)
        assert_true(server_put(frame, 100, 100));
    assert_int_equal(world.raises[CAP_GUEST], 1);
    assert_int_equal(world.status[SLOT], VIO_INTERRUPT_USED);
}

/* A guest in a rush is not asked to notify, and what it sends is collected; when it
 * has calmed down it is asked again. */
static void test_rush(void **state)
{
    uint8_t frame[2048] = { 0 }, got[2048];
    uint32_t length;

    (void)state;
    guest_begin(guest_features(SLOT));
    patient = false;
    (void)vio_device_listen(&server.queue[TX]);
    /* Of the first one it hears. */
    assert_true(guest_send(31, frame, 100, 100));
    notified = 0;
    for (uint32_t i = 0; i < NETWORK_RUSH; i++)
        assert_true(guest_send(i, frame, 100, 100));
    assert_int_equal(notified, NETWORK_RUSH);
    assert_true(network.collecting);
    for (uint32_t n = 0; n < 5; n++) {
        for (uint32_t i = 0; i < 10; i++) {
            assert_true(guest_send(i, frame, 100, 100));
            /* Frames for the guest are not held up by that. */
            guest_offer(i, 1530);
            assert_true(server_put(frame, 100, 100));
            assert_int_equal(guest_take(RX, &length), (int32_t)i);
        }
        assert_int_equal(notified, NETWORK_RUSH);
        assert_true(world_later());
        while (guest_take(TX, &length) >= 0)
            continue;
        while (server_get(got) != 0)
            continue;
    }
    assert_int_equal(network.sent, 50 + NETWORK_RUSH + 1);
    /* One frame is no rush. */
    assert_true(guest_send(0, frame, 100, 100));
    assert_true(world_later());
    assert_false(world_later());
    assert_false(network.collecting);
    assert_true(guest_send(1, frame, 100, 100));
    assert_int_equal(notified, NETWORK_RUSH + 1);
    /* Nor is one who hears of each of its frames. */
    guest_begin(guest_features(SLOT));
    for (uint32_t i = 0; i < 10; i++) {
        while (guest_take(TX, &length) >= 0)
            continue;
        (void)vio_driver_listen(&queue[TX].q);
        world.status[SLOT] = 0;
        assert_true(guest_send(i, frame, 100, 100));
        assert_false(network.collecting);
    }
}

int test_network(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_sends, setup),
        cmocka_unit_test_setup(test_receives, setup),
        cmocka_unit_test_setup(test_switch_is_slow, setup),
        cmocka_unit_test_setup(test_guest_is_slow, setup),
        cmocka_unit_test_setup(test_carrier, setup),
        cmocka_unit_test_setup(test_sizes, setup),
        cmocka_unit_test_setup(test_switch_lies, setup),
        cmocka_unit_test_setup(test_guest_lies, setup),
        cmocka_unit_test_setup(test_reset, setup),
        cmocka_unit_test_setup(test_batch, setup),
        cmocka_unit_test_setup(test_rush, setup),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
