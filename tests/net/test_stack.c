/* SPDX-License-Identifier: BSD-2-Clause */
/* The stack: what hosts say to each other over wires good and bad. */
#include "world.h"

/* ---- frames by hand --------------------------------------------------------------- */

static const uint8_t tester[6] = { 2, 9, 9, 9, 9, 9 };

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static unsigned get16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static uint32_t sum(const uint8_t *bytes, size_t size)
{
    uint32_t s = 0;

    for (size_t i = 0; i < size; i++)
        s += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return s;
}

/* Ethernet and IP in front of what lies at frame + 34. */
static size_t ip_frame(uint8_t *frame, const uint8_t *to, uint8_t protocol, uint32_t from_ip, uint32_t to_ip, size_t size)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, tester, 6);
    put16(frame + 12, 0x0800);
    memset(frame + 14, 0, 20);
    frame[14] = 0x45;
    put16(frame + 16, (unsigned)(20 + size));
    frame[22] = 64;
    frame[23] = protocol;
    put32(frame + 26, from_ip);
    put32(frame + 30, to_ip);
    put16(frame + 24, ~sum(frame + 14, 20) & 0xffff);
    return 34 + size;
}

static size_t arp_frame(uint8_t *frame, unsigned what, uint32_t from_ip, uint32_t to_ip)
{
    memset(frame, 0xff, 6);
    memcpy(frame + 6, tester, 6);
    put16(frame + 12, 0x0806);
    memcpy(frame + 14, (uint8_t[]){ 0, 1, 8, 0, 6, 4, 0, (uint8_t)what }, 8);
    memcpy(frame + 22, tester, 6);
    put32(frame + 28, from_ip);
    memset(frame + 32, 0, 6);
    put32(frame + 38, to_ip);
    return 42;
}

static uint8_t last[NET_FRAME_MAX];
static size_t last_size;
static unsigned seen;

static void keep(const uint8_t *frame, size_t size, struct host *from)
{
    (void)from;
    memcpy(last, frame, size);
    last_size = size;
    seen++;
}

void addresses_as_text(void)
{
    static const struct {
        const char *text;
        bool ok;
        uint32_t ip, bits;
    } row[] = {
        { "10.0.2.15", true, 0x0a00020f, 32 },   { "10.0.2.15/24", true, 0x0a00020f, 24 }, { "0.0.0.0/0", true, 0, 0 },
        { "255.255.255.255", true, ~0u, 32 },    { "10.0.2.256", false, 0, 0 },            { "10.0.2", false, 0, 0 },
        { "10.0.2.1/33", false, 0, 0 },          { "10.0.2.1/", false, 0, 0 },             { "10.0.2.1.1", false, 0, 0 },
        { "", false, 0, 0 },                     { "a.b.c.d", false, 0, 0 },               { "10..2.1", false, 0, 0 },
        { "10.0.2.1/24x", false, 0, 0 },         { "10.0.2.0001", false, 0, 0 },           { "0x1.0.2.1", true, 0x01000201, 32 },
    };
    struct net_address address;
    char text[NET_TEXT_BYTES];

    world_start(1, false);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bool ok = a.net->parse(row[i].text, &address);
        CHECK(ok == row[i].ok);
        CHECK(!ok || (address.ip == row[i].ip && address.bits == row[i].bits));
    }
    CHECK(strcmp(a.net->format(text, 0x0a00020f), "10.0.2.15") == 0);
    CHECK(strcmp(a.net->format(text, ~0u), "255.255.255.255") == 0);
}

void arp_is_answered_for_us_only(void)
{
    uint8_t frame[64];

    world_start(1, false);
    world_run(S, NULL);
    wire.watch = keep;
    world_give(&a, frame, arp_frame(frame, 1, 0x0a000009, 0x0a000001));
    world_run(S, NULL);
    CHECK(seen == 1 && last_size >= 42 && memcmp(last, tester, 6) == 0 && get16(last + 20) == 2);
    CHECK(memcmp(last + 22, a.port.mac, 6) == 0 && get32(last + 28) == 0x0a000001);
    world_give(&a, frame, arp_frame(frame, 1, 0x0a000009, 0x0a000003));
    world_run(S, NULL);
    CHECK(seen == 1);
}

