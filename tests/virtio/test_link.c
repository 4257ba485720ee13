/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: sessions begin whoever comes first, end when a side goes, and begin
 * again; nothing of one reaches the next; a peer that writes anything into the
 * segment gets no further than that.
 */
#include "world.h"

#define BYTES        0x8000u
#define CLIENT_RAISE 1u                    /* capability of the client: raises the server */
#define SERVER_RAISE 2u
#define WANTED       (VIO_NET_F_MAC | VIO_NET_F_MTU | VIO_NET_F_CSUM)
#define OFFERED      (VIO_NET_F_MAC | VIO_NET_F_MTU | VIO_NET_F_STATUS)

static struct mv_channel_config at_client, at_server;
static struct vio_link_client client;
static struct vio_link_server server;
static struct vio_driver_slot slots[VIO_LINK_SLOTS];
static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 };

static struct vio_link_header *header(void)
{
    return (struct vio_link_header *)at_client.address;
}

static int make(void **state)
{
    void *segment = aligned_alloc(4096, BYTES);

    (void)state;
    memset(segment, 0, BYTES);
    memset(&world, 0, sizeof(world));
    at_client = (struct mv_channel_config){ .name = "link", .address = (uintptr_t)segment, .size = BYTES,
                                            .kind = MV_CHANNEL_LINK, .end = 0, .raise_cap = CLIENT_RAISE };
    at_server = at_client;
    at_server.end = 1;
    at_server.raise_cap = SERVER_RAISE;
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    free(header());
    return 0;
}

static void client_opens(void)
{
    assert_true(vio_link_client_open(&client, &at_client, VIO_ID_NET, WANTED, slots));
}

static void server_opens(void)
{
    assert_true(vio_link_server_open(&server, &at_server, VIO_ID_NET, OFFERED, mac, sizeof(mac)));
}

static void expect(enum vio_link_state of_client, enum vio_link_state of_server)
{
    assert_int_equal(vio_link_client_poll(&client), of_client);
    assert_int_equal(vio_link_server_poll(&server), of_server);
}

/* From wherever both are until there is a session. */
static void settle(void)
{
    for (int i = 0; i < 6; i++) {
        (void)vio_link_client_poll(&client);
        if (vio_link_server_poll(&server) == VIO_LINK_NEW)
            assert_true(vio_link_server_accept(&server));
    }
    expect(VIO_LINK_UP, VIO_LINK_UP);
}

static void bring_up(void)
{
    client_opens();
    server_opens();
    settle();
}

static void send(uint8_t what, void *token)
{
    uint8_t *at = client.link.memory.at + 64;
    struct vio_span span = { vio_address(&client.link.memory, at), 1 };

    *at = what;
    assert_int_equal(vio_driver_add(&client.queue[VIO_NET_TRANSMIT], &span, 1, 0, token), VIO_OK);
    vio_link_client_publish(&client, VIO_NET_TRANSMIT);
}

static enum vio_status receive(struct vio_chain *chain)
{
    static struct vio_part part[8];

    chain->part = part;
    chain->part_max = 8;
    return vio_device_next(&server.queue[VIO_NET_TRANSMIT], chain);
}

/* One frame goes, and its buffer comes back. */
static void exchange(uint8_t what)
{
    struct vio_chain chain;
    uint32_t length;
    void *token;

    send(what, &client);
    assert_int_equal(receive(&chain), VIO_OK);
    assert_int_equal(chain.out_bytes, 1);
    assert_int_equal(*chain.part[0].at, what);
    vio_device_done(&server.queue[VIO_NET_TRANSMIT], chain.head, 0);
    vio_link_server_publish(&server, VIO_NET_TRANSMIT);
    assert_int_equal(vio_driver_take(&client.queue[VIO_NET_TRANSMIT], &token, &length), VIO_OK);
    assert_ptr_equal(token, &client);
}

