/* SPDX-License-Identifier: BSD-2-Clause */
/* What the devices of virtio.h have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/mmio_device.h>

#include "lock.h"

struct virtio_device {
    struct lock lock;          /* of all that follows and is not [I] */
    uint32_t slot;             /* [I] */
    uint32_t interrupt;        /* InterruptStatus */
    bool     line;             /* as last driven */
    struct vio_mmio mmio;
    struct vio_part part[VIO_NUM_MAX];
    struct vio_chain chain;    /* that is being worked on; its parts are above */
};

/* With the lock held: take the next buffer of a queue into d->chain. `write`: the
 * device is to write it, else to read it; if not all parts are so, the device
 * fails. False: there is none. */
bool virtio_next(struct virtio_device *d, uint32_t queue, bool write);

/* Bring the line to what InterruptStatus says; before the lock is released. */
void virtio_update(struct virtio_device *d);

/* For vio_mmio_device.interrupt. */
void virtio_on_interrupt(struct vio_mmio *m);

/* The devices; all but the functions is set by the first reset. */
extern struct virtio_device virtio_console, virtio_rng;
extern const struct vio_mmio_device virtio_console_device, virtio_rng_device;
