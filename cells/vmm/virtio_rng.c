/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio entropy device (virtio 1.2, 5.4). */
#include "random.h"
#include "virtio_device.h"

#define BUFFER_MAX  4096u      /* of one buffer: a device may fill less than there is */

static uint32_t fill(const struct vio_chain *chain)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < chain->in_count && total < BUFFER_MAX; i++) {
        uint32_t length = chain->part[i].length;

        if (length > BUFFER_MAX - total)
            length = BUFFER_MAX - total;
        random_bytes(chain->part[i].at, length);
        total += length;
    }
    return total;
}

static void notify(struct vio_mmio *m, uint32_t queue)
{
    struct virtio_device *d = m->context;

    for (uint32_t n = m->queue[queue].num; n > 0 && virtio_next(d, queue, true); n--)
        vio_device_done(&m->queue[queue], d->chain.head, fill(&d->chain));
    vio_mmio_publish(m, queue);
}

const struct vio_mmio_device virtio_rng_device = {
    .id = VIO_ID_RNG, .queue_count = 1, .notify = notify, .interrupt = virtio_on_interrupt,
};

struct virtio_device virtio_rng;
