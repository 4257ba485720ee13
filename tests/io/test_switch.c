/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch between clients that are right, greedy, silent, hostile, or start again. */
#include "world.h"

#include "switch.h"

#define PORTS       4u
#define CARD        3u                     /* the port that may have any address */
#define LINK_BYTES  0x20000u
#define BUFFER      2048u
#define HEADER      12u
#define CAP(port)   (10u + (port))         /* the client's line */
#define CAP_SWITCH  40u
#define RX          VIO_NET_RECEIVE
#define TX          VIO_NET_TRANSMIT

struct client {
    struct world_link ends;
    struct vio_link_client link;
    struct vio_driver_slot slots[VIO_LINK_SLOTS];
    struct vio_buffers buffers;
    uint16_t free[VIO_LINK_SLOTS];
    uint32_t got;                          /* frames received */
};

static struct client client[PORTS];
static struct switch_port config[PORTS];
static struct ether_switch ether;
static uint32_t now;

static uint64_t mac_of(uint32_t port)
{
    return UINT64_C(0x020000000010) + port;
}

static void put_mac(uint8_t *at, uint64_t mac)
{
    for (int i = 0; i < 6; i++)
        at[i] = (uint8_t)(mac >> (40 - 8 * i));
}

static void turns(void)
{
    for (uint32_t n = 0; n < 1000 && switch_turn(&ether, now); n++)
        continue;
}

static void offer(struct client *c, void *buffer)
{
    struct vio_span span = { vio_address(&c->link.link.memory, buffer), BUFFER };

    assert_int_equal(vio_driver_add(&c->link.queue[RX], &span, 0, 1, buffer), VIO_OK);
}

static void client_poll(struct client *c)
{
    const struct vio_memory *m = &c->link.link.memory;

    if (vio_link_client_poll(&c->link) != VIO_LINK_NEW)
        return;
    vio_buffers_init(&c->buffers, m->at, m->size, BUFFER, c->free, VIO_LINK_SLOTS);
    for (uint32_t n = 0; n < 16; n++)
        offer(c, vio_buffers_take(&c->buffers));
    vio_link_client_publish(&c->link, RX);
}

static void client_open(uint32_t port)
{
    struct client *c = &client[port];

    assert_true(vio_link_client_open(&c->link, &c->ends.end[0], VIO_ID_NET, VIO_NET_F_MAC, c->slots));
    for (int i = 0; i < 3; i++) {
        client_poll(c);
        turns();
    }
    client_poll(c);
    assert_int_equal(c->link.link.state, VIO_LINK_UP);
}

/* Buffers that the switch has done with. */
static void client_reclaim(struct client *c)
{
    uint32_t length;
    void *buffer;

    while (vio_driver_take(&c->link.queue[TX], &buffer, &length) == VIO_OK)
        vio_buffers_give(&c->buffers, buffer);
}

/* Put a frame of this many bytes, without header, in the queue. */
static bool client_put(uint32_t port, uint64_t to, uint64_t from, uint32_t bytes, uint32_t number)
{
    struct client *c = &client[port];
    struct vio_span span[2];
    uint32_t first = HEADER + world_below(bytes + 1);
    uint8_t *at;

    client_reclaim(c);
    if (vio_driver_free(&c->link.queue[TX]) < 2 || (at = (uint8_t *)vio_buffers_take(&c->buffers)) == NULL)
        return false;
    memset(at, 0x5a, HEADER);
    for (uint32_t i = 0; i < bytes; i++)
        at[HEADER + i] = (uint8_t)(i * 5 + number);
    put_mac(at + HEADER, to);
    put_mac(at + HEADER + 6, from);
    if (bytes >= 18)
        memcpy(at + HEADER + 14, &number, 4);
    span[0] = (struct vio_span){ vio_address(&c->link.link.memory, at), first };
    span[1] = (struct vio_span){ span[0].address + first, HEADER + bytes - first };
    assert_int_equal(vio_driver_add(&c->link.queue[TX], span, 2, 0, at), VIO_OK);
    vio_link_client_publish(&c->link, TX);
    return true;
}

static void client_send(uint32_t port, uint64_t to, uint64_t from, uint32_t bytes, uint32_t number)
{
    assert_true(client_put(port, to, from, bytes, number));
    turns();
}

