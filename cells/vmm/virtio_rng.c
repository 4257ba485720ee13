/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio entropy device (virtio 1.2, 5.4). */
#include <stddef.h>

#include "random.h"
#include "virtio_device.h"

#define BUFFER_MAX  4096u      /* of one buffer: a device may fill less than there is */

static uint32_t fill(const struct virtqueue_chain *chain)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < chain->count && total < BUFFER_MAX; i++) {
        uint32_t length = chain->part[i].length;

        if (length > BUFFER_MAX - total)
            length = BUFFER_MAX - total;
        random_bytes(chain->part[i].at, length);
        total += length;
    }
    return total;
}

static void notify(struct virtio_device *d, uint32_t queue)
{
    struct virtqueue *q = &d->queue[queue];
    enum virtqueue_status status;

    for (uint32_t n = q->num; n > 0; n--) {
        status = virtqueue_next(q, true, &d->chain);
        if (status == VIRTQUEUE_BROKEN)
            virtio_fail(d);
        if (status != VIRTQUEUE_OK)
            return;
        if (virtqueue_done(q, &d->chain, fill(&d->chain)))
            virtio_interrupt(d);
    }
}

struct virtio_device virtio_rng = {
    .id = VIRTIO_ID_RNG, .queue_count = 1, .notify = notify,
};
