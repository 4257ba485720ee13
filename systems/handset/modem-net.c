/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The modem's side of the network, in a cell of its own below the drivers: what
 * comes from there never meets what must not wait. Answers ping, and is the echo
 * service, UDP and TCP. It has an address of its own, or asks for one: -DADDRESS.
 */
#include <libmv/libmv.h>
#include <libnet/link.h>
#include <libnet/net.h>

#include "cell.h"

#ifndef ADDRESS
#define ADDRESS "10.0.2.23/24"         /* "": by DHCP */
#endif
#define GATEWAY     0x0a000202u        /* 10.0.2.2 */
#define ECHO_PORT   7
#define CONNECTIONS 4u

static struct net_link network;
static struct net net;
static struct net_udp echo;
static struct net_listener listener;
static struct net_tcp connections[CONNECTIONS];
static uint64_t datagrams, bytes_echoed;

static void echo_datagram(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size)
{
    datagrams += net_udp_send(u, from, bytes, size);
}

/* What cannot be sent yet stays with the stack, and the peer waits. */
static void echo_stream(struct net_tcp *t, enum net_event event)
{
    const void *bytes;
    size_t size, sent = 1;

    while (event != NET_BROKEN && sent > 0 && (bytes = net_tcp_look(t, &size)) != NULL) {
        sent = net_tcp_send(t, bytes, size);
        (void)net_tcp_receive(t, NULL, sent);
        bytes_echoed += sent;
    }
    if (event != NET_BROKEN && t->ended && net_tcp_ready(t) == 0)
        net_tcp_close(t);
}

static void say_status(void)
{
    struct net_address address;
    char text[NET_TEXT_BYTES];

    if (net_address(&net, &address))
        mv_print("%s/%u, ", net_format(text, address.ip), address.bits);
    else
        mv_print("no address, ");
    mv_print("%lu frames received, %lu sent, %lu lost; echoed %lu datagrams, %lu bytes of streams\n", network.received,
             network.sent, network.lost, datagrams, bytes_echoed);
}

static void from_keyboard(void *context, uint64_t payload)
{
    int c;

    (void)context;
    (void)payload;
    while ((c = mv_get_char_try()) >= 0)
        if (c == '\r' || c == '\n')
            say_status();
}

int main(void)
{
    static struct mv_loop loop;
    struct net_address address = { 0 };
    bool given = net_parse(ADDRESS, &address);

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, mv_cell.console->line, from_keyboard, NULL);
    if (!net_link_open(&network, mv_channel_find("switch")))
        mv_panic("there is no network \"switch\"\n");
    address.gateway = GATEWAY;
    net_open(&net, &network.port, given ? &address : NULL, mv_cell.name);
    mv_assert(net_udp_open(&echo, ECHO_PORT, echo_datagram, NULL));
    mv_assert(net_tcp_listen(&listener, ECHO_PORT, connections, CONNECTIONS, echo_stream, NULL));
    net_serve(&net, &loop, mv_channel_find("switch")->line);
    mv_print("ping and echo at " ADDRESS "; Enter says what has come\n");
    from_keyboard(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