/* The next frame that has come, its bytes without header; 0: none. */
static uint32_t client_get(uint32_t port, uint8_t *frame)
{
    struct client *c = &client[port];
    uint32_t length;
    void *buffer;

    if (vio_driver_take(&c->link.queue[RX], &buffer, &length) != VIO_OK)
        return 0;
    assert_true(length >= HEADER + 14 && length <= HEADER + 1518);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(((uint8_t *)buffer)[i], 0);
    assert_int_equal(((uint8_t *)buffer)[10], 1);
    memcpy(frame, (uint8_t *)buffer + HEADER, length - HEADER);
    c->got++;
    offer(c, buffer);
    vio_link_client_publish(&c->link, RX);
    return length - HEADER;
}

/* Who has got one frame, a bit each; its bytes have been checked. */
static uint32_t who(uint32_t bytes, uint32_t number)
{
    uint8_t frame[BUFFER];
    uint32_t mask = 0, got;

    for (uint32_t i = 0; i < PORTS; i++) {
        if ((got = client_get(i, frame)) == 0)
            continue;
        assert_int_equal(got, bytes);
        for (uint32_t k = 18; k < bytes; k++)
            assert_int_equal(frame[k], (uint8_t)(k * 5 + number));
        assert_int_equal(client_get(i, frame), 0);
        mask |= 1u << i;
    }
    return mask;
}

static int setup(void **state)
{
    static struct switch_config all = { PORTS, config };

    (void)state;
    world_make(NULL, 0, NULL, 0);
    memset(&ether, 0, sizeof(ether));
    now = 1000;
    for (uint32_t i = 0; i < PORTS; i++) {
        if (client[i].ends.end[0].address != 0)
            link_free(&client[i].ends);
        memset(&client[i], 0, sizeof(client[i]));
        link_make(&client[i].ends, LINK_BYTES, CAP(i), CAP_SWITCH);
        config[i] = (struct switch_port){ .cell = "client", .link = &client[i].ends.end[1] };
        if (i != CARD)
            put_mac(config[i].mac, mac_of(i));
    }
    assert_true(switch_start(&ether, &all));
    for (uint32_t i = 0; i < PORTS; i++)
        client_open(i);
    return 0;
}

#define BROADCAST UINT64_C(0xffffffffffff)
#define FAR(n)    (UINT64_C(0x525400000000) + (n))

static void test_configuration(void **state)
{
    struct vio_net_config c;

    (void)state;
    for (uint32_t i = 0; i < PORTS; i++) {
        assert_int_equal(client[i].link.link.features, i != CARD ? VIO_NET_F_MAC : 0);
        assert_true(vio_link_client_config(&client[i].link, 0, &c, sizeof(c)));
        assert_memory_equal(c.mac, config[i].mac, 6);
        assert_int_equal(c.status, VIO_NET_LINK_UP);
    }
}

static void test_forwarding(void **state)
{
    (void)state;
    client_send(0, mac_of(1), mac_of(0), 60, 1);
    assert_int_equal(who(60, 1), 1u << 1);
    client_send(0, BROADCAST, mac_of(0), 1514, 2);
    assert_int_equal(who(1514, 2), 0xe);
    client_send(1, UINT64_C(0x01005e000001), mac_of(1), 14, 3);
    assert_int_equal(who(14, 3), 0xd);
    client_send(2, FAR(7), mac_of(2), 100, 4);
    assert_int_equal(who(100, 4), 0xb);
    /* Learnt: it is behind the card. */
    client_send(CARD, mac_of(2), FAR(7), 100, 5);
    assert_int_equal(who(100, 5), 1u << 2);
    client_send(2, FAR(7), mac_of(2), 1518, 6);
    assert_int_equal(who(1518, 6), 1u << CARD);
    /* A frame to where it comes from goes nowhere. */
    client_send(CARD, FAR(7), FAR(8), 100, 7);
    assert_int_equal(who(100, 7), 0);
    client_send(0, mac_of(0), mac_of(0), 100, 8);
    assert_int_equal(who(100, 8), 0);
    now += ADDRESSES_AGE_S + 1;
    client_send(2, FAR(7), mac_of(2), 100, 9);
    assert_int_equal(who(100, 9), 0xb);
}