static void test_layouts(void **state)
{
    static const struct { uint32_t type, size, count, num; } row[] = {
        { VIO_ID_BLOCK, 0x80000, 1, 256 }, { VIO_ID_NET, 0x40000, 2, 64 }, { VIO_ID_BLOCK, 0x4000, 1, 8 },
        { VIO_ID_NET, 0x4000, 2, 8 }, { VIO_ID_NET, 0x8000, 2, 8 }, { VIO_ID_BLOCK, 0x10000, 1, 32 },
        { VIO_ID_BLOCK, 0x11000, 1, 32 }, { VIO_ID_NET, 0xffffffff, 2, 256 },
        { VIO_ID_BLOCK, 0x3fff, 0, 0 }, { VIO_ID_BLOCK, 0, 0, 0 }, { VIO_ID_CONSOLE, 0x80000, 0, 0 }, { 0, 0x80000, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct vio_link_layout l;
        uint32_t at = VIO_LINK_HEADER_BYTES;

        assert_int_equal(vio_link_layout_of(&l, row[i].type, row[i].size), row[i].count != 0);
        if (row[i].count == 0)
            continue;
        assert_int_equal(l.queue_count, row[i].count);
        assert_int_equal(l.num, row[i].num);
        for (uint32_t q = 0; q < l.queue_count; q++) {
            assert_int_equal(l.queue[q] % VIO_RING_LINE, 0);
            assert_true(l.queue[q] >= at);
            at = l.queue[q] + vio_ring_layout_of(l.num).bytes;
        }
        assert_true(l.buffers >= at && l.buffers % 4096 == 0);
        assert_int_equal((uint64_t)l.buffers + l.buffer_bytes, row[i].size);
    }
}

static void test_refused(void **state)
{
    struct mv_channel_config c;

    (void)state;
    assert_false(vio_link_client_open(&client, &at_server, VIO_ID_NET, 0, slots));
    assert_false(vio_link_server_open(&server, &at_client, VIO_ID_NET, 0, mac, 6));
    assert_false(vio_link_server_open(&server, &at_server, VIO_ID_NET, 0, mac, VIO_LINK_CONFIG_BYTES + 1));
    assert_false(vio_link_client_open(&client, &at_client, VIO_ID_RNG, 0, slots));
    c = at_client;
    c.kind = MV_CHANNEL_BYTES;
    assert_false(vio_link_client_open(&client, &c, VIO_ID_NET, 0, slots));
    c = at_client;
    c.size = VIO_LINK_BYTES_MIN - 1;
    assert_false(vio_link_client_open(&client, &c, VIO_ID_NET, 0, slots));
    assert_int_equal(world.raises[CLIENT_RAISE] + world.raises[SERVER_RAISE], 0);
}

static void test_client_first(void **state)
{
    (void)state;
    client_opens();
    assert_int_equal(world.raises[CLIENT_RAISE], 1);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(vio_driver_add(&client.queue[0], NULL, 1, 0, NULL), VIO_FULL);
    server_opens();
    assert_int_equal(world.raises[SERVER_RAISE], 1);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(world.raises[CLIENT_RAISE], 2);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(vio_driver_add(&client.queue[0], NULL, 1, 0, NULL), VIO_FULL);
    assert_int_equal(vio_driver_free(&client.queue[1]), 0);
    assert_true(vio_link_server_accept(&server));
    assert_false(vio_link_server_accept(&server));
    assert_int_equal(world.raises[SERVER_RAISE], 2);
    expect(VIO_LINK_NEW, VIO_LINK_UP);
    expect(VIO_LINK_UP, VIO_LINK_UP);
    assert_true(client.link.features == (WANTED & OFFERED) && server.link.features == (WANTED & OFFERED));
    exchange('a');
}

static void test_server_first(void **state)
{
    (void)state;
    server_opens();
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    client_opens();
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    assert_true(vio_link_server_accept(&server));
    expect(VIO_LINK_NEW, VIO_LINK_UP);
    exchange('b');
    /* What is published wakes once, until the other listens again. */
    world.raises[CLIENT_RAISE] = 0;
    send('c', NULL);
    send('d', NULL);
    assert_int_equal(world.raises[CLIENT_RAISE], 0);
    assert_true(vio_device_listen(&server.queue[VIO_NET_TRANSMIT]));
    send('e', NULL);
    assert_int_equal(world.raises[CLIENT_RAISE], 0);
}

/* A client that starts again: with the segment as it was, or cleared. */
static void client_again(bool cleared)
{
    struct vio_chain chain;

    bring_up();
    send('x', NULL);
    assert_int_equal(receive(&chain), VIO_OK);
    send('y', NULL);
    if (cleared)
        memset(header(), 0, BYTES);
    client_opens();
    (void)vio_link_client_poll(&client);
    while (vio_link_server_poll(&server) != VIO_LINK_NEW)
        (void)vio_link_client_poll(&client);
    /* The old frame is not given back into the new session, nor is the other taken. */
    vio_device_done(&server.queue[VIO_NET_TRANSMIT], chain.head, 0);
    vio_link_server_publish(&server, VIO_NET_TRANSMIT);
    assert_int_equal(receive(&chain), VIO_EMPTY);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_true(vio_link_server_accept(&server));
    assert_int_equal(receive(&chain), VIO_EMPTY);
    expect(VIO_LINK_NEW, VIO_LINK_UP);
    assert_true(vio_driver_is_idle(&client.queue[VIO_NET_TRANSMIT]));
    exchange('z');
}

static void test_client_again(void **state)
{
    (void)state;
    client_again(false);
}

static void test_client_again_cleared(void **state)
{
    (void)state;
    client_again(true);
}

static void server_again(bool cleared)
{
    struct vio_chain chain;

    bring_up();
    send('x', NULL);
    if (cleared)
        memset(header(), 0, BYTES);
    server_opens();
    assert_int_equal(receive(&chain), VIO_EMPTY);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    assert_true(vio_link_server_accept(&server));
    expect(VIO_LINK_NEW, VIO_LINK_UP);
    assert_int_equal(vio_driver_free(&client.queue[VIO_NET_TRANSMIT]), client.link.layout.num);
    assert_int_equal(receive(&chain), VIO_EMPTY);
    exchange('z');
}

static void test_server_again(void **state)
{
    (void)state;
    server_again(false);
}

static void test_server_again_cleared(void **state)
{
    (void)state;
    server_again(true);
}

/* Between proposal and acceptance a side goes and comes back. */
static void test_again_meanwhile(void **state)
{
    (void)state;
    server_opens();
    client_opens();
    (void)vio_link_client_poll(&client);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    client_opens();
    assert_false(vio_link_server_accept(&server));
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    (void)vio_link_client_poll(&client);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    server_opens();
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    assert_false(vio_link_server_accept(&server));
    settle();
    exchange('m');
    /* Cleared just before acceptance. */
    client_opens();
    (void)vio_link_client_poll(&client);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    memset(header(), 0, BYTES);
    assert_false(vio_link_server_accept(&server));
    settle();
    exchange('n');
}

/* The client's patience ends. */
static void test_reset(void **state)
{
    struct vio_chain chain;
    uint32_t epoch;

    (void)state;
    bring_up();
    send('x', NULL);
    assert_int_equal(receive(&chain), VIO_OK);
    epoch = client.link.epoch;
    vio_link_client_reset(&client);
    assert_int_not_equal(client.link.epoch, epoch);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    /* As long as the server has not let go, there is nothing. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_true(vio_link_server_accept(&server));
    expect(VIO_LINK_NEW, VIO_LINK_UP);
    exchange('r');
    /* Without a server nothing comes of it. */
    header()->server.epoch = 0;
    vio_link_client_reset(&client);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    settle();
    assert_int_equal(client.link.broken, 1);
}

/* The server writes for the old session after the client has made its queues anew. */
static void test_late(void **state)
{
    struct vio_chain chain;
    uint32_t length;
    void *token;

    (void)state;
    bring_up();
    send('x', NULL);
    assert_int_equal(receive(&chain), VIO_OK);
    vio_link_client_reset(&client);
    vio_device_done(&server.queue[VIO_NET_TRANSMIT], chain.head, 0);
    vio_link_server_publish(&server, VIO_NET_TRANSMIT);
    (void)vio_device_listen(&server.queue[VIO_NET_RECEIVE]);
    vio_device_quiet(&server.queue[VIO_NET_RECEIVE]);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    assert_true(vio_link_server_accept(&server));
    expect(VIO_LINK_NEW, VIO_LINK_UP);
    assert_int_equal(vio_driver_take(&client.queue[VIO_NET_TRANSMIT], &token, &length), VIO_EMPTY);
    exchange('l');
}

/* A client that breaks rules loses its session, and may begin another. */
static void test_client_breaks(void **state)
{
    struct vio_chain chain;

    (void)state;
    bring_up();
    client.queue[VIO_NET_TRANSMIT].avail->index = 100;
    assert_int_equal(receive(&chain), VIO_BROKEN);
    vio_link_server_fail(&server);
    vio_link_server_fail(&server);
    assert_int_equal(server.link.broken, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    assert_int_equal(receive(&chain), VIO_EMPTY);
    assert_int_equal(vio_link_client_poll(&client), VIO_LINK_DOWN);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    settle();
    exchange('k');
    /* One that is just making its queues anew has not broken any. */
    memset(header()->config + VIO_LINK_CONFIG_BYTES, 0xff, 4096);
    header()->client.epoch = 0;
    vio_link_server_fail(&server);
    assert_int_equal(server.link.broken, 1);
    settle();
}

static void test_addresses(void **state)
{
    static const struct { uint32_t offset, length; bool good; } row[] = {
        { 0, 1, false }, { 4095, 1, false }, { 4096, 64, false }, { BYTES - 1, 1, true }, { BYTES - 1, 2, false },
        { BYTES, 1, false }, { UINT32_MAX, 2, false },
    };
    struct vio_chain chain;

    (void)state;
    bring_up();
    assert_int_equal(client.link.memory.base, 8192);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct vio_span span = { row[i].offset, row[i].length };

        settle();
        assert_int_equal(vio_driver_add(&client.queue[VIO_NET_TRANSMIT], &span, 1, 0, NULL), VIO_OK);
        vio_link_client_publish(&client, VIO_NET_TRANSMIT);
        assert_int_equal(receive(&chain), row[i].good ? VIO_OK : VIO_BROKEN);
        vio_link_server_fail(&server);
    }
}

static void test_features(void **state)
{
    (void)state;
    bring_up();
    /* A client that accepts what is not offered. */
    vio_link_client_reset(&client);
    header()->client.features |= VIO_NET_F_CSUM;
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    assert_false(vio_link_server_accept(&server));
    vio_link_client_reset(&client);
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_NEW);
    /* It changes its mind after the check: what was checked counts. */
    header()->client.features = ~UINT64_C(0);
    assert_true(vio_link_server_accept(&server));
    assert_true(server.link.features == (WANTED & OFFERED));
    /* A server that offers everything. */
    header()->server.features = ~UINT64_C(0);
    vio_link_client_reset(&client);
    assert_true(client.link.features == WANTED);
}

