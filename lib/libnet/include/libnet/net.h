/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small network stack for one vCPU of a cell: Ethernet, ARP, IPv4, answers to ping,
 * DHCP, UDP, TCP. It is lwIP, behind functions that need no header of lwIP's, and
 * with static memory only: the kit has it after `make kit-net`.
 *
 * Datagrams and frames are whole: no fragments. What comes from the network is not
 * trusted; when memory is short, frames are lost, as on any network.
 *
 *     net_open(), then net_poll() after each vIRQ of the port and when the time of
 *     net_next_ns() has come; or net_serve(), which has a loop do both.
 *
 * Functions that are called back run within net_poll(), and may call all of this
 * except net_poll(). All memory of a struct is the caller's, and stays until it is
 * closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libnet/port.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NET_DATAGRAM_MAX 1472u

/* An IPv4 address: 10.0.2.15 is 0x0a00020f. */
struct net_address {
    uint32_t ip;
    uint32_t bits;             /* of the network: 24 */
    uint32_t gateway;          /* 0: none */
};

struct net_peer {
    uint32_t ip;
    uint16_t port;
};

/* "10.0.2.15" or "10.0.2.15/24" (bits: 32 without it); false: it is neither. */
bool net_parse(const char *text, struct net_address *address);
#define NET_TEXT_BYTES 16
/* Writes "10.0.2.15"; returns `text`. */
char *net_format(char text[NET_TEXT_BYTES], uint32_t ip);

/* ---- the interface ------------------------------------------------------------- */

#define NET_STATE_BYTES 512

struct net {
    struct net_port *port;
    uint64_t next_ns;          /* when net_poll() is due again */
    uint64_t dhcp_ns;          /* when DHCP is to begin anew, if there is no address then */
    uint64_t no_memory;        /* frames dropped, since there was no memory for them */
    bool     up, dhcp;
    struct net_address wanted;
    struct mv_loop *loop;
    uint64_t state[NET_STATE_BYTES / 8];
};

/* Open the cell's only interface; `address` NULL: DHCP, which tries for ever. `name`
 * is told to the DHCP server, may be NULL, and is not copied. */
void net_open(struct net *n, struct net_port *port, const struct net_address *address, const char *name);

/* Take in what has come, send what is due. */
void net_poll(struct net *n);

/* When to call it again if nothing comes: absolute ns. */
uint64_t net_next_ns(const struct net *n);

/* The address in use; false: there is none yet, or the port is down. */
bool net_address(const struct net *n, struct net_address *address);

struct mv_loop;
/* Let a loop do it: `line` is the port's vIRQ. Takes the loop's time handler. What
 * is sent outside of net_poll() goes out after net_wake(). */
void net_serve(struct net *n, struct mv_loop *loop, unsigned line);
void net_wake(struct net *n);

/* ---- UDP -------------------------------------------------------------------------- */

struct net_udp;
typedef void net_udp_handler(struct net_udp *u, const struct net_peer *from, const void *bytes, size_t size);

struct net_udp {
    net_udp_handler *handler;
    void *context;             /* the user's */
    void *pcb;
};

/* Receive on a port (0: one that is free). False: it is taken, or there are too many. */
bool net_udp_open(struct net_udp *u, uint16_t port, net_udp_handler *handler, void *context);
void net_udp_close(struct net_udp *u);

/* False: it has not been sent: no memory, no way there, or larger than NET_DATAGRAM_MAX. */
bool net_udp_send(struct net_udp *u, const struct net_peer *to, const void *bytes, size_t size);

/* ---- TCP -------------------------------------------------------------------------- */

/* What has happened to a connection. */
enum net_event {
    NET_CONNECTED,             /* accepted, or of net_tcp_connect() */
    NET_RECEIVED,              /* net_tcp_receive() has something, or more than before */
    NET_SENT,                  /* net_tcp_space() is more than before */
    NET_ENDED,                 /* the peer sends no more; what it sent can still be received */
    NET_BROKEN,                /* reset by the peer, or no answer for long; it is closed now */
};

struct net_tcp;
typedef void net_tcp_handler(struct net_tcp *t, enum net_event event);

struct net_tcp {
    net_tcp_handler *handler;
    void *context;             /* the user's */
    void *pcb;                 /* NULL: closed */
    void *waiting;             /* received and not yet taken */
    bool  ended;               /* by the peer */
    bool  stalled;             /* there was no memory to send: to be told when there is */
};

/* A listener accepts as many connections at once as it is given memory for. */
struct net_listener {
    struct net_tcp *connections;
    unsigned count;
    net_tcp_handler *handler;
    void *context;
    void *pcb;
};

/* Accept connections on a port, each in one of `connections` that is closed; each has
 * this handler and, at first, this context. False: the port is taken, or there are
 * too many. It stays open. */
bool net_tcp_listen(struct net_listener *l, uint16_t port, struct net_tcp *connections, unsigned count,
                    net_tcp_handler *handler, void *context);

/* Begin a connection; false: no memory, or no way there. */
bool net_tcp_connect(struct net_tcp *t, const struct net_peer *to, net_tcp_handler *handler, void *context);

/* How much can be sent now; send as much of `bytes` as can, returns how much. */
size_t net_tcp_space(const struct net_tcp *t);
size_t net_tcp_send(struct net_tcp *t, const void *bytes, size_t size);

/* How much waits; take up to `size` of it, returns how much; `bytes` NULL: take it
 * without a copy. The peer can send only as much as has been taken, and some 60 KiB
 * more. */
size_t net_tcp_ready(const struct net_tcp *t);
size_t net_tcp_receive(struct net_tcp *t, void *bytes, size_t size);

/* What waits, where it is: *size bytes, until something is taken; NULL: nothing. */
const void *net_tcp_look(const struct net_tcp *t, size_t *size);

/* Send no more; the peer is told, and can go on sending. */
void net_tcp_end(struct net_tcp *t);

/* Close: what has been sent still arrives, what has not been received is lost. `t` is
 * free at once. */
void net_tcp_close(struct net_tcp *t);

/* Close, and have the peer told that the connection broke. */
void net_tcp_abort(struct net_tcp *t);

static inline bool net_tcp_is_open(const struct net_tcp *t)
{
    return t->pcb != NULL;
}

#ifdef __cplusplus
}
#endif