static void test_no_frames(void **state)
{
    static const uint32_t bad[] = { 13, 0, 1519, 2000 };

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        client_send(0, mac_of(1), mac_of(0), bad[i], 1);
        assert_int_equal(who(0, 0), 0);
    }
    client_send(0, mac_of(1), BROADCAST, 60, 1);
    client_send(0, mac_of(1), 0, 60, 1);
    client_send(0, UINT64_C(0x0180c2000001), mac_of(0), 60, 1);
    assert_int_equal(who(60, 1), 0);
    assert_int_equal(ether.port[0].bad, 7);
    client_send(0, mac_of(1), mac_of(0), 60, 1);
    assert_int_equal(who(60, 1), 2);
}

/* Nobody sends from an address that the description has given to another. */
static void test_forged(void **state)
{
    (void)state;
    client_send(0, mac_of(1), mac_of(2), 60, 1);
    client_send(CARD, mac_of(1), mac_of(0), 60, 1);
    assert_int_equal(who(60, 1), 0);
    assert_int_equal(ether.port[0].forged, 1);
    assert_int_equal(ether.port[CARD].forged, 1);
    client_send(1, mac_of(2), mac_of(1), 60, 2);
    assert_int_equal(who(60, 2), 1u << 2);
    /* Its owner is not there: the frame waits for nobody, and goes to no other. */
    vio_link_client_reset(&client[2].link);
    turns();
    client_send(1, mac_of(2), mac_of(1), 60, 2);
    assert_int_equal(who(60, 2), 0);
    switch_report(&ether);
    assert_non_null(strstr(world.said, "sender's address is another's"));
    /* Addresses that nobody owns can be anybody's. */
    client_send(0, mac_of(1), FAR(1), 60, 3);
    assert_int_equal(who(60, 3), 1u << 1);
}

/* A port without buffers loses what is for it, and holds nobody up. */
static void test_full(void **state)
{
    uint32_t sent = 0;

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        client_send(0, i % 2 == 0 ? mac_of(1) : mac_of(2), mac_of(0), 60, 0);
        sent += i % 2;
        uint8_t frame[BUFFER];
        while (client_get(2, frame) != 0)
            continue;
    }
    assert_int_equal(client[2].got, sent);
    assert_int_equal(ether.port[1].lost, 50 - 16);
    assert_int_equal(ether.port[1].given, 16);
    assert_true(ether.news);
    switch_report(&ether);
    assert_non_null(strstr(world.said, "34 frames for client lost"));
    assert_false(ether.news);
    world.said_length = 0;
    switch_report(&ether);
    assert_int_equal(world.said_length, 0);
}

/* One floods, another sends now and then: it is not held up. */
static void test_fair(void **state)
{
    uint8_t frame[BUFFER];
    uint32_t arrived = 0;

    (void)state;
    for (uint32_t i = 0; i < 200; i++) {
        while (client_put(0, mac_of(2), mac_of(0), 60, 0))
            continue;
        assert_true(client_put(1, mac_of(2), mac_of(1), 61, i));
        /* Two turns at most. */
        (void)switch_turn(&ether, now);
        for (uint32_t got; (got = client_get(2, frame)) != 0;)
            arrived += got == 61;
        (void)switch_turn(&ether, now);
        for (uint32_t got; (got = client_get(2, frame)) != 0;)
            arrived += got == 61;
        assert_true(arrived >= i);     /* only the first may find no place */
    }
    assert_true(arrived >= 199);
    assert_true(ether.port[0].taken > 1000 && ether.port[2].lost > 100);
}

static void test_restart(void **state)
{
    (void)state;
    client_send(CARD, mac_of(0), FAR(1), 60, 1);
    assert_int_equal(who(60, 1), 1);
    client_send(0, FAR(1), mac_of(0), 60, 2);
    assert_int_equal(who(60, 2), 1u << CARD);
    client_open(CARD);
    /* What was learnt of it is forgotten; and it works. */
    client_send(0, FAR(1), mac_of(0), 60, 3);
    assert_int_equal(who(60, 3), 0xe);
    client_send(CARD, mac_of(0), FAR(1), 60, 4);
    assert_int_equal(who(60, 4), 1);
    /* The switch starts again: all clients notice. */
    memset(&ether, 0, sizeof(ether));
    assert_true(switch_start(&ether, &(struct switch_config){ PORTS, config }));
    for (uint32_t n = 0; n < 3; n++) {
        for (uint32_t i = 0; i < PORTS; i++)
            client_poll(&client[i]);
        turns();
    }
    for (uint32_t i = 0; i < PORTS; i++)
        client_poll(&client[i]);
    client_send(1, BROADCAST, mac_of(1), 60, 5);
    assert_int_equal(who(60, 5), 0xd);
}

