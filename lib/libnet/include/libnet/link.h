/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network link as a port: the client's end of a link (libvirtio/link.h) to a
 * switch cell. The switch says what this end's address is. Half of the link's
 * buffers receive, half send; a frame is copied once each way.
 */
#pragma once

#include <libnet/port.h>

#include <libmv/config.h>

#include <libvirtio/buffers.h>
#include <libvirtio/link.h>

#ifdef __cplusplus
extern "C" {
#endif

struct net_link {
    struct net_port port;              /* stays first */
    struct vio_link_client client;
    struct vio_buffers sending;        /* those not under way; the others belong to the receive queue */
    struct vio_driver_slot slots[VIO_LINK_SLOTS];
    uint16_t free[VIO_NUM_MAX];
    bool     up;
    uint64_t sent, received;           /* frames, since the start of the cell */
    uint64_t lost;                     /* not sent: no link, or no buffer free */
    uint64_t broken;                   /* not received: of a wrong size */
};

/*
 * Open it, once per start of the cell: config is mv_channel_find() of the network's
 * name. False: it is no link's client end. `port` is then for use, on the vCPU that
 * takes config->line.
 */
bool net_link_open(struct net_link *l, const struct mv_channel_config *config);

#ifdef __cplusplus
}
#endif
