/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_console.h"

#include <stddef.h>

#include "console.h"
#include "virtio_device.h"

enum { RECEIVE, TRANSMIT, QUEUES };

/* Bytes of the first buffer to send that the console has already taken. */
static uint64_t sent;

/* Send the buffer; false: the console takes no more now. */
static bool transmit_chain(const struct vio_chain *chain)
{
    uint64_t before = 0;

    for (uint32_t i = 0; i < chain->out_count; i++) {
        uint64_t length = chain->part[i].length;

        while (sent < before + length) {
            size_t done = console_write(chain->part[i].at + (sent - before), before + length - sent);

            if (done == 0)
                return false;
            sent += done;
        }
        before += length;
    }
    return true;
}

/* What becomes available while this goes on is notified for itself. */
static void transmit(struct virtio_device *d)
{
    struct vio_device_queue *q = &d->mmio.queue[TRANSMIT];

    for (uint32_t n = q->num; n > 0 && virtio_next(d, TRANSMIT, false); n--) {
        if (!transmit_chain(&d->chain)) {
            vio_device_untake(q, d->chain.head);
            break;
        }
        sent = 0;
        vio_device_done(q, d->chain.head, 0);
    }
    vio_mmio_publish(&d->mmio, TRANSMIT);
}

/* Fill the buffer with what there is; how many bytes. */
static uint32_t receive_chain(const struct vio_chain *chain)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < chain->in_count; i++) {
        size_t got = console_read(chain->part[i].at, chain->part[i].length);

        total += (uint32_t)got;
        if (got < chain->part[i].length)
            break;
    }
    return total;
}

static void receive(struct virtio_device *d)
{
    struct vio_device_queue *q = &d->mmio.queue[RECEIVE];

    for (uint32_t n = q->num; n > 0 && virtio_next(d, RECEIVE, true); n--) {
        uint32_t got = receive_chain(&d->chain);

        if (got == 0 && d->chain.in_bytes > 0) {
            vio_device_untake(q, d->chain.head);
            break;
        }
        vio_device_done(q, d->chain.head, got);
    }
    vio_mmio_publish(&d->mmio, RECEIVE);
}

static void notify(struct vio_mmio *m, uint32_t queue)
{
    if (queue == TRANSMIT)
        transmit(m->context);
    else
        receive(m->context);
}

static void reset(struct vio_mmio *m)
{
    (void)m;
    sent = 0;
}

const struct vio_mmio_device virtio_console_device = {
    .id = VIO_ID_CONSOLE, .queue_count = QUEUES, .notify = notify, .interrupt = virtio_on_interrupt, .reset = reset,
};

struct virtio_device virtio_console;

void virtio_console_event(void)
{
    struct virtio_device *d = &virtio_console;

    lock_take(&d->lock);
    if (vio_mmio_is_live(&d->mmio)) {
        transmit(d);
        receive(d);
    }
    virtio_update(d);
    lock_release(&d->lock);
}