/* Rings that are wrong end a session, and nobody else's. */
static void test_hostile(void **state)
{
    (void)state;
    for (uint32_t how = 0; how < 6; how++) {
        struct client *c = &client[0];
        struct vio_driver_queue *q;
        struct vio_span span[SWITCH_PARTS + 1];
        uint32_t out = 1, in = 0, queue = TX;

        for (uint32_t i = 0; i <= SWITCH_PARTS; i++)
            span[i] = (struct vio_span){ vio_address(&c->link.link.memory, c->buffers.at), 100 };
        switch (how) {
        case 0: span[0].address = 0; break;                      /* the header */
        case 1: span[0].address = LINK_BYTES - 99; break;
        case 2: in = 1; break;
        case 3: out = SWITCH_PARTS + 1; break;
        case 4: span[0].length = UINT32_MAX; break;
        default: queue = RX; break;                              /* nothing to write to */
        }
        q = &c->link.queue[queue];
        if (how == 5) {
            uint32_t length;
            void *buffer;

            for (uint32_t i = 0; i < 16; i++)
                client_send(1, mac_of(0), mac_of(1), 60, 0);
            while (vio_driver_take(q, &buffer, &length) == VIO_OK)
                continue;
        }
        assert_int_equal(vio_driver_add(q, span, out, in, NULL), VIO_OK);
        vio_link_client_publish(&c->link, queue);
        turns();
        client_send(1, mac_of(0), mac_of(1), 60, 0);
        assert_int_equal(ether.port[0].broken, how + 1);
        client_send(1, mac_of(2), mac_of(1), 60, 1);
        assert_int_equal(who(60, 1) & ~1u, 1u << 2);
        client_open(0);
        client_send(1, mac_of(0), mac_of(1), 60, 2);
        assert_int_equal(who(60, 2), 1);
    }
    switch_report(&ether);
    assert_non_null(strstr(world.said, "has broken the rules of its link, 6 times"));
}

static bool number_is(const uint8_t *frame, uint64_t from)
{
    uint8_t mac[6];

    put_mac(mac, from);
    return memcmp(frame + 6, mac, 6) == 0;
}

/* Clients that write anything anywhere, while two others talk. */
static void test_random(void **state)
{
    uint32_t sent = 0, arrived = 0;
    uint8_t frame[BUFFER];

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        struct client *c = &client[world_below(2) == 0 ? 0 : CARD];
        uint8_t *at = (uint8_t *)(uintptr_t)c->ends.end[0].address;
        uint32_t places[] = { 64, 4096, c->link.link.layout.queue[0], c->link.link.layout.queue[1] + 1024, LINK_BYTES };
        uint32_t place = world_below(places[world_below(5)]);

        if (world_below(4) == 0)
            memset(at + place, (int)world_random(), world_below(8) < LINK_BYTES - place ? 1 : 0);
        else
            at[place] = (uint8_t)world_random();
        if (world_below(64) == 0) {
            (void)vio_link_client_open(&c->link, &c->ends.end[0], VIO_ID_NET, 0, c->slots);
            (void)vio_link_client_poll(&c->link);
        }
        (void)vio_link_client_poll(&c->link);
        if (world_below(16) == 0 && client_put(1, mac_of(2), mac_of(1), 18 + world_below(1400), sent))
            sent++;
        (void)switch_turn(&ether, now);
        for (uint32_t got; (got = client_get(2, frame)) != 0;)
            arrived += number_is(frame, mac_of(1));
    }
    turns();
    while (client_get(2, frame) != 0)
        arrived += number_is(frame, mac_of(1));
    assert_true(sent > 3000);
    assert_int_equal(arrived, sent);
}

int test_switch(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_configuration, setup),
        cmocka_unit_test_setup(test_forwarding, setup),
        cmocka_unit_test_setup(test_no_frames, setup),
        cmocka_unit_test_setup(test_forged, setup),
        cmocka_unit_test_setup(test_full, setup),
        cmocka_unit_test_setup(test_fair, setup),
        cmocka_unit_test_setup(test_restart, setup),
        cmocka_unit_test_setup(test_hostile, setup),
        cmocka_unit_test_setup(test_random, setup),
    };

    return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
