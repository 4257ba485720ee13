/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A native cell on the network: sends back what comes by UDP or TCP to port 7, and
 * to its channel from a virtual machine, if it has one.
 */
#include <libmv/libmv.h>
#include <libnet/link.h>
#include <libnet/net.h>

#include "cell.h"

#define ECHO_PORT   7
#define CONNECTIONS 4u

static struct net net;
static struct net_link wire;
static struct net_udp udp;
static struct net_listener listener;
static struct net_tcp connections[CONNECTIONS];
static struct mv_channel port;
static uint8_t bytes[4096];

static void datagram(struct net_udp *u, const struct net_peer *from, const void *data, size_t size)
{
    net_udp_send(u, from, data, size);
}

/* Only what can be sent is taken: the sender waits for the rest. */
static void give_back(struct net_tcp *t)
{
    for (;;) {
        size_t room = net_tcp_space(t), n;

        n = net_tcp_receive(t, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
        if (n == 0)
            return;
        net_tcp_send(t, bytes, n);
    }
}

static void stream(struct net_tcp *t, enum net_event event)
{
    if (event == NET_BROKEN)
        return;
    give_back(t);
    if (t->ended && net_tcp_ready(t) == 0)
        net_tcp_close(t);
}

/* What has been read and could not be written yet. */
static size_t held, held_at;

static void channel(void *context, uint64_t payload)
{
    static uint8_t waiting[1024];

    (void)context;
    (void)payload;
    for (;;) {
        if (held_at == held) {
            held_at = 0;
            held = mv_channel_read_try(&port, waiting, sizeof(waiting));
            if (held == 0)
                return;
        }
        size_t n = mv_channel_write_try(&port, waiting + held_at, held - held_at);

        if (n == 0)
            return;
        held_at += n;
    }
}

int main(void)
{
    static struct mv_loop loop;
    const struct mv_channel_config *link = mv_channel_find("switch"), *machine = mv_channel_find("echo-port");
    struct net_address address;

    if (link == NULL || !net_link_open(&wire, link) || !net_parse("10.0.2.23/24", &address))
        mv_panic("no network");
    address.gateway = 0x0a000202;
    mv_loop_init(&loop);
    net_open(&net, &wire.port, &address, "echo");
    net_udp_open(&udp, ECHO_PORT, datagram, NULL);
    net_tcp_listen(&listener, ECHO_PORT, connections, CONNECTIONS, stream, NULL);
    net_serve(&net, &loop, link->line);
    if (machine != NULL) {
        mv_channel_open(&port, machine);
        mv_loop_on_line(&loop, machine->line, channel, NULL);
        channel(NULL, 0);
    }
    mv_print("echo: ready\n");
    mv_loop_run(&loop);
    return 0;
}
