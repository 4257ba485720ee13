/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a split virtqueue (virtio 1.2, 2.7), without event index
 * and indirect descriptors. Its parts lie in the guest's memory.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VIRTQUEUE_MAX  256u

struct virtqueue {
    uint32_t num;               /* as the driver has set it up */
    uint64_t desc, driver, device;
    bool     ready;
    uint16_t taken;             /* entries of the available ring that are done */
    uint16_t used;
};

/* One buffer: the descriptors of a chain, copied and checked. */
struct virtqueue_chain {
    uint16_t head;
    uint32_t count;             /* of parts */
    uint64_t bytes;             /* in all parts */
    struct {
        uint8_t *at;
        uint32_t length;
    } part[VIRTQUEUE_MAX];
};

enum virtqueue_status {
    VIRTQUEUE_OK,
    VIRTQUEUE_EMPTY,            /* nothing is available */
    VIRTQUEUE_BROKEN,           /* the driver has broken a rule */
};

/* Take what has been set up into use; false: it cannot be. */
bool virtqueue_start(struct virtqueue *q);

/* The next buffer, which is taken by virtqueue_done(). `write`: the device is to
 * write it, else to read it; all parts must be so. */
enum virtqueue_status virtqueue_next(struct virtqueue *q, bool write, struct virtqueue_chain *chain);

/* How many buffers are available, at most q->num; 0 also if the index is wrong. */
uint32_t virtqueue_available(const struct virtqueue *q);

/* Give the buffer back, `written` bytes of it written. Whether the driver wants
 * to be interrupted. */
bool virtqueue_done(struct virtqueue *q, const struct virtqueue_chain *chain, uint32_t written);
