/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two hosts, each with a stack of its own, and a wire between them that delays,
 * drops, doubles and changes frames as a test says, in simulated time. A stack is
 * a library that is loaded twice, since lwIP has one state for a whole program.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libnet/link.h>
#include <libnet/net.h>

#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

extern unsigned test_failures;     /* checks that failed in this case */

#define CHECK(expression) \
    do { \
        if (!(expression)) { \
            test_failures++; \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #expression); \
        } \
    } while (0)

/* The functions of one loaded stack: those of net.h, see stack.c. */
struct stack {
    void   (*open)(struct net *, struct net_port *, const struct net_address *, const char *);
    void   (*poll)(struct net *);
    uint64_t (*next_ns)(const struct net *);
    bool   (*address)(const struct net *, struct net_address *);
    bool   (*parse)(const char *, struct net_address *);
    char  *(*format)(char *, uint32_t);
    bool   (*udp_open)(struct net_udp *, uint16_t, net_udp_handler *, void *);
    void   (*udp_close)(struct net_udp *);
    bool   (*udp_send)(struct net_udp *, const struct net_peer *, const void *, size_t);
    bool   (*listen)(struct net_listener *, uint16_t, struct net_tcp *, unsigned, net_tcp_handler *, void *);
    bool   (*connect)(struct net_tcp *, const struct net_peer *, net_tcp_handler *, void *);
    size_t (*space)(const struct net_tcp *);
    size_t (*send)(struct net_tcp *, const void *, size_t);
    size_t (*ready)(const struct net_tcp *);
    size_t (*receive)(struct net_tcp *, void *, size_t);
    const void *(*look)(const struct net_tcp *, size_t *);
    void   (*end)(struct net_tcp *);
    void   (*close)(struct net_tcp *);
    void   (*abort)(struct net_tcp *);
};

#define QUEUE 512u

struct frame {
    uint64_t due_ns;
    size_t   size;
    uint8_t  bytes[NET_FRAME_MAX];
};

struct host {
    struct net_port port;          /* stays first */
    const struct stack *net;
    struct net n;
    uint32_t ip;
    bool     up;
    struct frame in[QUEUE];        /* in the order of `due_ns` */
    unsigned in_count;
    uint64_t busy_ns;              /* until then, with what it has sent */
    unsigned sent, lost;
};

/* What happens to frames, in thousandths of them. */
struct wire {
    unsigned drop, twice, change, late;
    uint64_t each_ns;              /* how long one takes */
    /* Sees every frame as it is sent, and may send others; NULL: nobody. */
    void (*watch)(const uint8_t *frame, size_t size, struct host *from);
};

extern struct host a, b;
extern struct wire wire;
extern uint64_t now_ns, random_state;

uint64_t test_random(void);

/* Both hosts anew, 10.0.0.1 and 10.0.0.2, or with DHCP; `count` 1: only a, and a
 * wire that leads to wire.watch. */
void world_start(unsigned count, bool dhcp);

/* A frame for a host, as from the wire. */
void world_give(struct host *to, const void *frame, size_t size);

/* Let time pass, until `done` says so or for that long at most: whether it did. */
bool world_run(uint64_t ns, bool (*done)(void));

#define CASE(name) void name(void);
#include "cases.def"
#undef CASE
