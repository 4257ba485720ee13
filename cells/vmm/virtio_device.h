/* SPDX-License-Identifier: BSD-2-Clause */
/* What the devices of virtio.h have in common. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lock.h"
#include "virtqueue.h"

#define VIRTIO_QUEUES  2u

#define VIRTIO_ID_CONSOLE  3u
#define VIRTIO_ID_RNG      4u

struct virtio_device {
    struct lock lock;          /* of all that follows and is not [I] */
    uint32_t slot;             /* [I] */
    uint32_t id;               /* [I] */
    uint32_t queue_count;      /* [I] */
    /* The driver has made a queue ready, or more of it available. */
    void   (*notify)(struct virtio_device *d, uint32_t queue);   /* [I] */

    uint32_t device_features_sel, driver_features_sel, queue_sel;
    uint64_t driver_features;
    uint32_t status;
    uint32_t interrupt;        /* InterruptStatus */
    bool     line;             /* as last driven */
    struct virtqueue queue[VIRTIO_QUEUES];
    struct virtqueue_chain chain;   /* that is being worked on */
};

/* With the lock held: whether the device may use its queues. */
bool virtio_is_live(const struct virtio_device *d);

/* The driver is to look at the queues; or it has broken a rule. */
void virtio_interrupt(struct virtio_device *d);
void virtio_fail(struct virtio_device *d);

/* Bring the line to what InterruptStatus says; before the lock is released. */
void virtio_update(struct virtio_device *d);

/* The devices; `slot` is set by the first reset. */
extern struct virtio_device virtio_console, virtio_rng;