static bool ping(size_t size)
{
    uint8_t frame[NET_FRAME_MAX], *icmp = frame + 34;

    seen = 0;
    memset(icmp, 0, 8);
    icmp[0] = 8;
    put16(icmp + 4, 77);
    for (size_t i = 8; i < size; i++)
        icmp[i] = (uint8_t)i;
    put16(icmp + 2, 0);
    put16(icmp + 2, ~sum(icmp, size) & 0xffff);
    world_give(&a, frame, ip_frame(frame, a.port.mac, 1, 0x0a000009, 0x0a000001, size));
    world_run(100 * MS, NULL);
    return seen == 1 && last_size == 34 + size && last[34] == 0 && get16(last + 38) == 77 &&
           memcmp(last + 42, icmp + 8, size - 8) == 0 && sum(last + 34, size) == 0xffff &&
           sum(last + 14, 20) == 0xffff;
}

static void know_tester(void)
{
    uint8_t frame[64];

    world_give(&a, frame, arp_frame(frame, 1, 0x0a000009, 0x0a000001));
    world_run(S, NULL);
    wire.watch = keep;
}

void ping_is_answered(void)
{
    world_start(1, false);
    know_tester();
    CHECK(ping(8));
    CHECK(ping(64));
    CHECK(ping(1480));
    a.up = false;
    CHECK(!ping(64));
    a.up = true;
    world_run(S, NULL);
    know_tester();
    CHECK(ping(64));
}

/* ---- DHCP ---------------------------------------------------------------------------- */

static unsigned dhcp_ignored;

static void dhcp_server(const uint8_t *frame, size_t size, struct host *from)
{
    static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
    uint8_t out[NET_FRAME_MAX] = { 0 }, *udp = out + 34, *reply = udp + 8, *option = reply + 240;
    const uint8_t *request = frame + 42;
    uint8_t kind = 0;

    if (size < 282 || get16(frame + 12) != 0x0800 || frame[23] != 17 || get16(frame + 36) != 67)
        return;
    for (size_t i = 282; i + 2 < size && frame[i] != 255; i += frame[i] == 0 ? 1 : 2u + frame[i + 1])
        if (frame[i] == 53)
            kind = frame[i + 2];
    if (dhcp_ignored > 0 && dhcp_ignored-- > 0)
        return;
    memcpy(reply, request, 240);
    reply[0] = 2;
    put32(reply + 16, 0x0a00002a);
    put32(reply + 236, 0x63825363);
    memcpy(option, (uint8_t[]){ 53, 1, kind == 1 ? 2 : 5, 1, 4, 255, 255, 255, 0, 3, 4, 10, 0, 0, 254,
                                51, 4, 0, 0, 0x0e, 0x10, 54, 4, 10, 0, 0, 254, 255 }, 28);
    put16(udp, 67);
    put16(udp + 2, 68);
    put16(udp + 4, 8 + 240 + 28);
    world_give(from, out, ip_frame(out, all, 17, 0x0a0000fe, 0xffffffff, 8 + 240 + 28));
}

static bool has_address(void)
{
    struct net_address address;

    return a.net->address(&a.n, &address);
}

void dhcp_gives_an_address(void)
{
    struct net_address address;

    world_start(1, true);
    a.up = false;
    CHECK(!world_run(30 * S, has_address));
    a.up = true;
    CHECK(!world_run(30 * S, has_address));
    dhcp_ignored = 3;
    wire.watch = dhcp_server;
    CHECK(world_run(60 * S, has_address));
    CHECK(a.net->address(&a.n, &address) && address.ip == 0x0a00002a && address.bits == 24 &&
          address.gateway == 0x0a0000fe);
    CHECK(!world_run(7200 * S, NULL) && has_address());
    wire.watch = NULL;
    world_run(7200 * S, NULL);
    CHECK(!has_address());
    wire.watch = dhcp_server;
    CHECK(world_run(200 * S, has_address));
}

/* ---- UDP ------------------------------------------------------------------------------ */

static struct net_udp sender, echo;
static struct {
    unsigned sent, back, wrong;
} udp;

