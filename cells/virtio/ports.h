/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's ways to talk to native cells: ports of a virtio console device
 * (virtio 1.2, 5.3) that are no consoles. Linux shows each as a device node with
 * a name. Behind a port is a channel of bytes, and no byte is lost on the way:
 * what one side does not take waits with the other. What comes from the channel
 * waits until the guest has opened the port.
 */
#pragma once

#include <libmv/channel.h>

#include "slot.h"

/* Two queues each, and two for control. */
#define PORTS_MAX ((VIO_MMIO_QUEUES - 2) / 2)

struct port {
    const struct io_port *config;
    struct mv_channel channel;
    bool     works;                /* its channel is open */
    bool     open;                 /* by the guest */
    bool     held;                 /* the channel has to take something first */
    bool     starved;              /* the guest has to give buffers first */
    uint8_t  to_say;               /* messages that wait for the guest's buffers, a bit each */
    uint64_t sent;                 /* bytes of the first buffer to send that are in the channel */
};

struct ports {
    struct slot slot;              /* stays first */
    struct vio_console_config config;
    uint32_t count;
    bool     waits;                /* the guest has to give buffers for control first */
    struct port port[PORTS_MAX];
};

/* Memory of `p` is all zero. False: there are too many ports. */
bool ports_start(struct ports *p, const struct io_device *config);