static void test_other_kinds(void **state)
{
    (void)state;
    bring_up();
    header()->server.magic++;
    vio_link_client_reset(&client);
    assert_int_equal(client.link.peer, 0);
    header()->server.magic--;
    header()->server.version++;
    vio_link_client_reset(&client);
    assert_int_equal(client.link.peer, 0);
    header()->server.version--;
    header()->server.type = VIO_ID_BLOCK;
    vio_link_client_reset(&client);
    assert_int_equal(client.link.peer, 0);
    header()->server.type = VIO_ID_NET;
    vio_link_client_reset(&client);
    assert_int_equal(client.link.peer, server.link.epoch);
    header()->client.type = VIO_ID_BLOCK;
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    header()->client.type = VIO_ID_NET;
    header()->client.answers++;
    assert_int_equal(vio_link_server_poll(&server), VIO_LINK_DOWN);
    vio_link_client_reset(&client);
    settle();
}

static void test_config(void **state)
{
    uint8_t bytes[VIO_LINK_CONFIG_BYTES];
    uint32_t generation;

    (void)state;
    client_opens();
    assert_false(vio_link_client_config(&client, 0, bytes, 6));
    server_opens();
    settle();
    assert_true(vio_link_client_config(&client, 0, bytes, 6));
    assert_memory_equal(bytes, mac, 6);
    assert_true(vio_link_client_config(&client, VIO_LINK_CONFIG_BYTES, bytes, 0));
    assert_true(vio_link_client_config(&client, 0, bytes, VIO_LINK_CONFIG_BYTES));
    assert_false(vio_link_client_config(&client, 1, bytes, VIO_LINK_CONFIG_BYTES));
    assert_false(vio_link_client_config(&client, UINT32_MAX, bytes, 2));
    generation = vio_link_client_generation(&client);
    world.raises[SERVER_RAISE] = 0;
    assert_true(vio_link_server_config(&server, 6, "\1\0", 2));
    assert_int_equal(world.raises[SERVER_RAISE], 1);
    assert_int_not_equal(vio_link_client_generation(&client), generation);
    assert_true(vio_link_client_config(&client, 6, bytes, 2));
    assert_int_equal(bytes[0], 1);
    assert_false(vio_link_server_config(&server, VIO_LINK_CONFIG_BYTES, "x", 1));
    assert_false(vio_link_server_config(&server, 8, bytes, VIO_LINK_CONFIG_BYTES - 7));
    assert_false(vio_link_server_config(&server, UINT32_MAX, bytes, 2));
    /* A server that never ends changing it. */
    header()->server.generation |= 1;
    assert_false(vio_link_client_config(&client, 0, bytes, 6));
    /* One that has started again has it where it was. */
    server_opens();
    settle();
    assert_true(vio_link_client_config(&client, 0, bytes, 8));
    assert_int_equal(bytes[6], 0);
}