static size_t datagram(uint8_t *to, uint32_t number)
{
    size_t size = number % 7 == 0 ? NET_DATAGRAM_MAX : 4 + number * 37 % 1400;

    put32(to, number);
    for (size_t i = 4; i < size; i++)
        to[i] = (uint8_t)(number * 7 + i * 13);
    return size;
}

static void echo_datagram(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size)
{
    CHECK(u->context == &echo);
    b.net->udp_send(u, from, bytes, size);
}

static void back_datagram(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size)
{
    uint8_t want[NET_DATAGRAM_MAX];

    (void)u;
    udp.wrong += size < 4 || from->ip != b.ip || from->port != 7 || datagram(want, get32(bytes)) != size ||
                 memcmp(want, bytes, size) != 0;
    udp.back++;
}

static void udp_exchange(unsigned count)
{
    uint8_t bytes[NET_DATAGRAM_MAX];

    CHECK(b.net->udp_open(&echo, 7, echo_datagram, &echo));
    CHECK(a.net->udp_open(&sender, 0, back_datagram, NULL));
    for (; udp.sent < count; udp.sent++) {
        struct net_peer to = { b.ip, 7 };
        CHECK(a.net->udp_send(&sender, &to, bytes, datagram(bytes, udp.sent)));
        world_run(2 * MS, NULL);
    }
    world_run(2 * S, NULL);
}

void udp_there_and_back(void)
{
    world_start(2, false);
    udp_exchange(2000);
    CHECK(udp.sent == 2000 && udp.back == 2000 && udp.wrong == 0);
}

void udp_on_a_bad_wire(void)
{
    world_start(2, false);
    wire = (struct wire){ .drop = 100, .twice = 50, .change = 50, .late = 100 };
    udp_exchange(3000);
    CHECK(udp.wrong == 0 && udp.back > 1800 && udp.back < 2700);
}

void udp_limits(void)
{
    struct net_udp many[40] = { 0 }, second;
    struct net_peer to = { 0x0a000002, 9 }, nowhere = { 0x0b000001, 9 };
    uint8_t bytes[NET_DATAGRAM_MAX + 1] = { 0 };
    unsigned open = 0;

    world_start(2, false);
    CHECK(a.net->udp_open(&sender, 5000, back_datagram, NULL));
    CHECK(!a.net->udp_open(&second, 5000, back_datagram, NULL));
    while (open < 40 && a.net->udp_open(&many[open], 0, back_datagram, NULL))
        open++;
    CHECK(open >= 8 && open < 40);
    while (open > 0)
        a.net->udp_close(&many[--open]);
    CHECK(a.net->udp_open(&second, 5001, back_datagram, NULL));
    a.net->udp_close(&second);
    a.net->udp_close(&second);
    CHECK(!a.net->udp_send(&second, &to, bytes, 1));
    CHECK(a.net->udp_send(&sender, &to, bytes, 0));
    CHECK(!a.net->udp_send(&sender, &to, bytes, NET_DATAGRAM_MAX + 1));
    CHECK(a.net->udp_send(&sender, &nowhere, bytes, 1));       /* to the gateway, which does not answer */
    world_run(S, NULL);
    CHECK(udp.back == 0);
    a.up = false;
    world_run(S, NULL);
    CHECK(!a.net->udp_send(&sender, &to, bytes, 1));
}

/* ---- TCP ------------------------------------------------------------------------------- */

#define SERVERS 4u
#define CLIENTS 8u

static struct net_listener listener;
static struct net_tcp server[SERVERS];

/* A client that sends bytes that are known, and looks at what comes back. */
struct client {
    struct net_tcp t;              /* stays first */
    uint64_t sent, back, goal;
    bool connected, ended, broken, wrong;
} client[CLIENTS];

