/* SPDX-License-Identifier: BSD-2-Clause */
/* A port on a link, with a server at its other end that this file is. */
#include "world.h"

#include <dlfcn.h>

#include <libmv/calls.h>

#define LINK_BYTES 0x10000u

static struct mv_channel_config at_client, at_server;
static struct net_link client;
static struct vio_link_server server;
static unsigned raises[3];

mv_status_t mv_virq_raise(uint32_t cap, uint64_t payload)
{
    (void)payload;
    raises[cap]++;
    return MV_OK;
}

static void server_start(void)
{
    CHECK(vio_link_server_open(&server, &at_server, VIO_ID_NET, VIO_NET_F_MAC, (uint8_t[]){ 2, 0, 0, 0, 0, 7 }, 6));
}

/* Whether the client says that it is up, once both have said what they have to. */
static bool settle(void)
{
    bool up = false;

    for (int i = 0; i < 6; i++) {
        up = net_port_is_up(&client.port);
        if (vio_link_server_poll(&server) == VIO_LINK_NEW)
            CHECK(vio_link_server_accept(&server));
    }
    return up;
}

static void link_start(void)
{
    void *segment = aligned_alloc(4096, LINK_BYTES);

    memset(segment, 0, LINK_BYTES);
    at_client = (struct mv_channel_config){ .name = "net", .address = (uintptr_t)segment, .size = LINK_BYTES,
                                            .kind = MV_CHANNEL_LINK, .end = 0, .raise_cap = 1 };
    at_server = at_client;
    at_server.end = 1;
    at_server.raise_cap = 2;
    CHECK(!net_link_open(&client, NULL));
    CHECK(!net_link_open(&client, &at_server));
    CHECK(net_link_open(&client, &at_client));
    CHECK(!net_port_is_up(&client.port));
    CHECK(!net_port_send(&client.port, client.port.mac, 6));
    server_start();
    CHECK(settle());
    CHECK(client.port.mac[0] == 2 && client.port.mac[5] == 7);
}

/* The next frame that the client has sent; 0: none. */
static size_t server_take(uint8_t *frame)
{
    struct vio_part parts[8];
    struct vio_chain chain = { .part = parts, .part_max = 8 };

    if (vio_device_next(&server.queue[VIO_NET_TRANSMIT], &chain) != VIO_OK)
        return 0;
    CHECK(chain.in_count == 0 && chain.out_bytes >= 12 + 14 && chain.out_bytes <= 12 + NET_FRAME_MAX);
    size_t size = vio_parts_get(parts, chain.out_count, 12, frame, NET_FRAME_MAX);
    vio_device_done(&server.queue[VIO_NET_TRANSMIT], chain.head, 0);
    return size;
}

