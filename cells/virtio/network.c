/* SPDX-License-Identifier: BSD-2-Clause */
#include "network.h"

#include <stddef.h>

#include <libmv/string.h>
#include <libmv/time.h>

#define HEADER ((uint32_t)sizeof(struct vio_net_header))

/* Of the chain that is being worked on. */
static struct vio_part parts[VIO_NUM_MAX];

static struct network *network_of(struct slot *s)
{
    return (struct network *)(void *)s;
}

static struct vio_device_queue *guest_queue(struct network *n, uint32_t queue)
{
    return &n->slot.mmio.queue[queue];
}

static struct vio_driver_queue *link_queue(struct network *n, uint32_t queue)
{
    return &n->link.queue[queue];
}

static bool is_frame(uint64_t bytes)
{
    return bytes >= HEADER + NETWORK_FRAME_MIN && bytes <= HEADER + NETWORK_FRAME_MAX;
}

static void driver_failed(struct network *n)
{
    say("network %s: the driver has broken the queue's rules", n->slot.config->name);
    vio_mmio_fail(&n->slot.mmio);
}

static void session_end(struct network *n);

static void switch_failed(struct network *n)
{
    say("network %s: the switch has broken the queue's rules", n->slot.config->name);
    session_end(n);
    vio_link_client_reset(&n->link);
}

/* ---- from the guest --------------------------------------------------------------- */

/* Buffers that the switch has done with. False: the session has ended. */
static bool reclaim(struct network *n)
{
    void *token;
    uint32_t length;
    enum vio_status status;

    while ((status = vio_driver_take(link_queue(n, VIO_NET_TRANSMIT), &token, &length)) == VIO_OK)
        vio_buffers_give(&n->buffers, token);
    if (status == VIO_BROKEN)
        switch_failed(n);
    return n->up;
}

static bool has_room(struct network *n)
{
    return n->buffers.free_count != 0 && vio_driver_free(link_queue(n, VIO_NET_TRANSMIT)) != 0;
}

/* The header says nothing: no feature is agreed that would give it a meaning. */
static void send_frame(struct network *n, const struct vio_chain *chain)
{
    void *buffer = vio_buffers_take(&n->buffers);
    uint32_t bytes = (uint32_t)chain->out_bytes - HEADER;
    struct vio_span span = { vio_address(&n->link.link.memory, buffer), HEADER + bytes };

    memset(buffer, 0, HEADER);
    (void)vio_parts_get(chain->part, chain->out_count, HEADER, (uint8_t *)buffer + HEADER, bytes);
    (void)vio_driver_add(link_queue(n, VIO_NET_TRANSMIT), &span, 1, 0, buffer);
    n->sent++;
}

/* True: there may be more, and room for it. */
static bool transmit(struct network *n)
{
    struct vio_device_queue *q = guest_queue(n, VIO_NET_TRANSMIT);
    struct vio_chain chain = { .part = parts, .part_max = VIO_NUM_MAX };

    n->full = false;
    for (uint32_t i = 0; i < SLOT_BATCH; i++) {
        enum vio_status status;

        if (n->up && !has_room(n) && reclaim(n) && !has_room(n)) {
            n->full = true;
            return false;
        }
        status = vio_device_next(q, &chain);
        if (status == VIO_BROKEN)
            driver_failed(n);
        if (status != VIO_OK)
            return false;
        if (n->up && is_frame(chain.out_bytes))
            send_frame(n, &chain);
        else
            n->dropped++;
        vio_device_done(q, chain.head, 0);
    }
    return true;
}

/* ---- to the guest -------------------------------------------------------------------- */

/* Let the switch write into this buffer. */
static void offer(struct network *n, void *buffer)
{
    struct vio_span span = { vio_address(&n->link.link.memory, buffer), NETWORK_BUFFER };

    (void)vio_driver_add(link_queue(n, VIO_NET_RECEIVE), &span, 0, 1, buffer);
}