static uint8_t stream_byte(uint64_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

/* An echo server that leaves with the stack what it cannot send yet. */
static void serve(struct net_tcp *t, enum net_event event)
{
    const void *bytes;
    size_t size, sent = 1;

    if (event == NET_BROKEN)
        return;
    while (sent > 0 && (bytes = b.net->look(t, &size)) != NULL) {
        CHECK(size > 0 && size <= b.net->ready(t));
        sent = b.net->send(t, bytes, size);
        CHECK(sent <= size && b.net->receive(t, NULL, sent) == sent);
    }
    if (t->ended && b.net->ready(t) == 0)
        b.net->close(t);
}

static void client_goes_on(struct net_tcp *t, enum net_event event)
{
    struct client *c = (struct client *)t;
    uint8_t bytes[3000];
    size_t some;

    c->connected |= event == NET_CONNECTED;
    c->ended |= event == NET_ENDED;
    c->broken |= event == NET_BROKEN;
    if (c->broken)
        return;
    while ((some = a.net->receive(t, bytes, sizeof(bytes))) > 0)
        for (size_t i = 0; i < some; i++)
            c->wrong |= bytes[i] != stream_byte(c->back++);
    do {
        some = c->goal - c->sent < sizeof(bytes) ? c->goal - c->sent : sizeof(bytes);
        for (size_t i = 0; i < some; i++)
            bytes[i] = stream_byte(c->sent + i);
        some = a.net->send(t, bytes, some);
        c->sent += some;
        if (some > 0 && c->sent == c->goal)
            a.net->end(t);
    } while (some > 0);
    if (c->ended)
        a.net->close(t);
}

static void client_start(struct client *c, uint16_t port, uint64_t goal)
{
    struct net_peer to = { b.ip, port };

    memset(c, 0, sizeof(*c));
    c->goal = goal;
    CHECK(a.net->connect(&c->t, &to, client_goes_on, NULL));
}

static bool clients_are_done(void)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (client[i].goal != 0 && !client[i].ended && !client[i].broken)
            return false;
    return true;
}

static bool client_is_right(const struct client *c)
{
    return c->connected && c->ended && !c->broken && !c->wrong && c->sent == c->goal && c->back == c->goal;
}

static void tcp_start(void)
{
    world_start(2, false);
    CHECK(b.net->listen(&listener, 7, server, SERVERS, serve, NULL));
}

void tcp_there_and_back(void)
{
    tcp_start();
    client_start(&client[0], 7, 2000000);
    CHECK(world_run(30 * S, clients_are_done));
    CHECK(client_is_right(&client[0]));
    world_run(5 * S, NULL);
    for (unsigned i = 0; i < SERVERS; i++)
        CHECK(!net_tcp_is_open(&server[i]));
}

void tcp_on_a_bad_wire(void)
{
    tcp_start();
    wire = (struct wire){ .drop = 50, .twice = 30, .change = 20, .late = 50 };
    client_start(&client[0], 7, 200000);
    client_start(&client[1], 7, 100001);
    CHECK(world_run(3600 * S, clients_are_done));
    CHECK(client_is_right(&client[0]) && client_is_right(&client[1]));
}

void tcp_many_at_once(void)
{
    unsigned right = 0, refused = 0;

    tcp_start();
    for (unsigned i = 0; i < CLIENTS; i++)
        client_start(&client[i], 7, 50000 + i);
    CHECK(world_run(60 * S, clients_are_done));
    for (unsigned i = 0; i < CLIENTS; i++) {
        right += client_is_right(&client[i]);
        refused += client[i].broken;
        CHECK(!client[i].wrong);
    }
    CHECK(right >= SERVERS && right + refused == CLIENTS);
    world_run(200 * S, NULL);
    /* All is free again, many times over. */
    for (unsigned round = 0; round < 40; round++) {
        client_start(&client[0], 7, 100);
        CHECK(world_run(60 * S, clients_are_done));
        CHECK(client_is_right(&client[0]));
    }
}

void tcp_nobody_listens(void)
{
    tcp_start();
    client_start(&client[0], 8, 100);
    CHECK(world_run(10 * S, clients_are_done));
    CHECK(client[0].broken && !client[0].connected && !net_tcp_is_open(&client[0].t));
    CHECK(a.net->send(&client[0].t, "x", 1) == 0 && a.net->space(&client[0].t) == 0);
    a.net->close(&client[0].t);
    struct net_listener again;
    CHECK(!b.net->listen(&again, 7, server, SERVERS, serve, NULL));
}

