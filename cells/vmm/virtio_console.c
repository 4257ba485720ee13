/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_console.h"

#include <stddef.h>

#include "console.h"
#include "virtio_device.h"

enum { RECEIVE, TRANSMIT, QUEUES };

/* Bytes of the first buffer to send that the console has already taken. */
static uint64_t sent;

/* Send the buffer; false: the console takes no more now. */
static bool transmit_chain(const struct virtqueue_chain *chain)
{
    uint64_t before = 0;

    for (uint32_t i = 0; i < chain->count; i++) {
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
    struct virtqueue *q = &d->queue[TRANSMIT];
    enum virtqueue_status status;

    for (uint32_t n = q->num; n > 0; n--) {
        status = virtqueue_next(q, false, &d->chain);
        if (status == VIRTQUEUE_BROKEN)
            virtio_fail(d);
        if (status != VIRTQUEUE_OK || !transmit_chain(&d->chain))
            return;
        sent = 0;
        if (virtqueue_done(q, &d->chain, 0))
            virtio_interrupt(d);
    }
}

/* Fill the buffer with what there is; how many bytes. */
static uint32_t receive_chain(const struct virtqueue_chain *chain)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < chain->count; i++) {
        size_t got = console_read(chain->part[i].at, chain->part[i].length);

        total += (uint32_t)got;
        if (got < chain->part[i].length)
            break;
    }
    return total;
}

static void receive(struct virtio_device *d)
{
    struct virtqueue *q = &d->queue[RECEIVE];
    enum virtqueue_status status;
    uint32_t got;

    for (uint32_t n = q->num; n > 0; n--) {
        status = virtqueue_next(q, true, &d->chain);
        if (status == VIRTQUEUE_BROKEN)
            virtio_fail(d);
        if (status != VIRTQUEUE_OK)
            return;
        got = receive_chain(&d->chain);
        if (got == 0 && d->chain.bytes > 0)
            return;
        if (virtqueue_done(q, &d->chain, got))
            virtio_interrupt(d);
    }
}

static void notify(struct virtio_device *d, uint32_t queue)
{
    if (queue == TRANSMIT)
        transmit(d);
    else
        receive(d);
}

struct virtio_device virtio_console = {
    .id = VIRTIO_ID_CONSOLE, .queue_count = QUEUES, .notify = notify,
};

void virtio_console_event(void)
{
    struct virtio_device *d = &virtio_console;

    lock_take(&d->lock);
    if (virtio_is_live(d)) {
        transmit(d);
        receive(d);
    }
    virtio_update(d);
    lock_release(&d->lock);
}