/* The switch's header is not the guest's: there is one buffer, and no feature. */
static bool receive_frame(struct network *n, const struct vio_chain *chain, const void *buffer, uint32_t length)
{
    const struct vio_net_header header = { .num_buffers = 1 };

    if (!is_frame(length) || length > chain->in_bytes) {
        n->dropped++;
        return false;
    }
    (void)vio_parts_put(chain->part, chain->in_count, 0, &header, HEADER);
    (void)vio_parts_put(chain->part, chain->in_count, HEADER, (const uint8_t *)buffer + HEADER, length - HEADER);
    n->received++;
    return true;
}

/* What has come while there was no driver is nobody's. There are no more buffers
 * than the queue has places. */
static void receive_nothing(struct network *n)
{
    void *buffer;
    uint32_t length;

    n->stale = false;
    if (n->held != NULL)
        offer(n, n->held);
    n->held = NULL;
    for (uint32_t i = 0; i < VIO_NUM_MAX; i++) {
        enum vio_status status = vio_driver_take(link_queue(n, VIO_NET_RECEIVE), &buffer, &length);

        if (status == VIO_BROKEN)
            switch_failed(n);
        if (status != VIO_OK)
            return;
        offer(n, buffer);
        n->dropped++;
    }
}

/* The next frame in the link, if there is none in hand. */
static bool has_frame(struct network *n)
{
    enum vio_status status;

    if (n->held != NULL)
        return true;
    status = vio_driver_take(link_queue(n, VIO_NET_RECEIVE), &n->held, &n->held_bytes);
    if (status == VIO_OK)
        return true;
    n->held = NULL;
    if (status == VIO_BROKEN)
        switch_failed(n);
    return false;
}

/* True: there may be more, and room for it. */
static bool receive(struct network *n)
{
    struct vio_device_queue *q = guest_queue(n, VIO_NET_RECEIVE);
    struct vio_chain chain = { .part = parts, .part_max = VIO_NUM_MAX };

    n->starved = false;
    for (uint32_t i = 0; n->up && i < SLOT_BATCH; i++) {
        enum vio_status status;

        if (!has_frame(n))
            return false;
        status = vio_device_next(q, &chain);
        n->starved = status == VIO_EMPTY;
        if (status == VIO_BROKEN || (status == VIO_OK && chain.out_count != 0))
            driver_failed(n);
        if (!vio_mmio_is_live(&n->slot.mmio) || status != VIO_OK)
            return false;
        if (receive_frame(n, &chain, n->held, n->held_bytes))
            vio_device_done(q, chain.head, n->held_bytes);
        else
            vio_device_untake(q, chain.head);
        offer(n, n->held);
        n->held = NULL;
    }
    return n->up;
}

/* ---- sessions --------------------------------------------------------------------------- */

static void carrier(struct network *n, bool on)
{
    n->up = on;
    n->config.status = on ? VIO_NET_LINK_UP : 0;
    vio_mmio_config_changed(&n->slot.mmio);
}

static void session_end(struct network *n)
{
    n->held = NULL;
    if (n->up)
        carrier(n, false);
}

/* Most of the buffers, or as many as the queue has places, are the switch's to
 * fill: what the guest sends can wait in its own. */
static void session_begin(struct network *n)
{
    const struct vio_memory *m = &n->link.link.memory;
    uint32_t count;

    vio_buffers_init(&n->buffers, m->at, m->size, NETWORK_BUFFER, n->buffers_free, NETWORK_BUFFERS);
    count = n->buffers.count - n->buffers.count / 4;
    count = count < n->link.link.layout.num ? count : n->link.link.layout.num;
    while (count-- > 0)
        offer(n, vio_buffers_take(&n->buffers));
    carrier(n, true);
}

static void look_at_link(struct network *n)
{
    switch (n->open ? vio_link_client_poll(&n->link) : VIO_LINK_DOWN) {
    case VIO_LINK_NEW:
        session_end(n);
        session_begin(n);
        break;
    case VIO_LINK_DOWN:
        session_end(n);
        break;
    case VIO_LINK_UP:
        break;
    }
}