static enum net_event last_event = NET_CONNECTED;

static void note(struct net_tcp *t, enum net_event event)
{
    (void)t;
    last_event = event;
}

static void serve_and_close(struct net_tcp *t, enum net_event event)
{
    if (event == NET_CONNECTED) {
        CHECK(b.net->send(t, "hello", 5) == 5);
        b.net->close(t);
    }
}

void tcp_closed_by_either_side(void)
{
    struct net_listener other;
    struct net_tcp one[1], t;
    struct net_peer to = { 0x0a000002, 9 };
    char text[16] = "";

    tcp_start();
    CHECK(b.net->listen(&other, 9, one, 1, serve_and_close, NULL));
    CHECK(a.net->connect(&t, &to, note, NULL));
    world_run(S, NULL);
    CHECK(t.ended && a.net->ready(&t) == 5 && a.net->receive(&t, text, 3) == 3 && a.net->receive(&t, text + 3, 9) == 2);
    CHECK(strcmp(text, "hello") == 0);
    a.net->close(&t);
    CHECK(!net_tcp_is_open(&t));
    /* With something unread, the peer does not hear of an error. */
    wire.each_ns = MS / 10;
    client_start(&client[0], 7, 100000);
    CHECK(!world_run(5 * MS, clients_are_done));
    a.net->close(&client[0].t);
    world_run(300 * S, NULL);
    for (unsigned i = 0; i < SERVERS; i++)
        CHECK(!net_tcp_is_open(&server[i]));
    /* An abort is heard. */
    to.port = 7;
    CHECK(a.net->connect(&t, &to, note, NULL));
    world_run(S, NULL);
    CHECK(net_tcp_is_open(&server[0]));
    b.net->abort(&server[0]);
    world_run(S, NULL);
    CHECK(last_event == NET_BROKEN && !net_tcp_is_open(&t));
}

static unsigned abort_at;

static void abort_in_turn(struct net_tcp *t, enum net_event event)
{
    if (event != NET_BROKEN && abort_at-- == 0)
        b.net->abort(t);
    else
        serve(t, event);
}

void tcp_aborted_while_called(void)
{
    struct net_listener other;
    struct net_tcp one[2];

    tcp_start();
    CHECK(b.net->listen(&other, 9, one, 2, abort_in_turn, NULL));
    for (unsigned i = 0; i < 60; i++) {
        abort_at = i;
        client_start(&client[0], 9, 30000);
        CHECK(world_run(60 * S, clients_are_done));
        CHECK(!client[0].wrong && (client[0].broken || client_is_right(&client[0])));
        CHECK(i != 0 || client[0].broken);
    }
}

void tcp_peer_vanishes(void)
{
    struct net_peer to = { 0x0a000002, 7 };
    struct net_tcp t;

    tcp_start();
    CHECK(a.net->connect(&t, &to, note, NULL));
    world_run(S, NULL);
    CHECK(net_tcp_is_open(&server[0]));
    wire.drop = 1000;
    world_run(400 * S, NULL);
    CHECK(!net_tcp_is_open(&server[0]) && !net_tcp_is_open(&t) && last_event == NET_BROKEN);
}

void tcp_port_goes_down_and_up(void)
{
    tcp_start();
    wire.each_ns = MS / 10;
    client_start(&client[0], 7, 2000000);
    CHECK(!world_run(50 * MS, clients_are_done));
    b.up = false;
    b.in_count = 0;
    CHECK(!world_run(3 * S, clients_are_done));
    b.up = true;
    CHECK(world_run(100 * S, clients_are_done));
    CHECK(client_is_right(&client[0]));
}

/* Connections that nobody reads from hold buffers; the others must go on. */
static void take_nothing(struct net_tcp *t, enum net_event event)
{
    (void)t;
    (void)event;
}