static void test_epochs_differ(void **state)
{
    uint32_t last = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        world.now_ns = (uint64_t)UINT32_MAX - 2;       /* the clock does not help */
        server_opens();
        assert_int_not_equal(server.link.epoch, 0);
        assert_int_not_equal(server.link.epoch, last);
        last = server.link.epoch;
    }
    for (int i = 0; i < 100; i++) {
        world.now_ns = (uint64_t)UINT32_MAX - 2;
        client_opens();
        (void)vio_link_client_poll(&client);
        assert_int_not_equal(client.link.epoch, 0);
        assert_int_not_equal(client.link.epoch, last);
        last = client.link.epoch;
    }
}

/* Anything happens in any order; in the end all is well. */
static void test_random(void **state)
{
    uint64_t seed = 7;

    (void)state;
    client_opens();
    server_opens();
    for (uint32_t round = 0; round < 20000; round++) {
        struct vio_chain chain;
        uint32_t length;
        void *token;

        switch (world_random(&seed) % 16) {
        case 0: client_opens(); break;
        case 1: server_opens(); break;
        case 2: memset(header(), 0, BYTES); break;
        case 3: vio_link_client_reset(&client); break;
        case 4: vio_link_server_fail(&server); break;
        case 5: case 6: (void)vio_link_client_poll(&client); break;
        case 7: case 8: (void)vio_link_server_poll(&server); break;
        case 9: (void)vio_link_server_accept(&server); break;
        case 10: (void)vio_link_server_config(&server, 0, mac, 6); break;
        case 11:
            if (client.queue[1].ready && vio_driver_free(&client.queue[1]) != 0)
                send('?', NULL);
            break;
        case 12: (void)receive(&chain); break;
        case 13: (void)vio_driver_take(&client.queue[1], &token, &length); break;
        case 14:
            for (int n = 0; n < 8; n++) {
                uint64_t word = world_random(&seed);

                memcpy((uint8_t *)header() + world_random(&seed) % 16 * 8 + n % 2 * 4096, &word, sizeof(word));
            }
            break;
        default:
            /* As after a crash: both begin anew. */
            vio_link_client_reset(&client);
            server_opens();
            settle();
            exchange((uint8_t)round);
            break;
        }
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int test_link(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts), WITH(test_refused), WITH(test_client_first), WITH(test_server_first),
        WITH(test_client_again), WITH(test_client_again_cleared), WITH(test_server_again),
        WITH(test_server_again_cleared), WITH(test_again_meanwhile), WITH(test_reset), WITH(test_late), WITH(test_client_breaks),
        WITH(test_addresses), WITH(test_features), WITH(test_other_kinds), WITH(test_config),
        WITH(test_epochs_differ), WITH(test_random),
    };

    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