/* False: the client has given no buffer. `length` is what is claimed. */
static bool server_give(const void *frame, size_t size, uint32_t length)
{
    struct vio_part parts[8];
    struct vio_chain chain = { .part = parts, .part_max = 8 };

    if (vio_device_next(&server.queue[VIO_NET_RECEIVE], &chain) != VIO_OK)
        return false;
    CHECK(chain.out_count == 0 && chain.in_bytes == 2048);
    vio_parts_put(parts, chain.in_count, 0, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    vio_parts_put(parts, chain.in_count, 12, frame, size);
    vio_device_done(&server.queue[VIO_NET_RECEIVE], chain.head, length);
    return true;
}

static size_t make_frame(uint8_t *frame, unsigned number)
{
    size_t size = number % 3 == 0 ? NET_FRAME_MAX : NET_FRAME_HEAD + number * 29 % 1500;

    for (size_t i = 0; i < size; i++)
        frame[i] = (uint8_t)(number + i * 7);
    return size;
}

void link_frames_there_and_back(void)
{
    uint8_t frame[NET_FRAME_MAX], got[NET_FRAME_MAX];

    link_start();
    for (unsigned i = 0; i < 5000; i++) {
        size_t size = make_frame(frame, i);
        struct net_piece pieces[3] = { { frame, 5 }, { frame + 5, 0 }, { frame + 5, size - 5 } };
        CHECK(client.port.calls->send(&client.port, pieces, 3));
        CHECK(!net_port_settle(&client.port));
        CHECK(server_take(got) == size && memcmp(frame, got, size) == 0);
        vio_link_server_publish(&server, VIO_NET_TRANSMIT);
        size = make_frame(frame, i + 1);
        CHECK(server_give(frame, size, (uint32_t)(12 + size)));
        vio_link_server_publish(&server, VIO_NET_RECEIVE);
        CHECK(net_port_is_up(&client.port));
        CHECK(net_port_receive(&client.port, got) == size && memcmp(frame, got, size) == 0);
        CHECK(net_port_receive(&client.port, got) == 0);
    }
    CHECK(client.sent == 5000 && client.received == 5000 && client.broken == 0 && client.lost == 1);
}

void link_full_queue_loses(void)
{
    uint8_t frame[NET_FRAME_MAX], got[NET_FRAME_MAX];
    unsigned sent = 0, received = 0;

    link_start();
    for (unsigned round = 0; round < 5; round++) {
        sent = 0;
        while (net_port_send(&client.port, frame, make_frame(frame, sent)))
            sent++;
        CHECK(sent >= 4 && sent < 32);
        net_port_settle(&client.port);
        for (unsigned i = 0; i < sent; i++)
            CHECK(server_take(got) == make_frame(frame, i) && memcmp(frame, got, make_frame(frame, i)) == 0);
        CHECK(server_take(got) == 0);
        vio_link_server_publish(&server, VIO_NET_TRANSMIT);
        for (received = 0; server_give(frame, 60, 72); received++)
            ;
        CHECK(received >= 4 && received < 32);
        vio_link_server_publish(&server, VIO_NET_RECEIVE);
        while (net_port_receive(&client.port, got) == 60)
            received--;
        CHECK(received == 0);
        net_port_settle(&client.port);
    }
    /* Whoever waits is woken, whoever does not, not each time. */
    raises[2] = 0;
    for (unsigned i = 0; i < 4; i++) {
        CHECK(server_give(frame, 60, 72));
        vio_link_server_publish(&server, VIO_NET_RECEIVE);
    }
    CHECK(raises[2] == 1);
    CHECK(net_port_receive(&client.port, got) == 60);
    CHECK(net_port_settle(&client.port));
}

void link_wrong_sizes(void)
{
    uint8_t frame[2048] = { 0 }, got[NET_FRAME_MAX];
    static const uint32_t lengths[] = { 0, 1, 11, 12, 25, 12 + NET_FRAME_MAX + 1, 2048 };
    struct net_piece wraps[2] = { { frame, 100 }, { frame, SIZE_MAX - 50 } };

    link_start();
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        CHECK(server_give(frame, 0, lengths[i]));
        vio_link_server_publish(&server, VIO_NET_RECEIVE);
        CHECK(net_port_receive(&client.port, got) == 0);
    }
    CHECK(client.broken == sizeof(lengths) / sizeof(lengths[0]) && net_port_is_up(&client.port));
    CHECK(!net_port_send(&client.port, frame, NET_FRAME_HEAD - 1));
    CHECK(!net_port_send(&client.port, frame, NET_FRAME_MAX + 1));
    CHECK(!net_port_send(&client.port, frame, SIZE_MAX));
    CHECK(!client.port.calls->send(&client.port, wraps, 2));
    CHECK(net_port_send(&client.port, frame, NET_FRAME_HEAD));
    CHECK(net_port_send(&client.port, frame, NET_FRAME_MAX));
}

void link_server_restarts(void)
{
    uint8_t frame[NET_FRAME_MAX], got[NET_FRAME_MAX];

    link_start();
    for (unsigned round = 0; round < 20; round++) {
        CHECK(net_port_send(&client.port, frame, make_frame(frame, round)));
        net_port_settle(&client.port);
        if (round % 2 == 0)
            CHECK(server_give(frame, 60, 72));
        now_ns += 1000;
        server_start();
        CHECK(settle());
        CHECK(net_port_receive(&client.port, got) == 0);
        CHECK(server_take(got) == 0);
        CHECK(net_port_send(&client.port, frame, 60) && !net_port_settle(&client.port) && server_take(got) == 60);
    }
    /* All buffers are there again. */
    unsigned sent = 0;
    server_start();
    now_ns += 1000;
    CHECK(settle());
    while (net_port_send(&client.port, frame, 60))
        sent++;
    CHECK(sent >= 4 && sent == client.sending.count);
}