void memory_runs_short_and_comes_back(void)
{
    static struct net_tcp idle[CLIENTS];
    struct net_listener other;

    tcp_start();
    CHECK(b.net->listen(&other, 9, idle, CLIENTS, take_nothing, NULL));
    for (unsigned i = 0; i < CLIENTS; i++)
        client_start(&client[i], 9, 500000);
    CHECK(!world_run(30 * S, clients_are_done));
    for (unsigned i = 0; i < CLIENTS; i++)
        b.net->abort(&idle[i]);
    CHECK(world_run(600 * S, clients_are_done));
    memset(client, 0, sizeof(client));
    client_start(&client[0], 7, 300000);
    CHECK(world_run(60 * S, clients_are_done));
    CHECK(client_is_right(&client[0]));
}

/* ---- garbage -------------------------------------------------------------------------- */

#define KEPT 256u

static struct frame kept[KEPT];
static unsigned kept_count;

static void keep_many(const uint8_t *frame, size_t size, struct host *from)
{
    struct frame *f = &kept[kept_count++ % KEPT];

    if (from == &a) {
        f->size = size;
        memcpy(f->bytes, frame, size);
    }
}

/* A frame that host a has sent once, with something of it changed; or noise. */
static size_t spoil(uint8_t *to)
{
    const struct frame *f = &kept[test_random() % KEPT];
    size_t size = f->size;

    if (size == 0 || test_random() % 8 == 0) {
        size = 14 + test_random() % (NET_FRAME_MAX - 13);
        for (size_t i = 0; i < size; i++)
            to[i] = (uint8_t)test_random();
        memcpy(to, b.port.mac, 6);
        put16(to + 12, test_random() % 2 == 0 ? 0x0800 : 0x0806);
        if (test_random() % 2 == 0)
            to[14] = 0x45;
        return size;
    }
    memcpy(to, f->bytes, size);
    for (uint64_t n = 1 + test_random() % 4; n > 0; n--) {
        /* Headers more often than data. */
        size_t at = 12 + test_random() % (test_random() % 4 != 0 && size > 60 ? 48 : size - 12);
        to[at] = test_random() % 2 == 0 ? (uint8_t)test_random() : test_random() % 2 == 0 ? 0 : 0xff;
    }
    if (test_random() % 4 == 0)
        size = 14 + test_random() % (size - 13);
    /* With sums that are right it gets further. */
    if (get16(to + 12) == 0x0800 && size >= 34 && (to[14] & 15) == 5) {
        size_t rest = size - 34;
        if (test_random() % 4 != 0)
            put16(to + 16, (unsigned)(size - 14));
        put16(to + 24, 0);
        put16(to + 24, ~sum(to + 14, 20) & 0xffff);
        size_t at = to[23] == 6 ? 16 : to[23] == 17 ? 6 : to[23] == 1 ? 2 : 0;
        if (at != 0 && rest >= at + 2) {
            uint8_t pseudo[12] = { 0 };
            memcpy(pseudo, to + 26, 8);
            pseudo[9] = to[23];
            put16(pseudo + 10, (unsigned)rest);
            put16(to + 34 + at, 0);
            uint32_t s = sum(to + 34, rest) + (to[23] == 1 ? 0 : sum(pseudo, 12));
            put16(to + 34 + at, ~((s & 0xffff) + (s >> 16)) & 0xffff);
        }
    }
    return size;
}

void garbage_changes_nothing(void)
{
    uint8_t frame[NET_FRAME_MAX];

    for (unsigned round = 0; round < 100; round++) {
        if (round == 0)
            tcp_start();
        udp.sent = udp.back = 0;
        wire.watch = keep_many;
        if (round == 0)
            udp_exchange(50);
        client_start(&client[0], 7, 100000);
        world_run(20 * MS, NULL);
        for (unsigned i = 0; i < 3000; i++) {
            world_give(&b, frame, spoil(frame));
            world_run(MS / 5, NULL);
        }
        wire.watch = NULL;
        a.net->abort(&client[0].t);
        memset(client, 0, sizeof(client));
        for (unsigned i = 0; i < SERVERS; i++)
            b.net->abort(&server[i]);
        /* What it may have learnt that is wrong, an address, is forgotten. */
        world_run(700 * S, NULL);
        client_start(&client[0], 7, 100000);
        CHECK(world_run(200 * S, clients_are_done));
        CHECK(client_is_right(&client[0]));
        memset(client, 0, sizeof(client));
    }
}
