/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drive on the network, in a cell of its own: it can look at the drive and not
 * touch it. Answers ping, is the echo service for datagrams, and tells who connects to
 * port 1000 where the motor is.
 */
#include <libmv/libmv.h>
#include <libnet/link.h>
#include <libnet/net.h>

#include "cell.h"
#include "drive.h"

#define ADDRESS     "10.0.2.23/24"
#define ECHO_PORT   7
#define STATUS_PORT 1000

static const struct signals *const signals = (const struct signals *)SEGMENT_SIGNALS_ADDRESS;

static struct net_link network;
static struct net net;
static struct net_udp echo;
static struct net_listener listener;
static struct net_tcp connections[2];
static uint64_t datagrams;

static void answer_echo(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size)
{
    datagrams += net_udp_send(u, from, bytes, size);
}

static void tell_status(struct net_tcp *t, enum net_event event)
{
    char text[128];

    if (event == NET_CONNECTED) {
        (void)mv_format(text, sizeof(text), "angle %ld mrad, should be %ld; speed %ld mrad/s, current %ld mA\n",
                        signals->sensors.angle_urad / 1000, signals->state.target_urad / 1000,
                        signals->sensors.speed_urad / 1000, signals->sensors.current_ua / 1000);
        (void)net_tcp_send(t, text, strlen(text));
        net_tcp_close(t);
    }
}

static void keyboard(void *context, uint64_t payload)
{
    int c;

    (void)context;
    (void)payload;
    while ((c = mv_get_char_try()) >= 0)
        if (c == '\r' || c == '\n')
            mv_print("%lu frames received, %lu sent, %lu lost; %lu datagrams echoed\n", network.received, network.sent,
                     network.lost, datagrams);
}

int main(void)
{
    static struct mv_loop loop;
    struct net_address address = { 0 };

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, mv_cell.console->line, keyboard, NULL);
    mv_assert(net_parse(ADDRESS, &address));
    if (!net_link_open(&network, mv_channel_find("switch")))
        mv_panic("there is no network \"switch\"\n");
    net_open(&net, &network.port, &address, mv_cell.name);
    mv_assert(net_udp_open(&echo, ECHO_PORT, answer_echo, NULL));
    mv_assert(net_tcp_listen(&listener, STATUS_PORT, connections, 2, tell_status, NULL));
    net_serve(&net, &loop, mv_channel_find("switch")->line);
    mv_print("at " ADDRESS "; Enter says what has come\n");
    keyboard(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
