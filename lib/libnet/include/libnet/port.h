/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port of a network: Ethernet frames out and in. Behind it is a link to a switch
 * cell (libnet/link.h), or a wire that a test has made. A cell can use it as it
 * is, for frames of its own, or give it to the stack (libnet/net.h).
 *
 * Frames are 14 to NET_FRAME_MAX bytes, without preamble and check sequence.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NET_FRAME_HEAD 14u
#define NET_FRAME_MAX  1514u

/* One piece of a frame that lies in several places. */
struct net_piece {
    const void *bytes;
    size_t size;
};

struct net_port {
    const struct net_port_calls *calls;
    uint8_t mac[6];            /* known when the port has been up once */
};

struct net_port_calls {
    /* Whether frames can be sent now. Looks at what the other side has to say:
     * ask first, after each vIRQ. */
    bool (*is_up)(struct net_port *p);

    /* Send a frame of `count` pieces. False: it is lost, since the port is down, its
     * queue is full, or the size is not a frame's. */
    bool (*send)(struct net_port *p, const struct net_piece *piece, unsigned count);

    /* Copy the next frame that has come to `frame`, where there is space for
     * NET_FRAME_MAX bytes; its size, or 0: there is none. */
    size_t (*receive)(struct net_port *p, void *frame);

    /* Call it before waiting: what was sent is on its way, and the port says when
     * something comes. True: something has come already, receive it first. */
    bool (*settle)(struct net_port *p);
};

static inline bool net_port_is_up(struct net_port *p)
{
    return p->calls->is_up(p);
}

static inline bool net_port_send(struct net_port *p, const void *frame, size_t size)
{
    struct net_piece piece = { frame, size };

    return p->calls->send(p, &piece, 1);
}

static inline size_t net_port_receive(struct net_port *p, void *frame)
{
    return p->calls->receive(p, frame);
}

static inline bool net_port_settle(struct net_port *p)
{
    return p->calls->settle(p);
}

#ifdef __cplusplus
}
#endif