/* ---- turns ------------------------------------------------------------------------------- */

/* Whether what the guest sends is to be collected from now on: it is in a rush. */
static bool is_in_rush(struct network *n)
{
    if (n->interrupts != n->slot.interrupts)
        n->rush = 0;
    else if (n->sent != n->paced)
        n->rush++;
    n->interrupts = n->slot.interrupts;
    return n->rush >= NETWORK_RUSH;
}

/* Choose between being notified by the guest and collecting. */
static void pace(struct network *n, bool live)
{
    uint64_t now = n->collecting ? mv_time_ns() : 0;

    if (n->collecting && now < n->until) {
        n->slot.later = n->until;
        return;
    }
    n->collecting = live && !n->full && (n->collecting ? n->sent - n->paced > 1 : is_in_rush(n));
    n->paced = n->sent;
    if (!n->collecting)
        return;
    n->rush = 0;
    n->until = (now != 0 ? now : mv_time_ns()) + NETWORK_WAIT_NS;
    n->slot.later = n->until;
}

/* Whoever has to do the next thing is to say so, and nobody else. */
static bool listen(struct network *n, bool live)
{
    bool more = false;

    pace(n, live);
    if (live && !n->full && !n->collecting)
        more = vio_device_listen(guest_queue(n, VIO_NET_TRANSMIT));
    if (live && n->starved)
        more = vio_device_listen(guest_queue(n, VIO_NET_RECEIVE)) || more;
    if (n->up && n->full)
        more = vio_driver_listen(link_queue(n, VIO_NET_TRANSMIT)) || more;
    if (n->up && live && !n->starved)
        more = vio_driver_listen(link_queue(n, VIO_NET_RECEIVE)) || more;
    return more;
}

static bool turn(struct slot *s)
{
    struct network *n = network_of(s);
    bool more = false, live;

    look_at_link(n);
    live = vio_mmio_is_live(&s->mmio);
    if (live) {
        vio_device_quiet(guest_queue(n, VIO_NET_TRANSMIT));
        vio_device_quiet(guest_queue(n, VIO_NET_RECEIVE));
        if (n->up && n->stale)
            receive_nothing(n);
        more = transmit(n);
        more = receive(n) || more;
        live = vio_mmio_is_live(&s->mmio);
    }
    if (live) {
        vio_mmio_publish(&s->mmio, VIO_NET_TRANSMIT);
        vio_mmio_publish(&s->mmio, VIO_NET_RECEIVE);
    }
    more = (live && more) || listen(n, live);
    /* Last: on this core the switch may have done all of it when this returns, and
     * raised the line for it. */
    if (n->up) {
        vio_link_client_publish(&n->link, VIO_NET_TRANSMIT);
        vio_link_client_publish(&n->link, VIO_NET_RECEIVE);
    }
    return more;
}

static void reset(struct vio_mmio *m)
{
    struct network *n = network_of((struct slot *)m->context);

    n->stale = true;
    n->collecting = false;
    n->rush = 0;
}

static uint64_t config_read(struct vio_mmio *m, uint32_t offset, uint32_t size)
{
    const struct network *n = network_of((struct slot *)m->context);

    return vio_mmio_config_bytes(&n->config, sizeof(n->config), offset, size);
}

void network_start(struct network *n, const struct io_device *config)
{
    static const struct slot_kind kind = { .turn = turn };

    n->config = (struct vio_net_config){ .max_virtqueue_pairs = 1 };
    memcpy(n->config.mac, config->mac, sizeof(n->config.mac));
    n->slot.device = (struct vio_mmio_device){
        .id = VIO_ID_NET, .queue_count = 2, .reset = reset, .config_read = config_read,
        .features = VIO_F_EVENT_IDX | VIO_NET_F_MAC | VIO_NET_F_STATUS,
    };
    slot_add(&n->slot, config, &kind);
    n->open = vio_link_client_open(&n->link, config->link, VIO_ID_NET, 0, n->link_slots);
    if (!n->open)
        say("network %s: its link is not one", config->name);
}
