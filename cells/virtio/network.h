/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network interface of the guest: a port of a switch, behind a link (virtio
 * 1.2, 5.1). Frames are copied between the guest's buffers and those of the link,
 * one frame in one buffer of the link.
 *
 * Where there is no room, frames wait where they are: in the guest, while the
 * switch has not taken what was sent before, and in the link, while the guest has
 * given no buffers. So it is the switch that drops what is sent to a guest that
 * does not listen. Without a switch the carrier is off, and what the guest sends
 * all the same is lost.
 *
 * A guest in a rush notifies again and again, and hears nothing in between. Then
 * its notifications stay off, and what it sends is collected every now and then,
 * as long as that is more than one frame each time: so one turn here, one of the
 * switch, and one interrupt of the receiver serve many frames.
 */
#pragma once

#include <libvirtio/buffers.h>
#include <libvirtio/link.h>

#include "slot.h"

#define NETWORK_BUFFER    2048u
#define NETWORK_BUFFERS   (2 * VIO_NUM_MAX)
#define NETWORK_FRAME_MIN 14u
#define NETWORK_FRAME_MAX 1518u    /* with a VLAN tag, without checksum */
#define NETWORK_RUSH      2u       /* notifications without an interrupt between them */
#define NETWORK_WAIT_NS   UINT64_C(50000)

struct network {
    struct slot slot;              /* stays first */
    struct vio_link_client link;
    struct vio_driver_slot link_slots[VIO_LINK_SLOTS];
    struct vio_net_config config;
    bool     open;                 /* the link is what it should be */
    bool     up;
    bool     full;                 /* the switch has to take something first */
    bool     starved;              /* the guest has to give buffers first */
    bool     stale;                /* the link may hold what came before the driver */
    bool     collecting;           /* what the guest sends, at `until` again */
    uint64_t until;
    uint64_t paced;                /* `sent`, when it was decided last */
    uint64_t interrupts;           /* of the guest, then */
    uint32_t rush;                 /* decisions since then with something sent */
    void    *held;                 /* taken from the link, not yet with the guest; NULL: nothing is */
    uint32_t held_bytes;
    struct vio_buffers buffers;
    uint16_t buffers_free[NETWORK_BUFFERS];
    uint64_t sent, received, dropped;
};

/* Memory of `n` is all zero. */
void network_start(struct network *n, const struct io_device *config);
