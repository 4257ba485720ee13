/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A learning Ethernet switch. Each port is the server's end of a link, with a
 * network device's two queues: what the client transmits comes from there and is
 * copied into a buffer that another client has given to receive in.
 *
 * No client is trusted. What a decision depends on is copied out of the link
 * before it is looked at, and sent on as copied. A client whose address the
 * description names is the only one that can send from it. Whoever breaks a
 * queue's rules loses his session, and nobody else notices.
 *
 * Ports take turns, a few frames each. A port without free buffers loses what is
 * for it, which is counted, and holds nobody up. When it has few, only those may
 * have them who have not had more than their share: so one who floods a port does
 * not keep others from reaching it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/link.h>

#include "addresses.h"
#include "switch_config.h"

#define SWITCH_PORTS_MAX  32u
#define SWITCH_BATCH      16u      /* frames of a port in one turn */
#define SWITCH_PARTS      8u       /* of a frame in a link */
#define SWITCH_FRAME_MIN  14u      /* bytes, without checksum */
#define SWITCH_FRAME_MAX  1518u    /* with a VLAN tag */
#define SWITCH_REPORT_S   10u
#define SWITCH_ACTIVE_S   2u       /* so long a port counts as one that sends to another */

struct port {
    const struct switch_port *config;
    struct vio_link_server link;
    uint64_t mac;                  /* its own, as described; 0: it may have any */
    bool     open;                 /* the link is what it should be */
    bool     up;
    /* What each port has been given of this one's buffers lately, and when it last
     * wanted one. */
    uint32_t used[SWITCH_PORTS_MAX], used_all;
    uint32_t wanted[SWITCH_PORTS_MAX];     /* seconds + 1; 0: never */
    /* Frames: taken from the client, given to it; lost because it had no buffer
     * free; thrown away because they were none, or not from where they said. */
    uint64_t taken, given, lost, bad, forged;
    uint64_t broken;               /* sessions that ended because it broke a rule */
    uint64_t lost_said, forged_said, broken_said;
};

struct ether_switch {
    uint32_t port_count;
    struct port port[SWITCH_PORTS_MAX];
    struct addresses addresses;
    uint32_t first;                /* whose turn is the first */
    bool     news;                 /* switch_report() has something to say */
};

/* Memory of `s` is all zero. False: too many ports, or an address twice. */
bool switch_start(struct ether_switch *s, const struct switch_config *config);

/* A turn of all ports. True: there is more; false: whoever has something next
 * will raise. `now` in seconds. */
bool switch_turn(struct ether_switch *s, uint32_t now);

/* A line about each port that has lost frames, or broken rules, since it was
 * said last. */
void switch_report(struct ether_switch *s);
