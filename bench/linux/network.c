/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: TCP and UDP over the loopback device. */
#include "suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int server = -1, client = -1, partner;

static void bind_here(int fd)
{
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };

    must(bind(fd, (const struct sockaddr *)&any, sizeof any), "bind");
}

static void connect_to(int fd, int other)
{
    struct sockaddr_in name;
    socklen_t length = sizeof name;

    must(getsockname(other, (struct sockaddr *)&name, &length), "getsockname");
    must(connect(fd, (const struct sockaddr *)&name, length), "connect");
}

static int make(int type)
{
    return (int)must(socket(AF_INET, type, 0), "socket");
}

static void set(int fd, int level, int option, const void *value, size_t length)
{
    must(setsockopt(fd, level, option, value, (socklen_t)length), "setsockopt");
}

static void listen_here(void)
{
    server = make(SOCK_STREAM);
    bind_here(server);
    must(listen(server, 8), "listen");
}

static void echo(void)
{
    char byte;

    close(client);
    while (read_all(server, &byte, 1) && write_all(server, &byte, 1))
        ;
}

static void run_byte(uint32_t count)
{
    char byte = 0;

    while (count--) {
        must(write(client, &byte, 1), "write");
        must(read(client, &byte, 1), "read");
    }
}

static void tcp_begin(void)
{
    int one = 1;

    listen_here();
    client = make(SOCK_STREAM);
    set(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connect_to(client, server);
    int accepted = (int)must(accept(server, NULL, NULL), "accept");

    close(server);
    server = accepted;
    set(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    partner = partner_start(echo);
}

static void close_both(void)
{
    close(client);
    partner_wait(partner);
    close(server);
}

/* ---- datagrams: an empty one is the end -------------------------------------------------- */

static void echo_datagrams(void)
{
    char byte;

    while (must(recv(server, &byte, 1, 0), "recv") == 1)
        must(send(server, &byte, 1, 0), "send");
}

static void udp_begin(void)
{
    server = make(SOCK_DGRAM);
    client = make(SOCK_DGRAM);
    bind_here(server);
    bind_here(client);
    connect_to(server, client);
    connect_to(client, server);
    partner = partner_start(echo_datagrams);
}

static void udp_end(void)
{
    must(send(client, "", 0, 0), "send");
    close_both();
}

/* ---- connections --------------------------------------------------------------------------- */

static void serve_connections(void)
{
    int fd;

    while ((fd = accept(server, NULL, NULL)) >= 0)
        close(fd);
    if (errno != EINVAL)        /* what accept says of a socket that is shut down */
        fail("accept");
}

static void connections_begin(void)
{
    listen_here();
    partner = partner_start(serve_connections);
}

/* The server closes first, then the client by a reset: nothing of it stays behind. */
static void run_connect(uint32_t count)
{
    struct linger now_or_never = { 1, 0 };
    char byte;

    while (count--) {
        client = make(SOCK_STREAM);
        connect_to(client, server);
        must(read(client, &byte, 1), "read");
        set(client, SOL_SOCKET, SO_LINGER, &now_or_never, sizeof now_or_never);
        close(client);
    }
}

static void connections_end(void)
{
    must(shutdown(server, SHUT_RDWR), "shutdown");
    partner_wait(partner);
    close(server);
}

const struct row network_rows[] = {
    { .name = "tcp", .text = "a byte through TCP, and back", .count = 8, .samples = 60, .begin = tcp_begin, .run = run_byte,
      .end = close_both },
    { .name = "udp", .text = "a byte through UDP, and back", .count = 8, .samples = 60, .begin = udp_begin, .run = run_byte,
      .end = udp_end },
    { .name = "tcp_connect", .text = "a TCP connection made, accepted and closed", .count = 4, .samples = 60, .begin = connections_begin,
      .run = run_connect, .end = connections_end },
    { .name = NULL },
};