void link_server_breaks_rules(void)
{
    uint8_t frame[NET_FRAME_MAX] = { 0 }, *segment;

    link_start();
    segment = (uint8_t *)at_client.address;
    random_state = 1;
    for (unsigned round = 0; round < 3000; round++) {
        /* Anything may be written anywhere, buffers excepted, which hold anything anyway. */
        for (uint64_t n = test_random() % 8; n > 0; n--) {
            uint32_t at = (uint32_t)(test_random() % client.client.link.layout.buffers);
            segment[at] = (uint8_t)test_random();
        }
        now_ns += 1000;
        (void)net_port_is_up(&client.port);
        (void)net_port_send(&client.port, frame, 60 + test_random() % 1000);
        (void)net_port_receive(&client.port, frame);
        (void)net_port_settle(&client.port);
        if (round % 16 == 0) {
            server_start();
            for (int i = 0; i < 4; i++) {
                (void)net_port_is_up(&client.port);
                if (vio_link_server_poll(&server) == VIO_LINK_NEW)
                    (void)vio_link_server_accept(&server);
            }
        }
    }
    now_ns += 1000;
    server_start();
    CHECK(settle());
    CHECK(net_port_send(&client.port, frame, 60) && !net_port_settle(&client.port) && server_take(frame) == 60);
}

/* ---- a stack on a link ------------------------------------------------------------- */

static const struct stack *stack;
static struct net_udp udp;
static unsigned answers;

static void to_client(const uint8_t *frame, size_t size, struct host *from)
{
    (void)from;
    (void)server_give(frame, size, (uint32_t)(12 + size));
    vio_link_server_publish(&server, VIO_NET_RECEIVE);
}

static void answer(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size)
{
    (void)stack->udp_send(u, from, bytes, size);
}

static void count(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size)
{
    (void)u;
    answers += from->ip == 0x0a000002 && size == 1000 && ((const uint8_t *)bytes)[999] == 99;
}

void link_carries_the_stack(void)
{
    static struct net n;
    struct net_address address = { 0x0a000002, 24, 0 };
    struct net_peer to = { 0x0a000002, 7 };
    struct net_udp sender;
    uint8_t bytes[1000] = { [999] = 99 }, frame[NET_FRAME_MAX];
    size_t size;

    link_start();
    world_start(1, false);
    void *loaded = dlopen(STACK_B, RTLD_NOW | RTLD_LOCAL);
    CHECK(loaded != NULL);
    stack = loaded != NULL ? dlsym(loaded, "stack") : NULL;
    if (stack == NULL)
        return;
    stack->open(&n, &client.port, &address, "b");
    CHECK(stack->udp_open(&udp, 7, answer, NULL));
    CHECK(a.net->udp_open(&sender, 0, count, NULL));
    wire.watch = to_client;
    for (unsigned i = 0; i < 500; i++) {
        CHECK(a.net->udp_send(&sender, &to, bytes, sizeof(bytes)));
        for (int turn = 0; turn < 4; turn++) {
            now_ns += MS;
            stack->poll(&n);
            while ((size = server_take(frame)) > 0)
                world_give(&a, frame, size);
            vio_link_server_publish(&server, VIO_NET_TRANSMIT);
            a.net->poll(&a.n);
        }
    }
    CHECK(answers == 500);
    CHECK(stack->address(&n, &address) && address.ip == 0x0a000002);
    now_ns += MS;
    server_start();
    now_ns += MS;
    stack->poll(&n);
    CHECK(!stack->address(&n, &address));
    CHECK(settle());
    stack->poll(&n);
    CHECK(stack->address(&n, &address));
}
