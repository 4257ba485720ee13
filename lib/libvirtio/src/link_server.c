/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/string.h>

#include "device_place.h"
#include "link_common.h"

static struct vio_link_side *own_side(const struct vio_link_server *s)
{
    return &s->link.header->server;
}

static struct vio_link_side *peer_side(const struct vio_link_server *s)
{
    return &s->link.header->client;
}

static void server_end(struct vio_link_server *s)
{
    for (uint32_t i = 0; i < s->link.layout.queue_count; i++)
        vio_device_stop(&s->queue[i]);
    s->link.state = VIO_LINK_DOWN;
    s->next = 0;
    /* Nothing more of the queues is used: pairs with the client's poll. */
    __atomic_store_n(&own_side(s)->answers, 0, __ATOMIC_RELEASE);
}

/* The configuration into the header, as a whole for its readers. */
static void server_show_config(struct vio_link_server *s)
{
    SHARED_WRITE(own_side(s)->generation, s->generation + 1);
    /* The odd generation is seen before what changes: pairs with
     * vio_link_client_config(). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    memcpy(s->link.header->config, s->device_config, VIO_LINK_CONFIG_BYTES);
    s->generation += 2;
    __atomic_store_n(&own_side(s)->generation, s->generation, __ATOMIC_RELEASE);
}

/* Say who serves here, and what; no session from before counts. */
static void server_offer(struct vio_link_server *s)
{
    server_end(s);
    s->link.peer = 0;
    SHARED_WRITE(own_side(s)->epoch, 0);
    s->link.epoch = link_epoch(&s->link, own_side(s));
    server_show_config(s);
    link_say(&s->link, own_side(s), 0, s->link.own_features);
    link_raise(&s->link, VIO_LINK_RAISE_STATE);
}

bool vio_link_server_open(struct vio_link_server *s, const struct mv_channel_config *config, uint32_t type,
                          uint64_t offered, const void *device_config, uint32_t length)
{
    *s = (struct vio_link_server){ .generation = 0 };
    if (length > VIO_LINK_CONFIG_BYTES || !link_open(&s->link, config, 1, type, offered))
        return false;
    memcpy(s->device_config, device_config, length);
    s->link.epoch = SHARED_READ(own_side(s)->epoch);
    s->generation = SHARED_READ(own_side(s)->generation) & ~1u;
    server_offer(s);
    return true;
}

/* Whether the client whose epoch has just been read asks for what there is. */
static bool server_would_accept(const struct vio_link_server *s, uint64_t features)
{
    return link_is_peer(&s->link, peer_side(s)) && SHARED_READ(peer_side(s)->answers) == s->link.epoch &&
           (features & ~s->link.own_features) == 0;
}

enum vio_link_state vio_link_server_poll(struct vio_link_server *s)
{
    uint32_t client;

    /* The segment has been cleared under us, when the peer started again. */
    if (SHARED_READ(own_side(s)->epoch) != s->link.epoch)
        server_offer(s);
    client = link_read_epoch(peer_side(s));
    if (client != 0 && client == s->link.peer)     /* also if the session has failed */
        return (enum vio_link_state)s->link.state;
    if (s->link.peer != 0) {
        server_end(s);
        s->link.peer = 0;
    }
    s->next_features = SHARED_READ(peer_side(s)->features);
    s->next = client;
    s->link.state = client != 0 && server_would_accept(s, s->next_features) ? VIO_LINK_NEW : VIO_LINK_DOWN;
    return (enum vio_link_state)s->link.state;
}

bool vio_link_server_accept(struct vio_link_server *s)
{
    struct vio_link *l = &s->link;

    if (l->state != VIO_LINK_NEW || link_read_epoch(peer_side(s)) != s->next)
        return false;
    for (uint32_t i = 0; i < l->layout.queue_count; i++) {
        struct vio_ring_layout place = vio_ring_layout_of(l->layout.num);
        uint8_t *at = link_queue(l, i);
        struct vio_used *used = (struct vio_used *)(void *)(at + place.used);

        /* What this side wrote last may be of the session before. */
        SHARED_WRITE(used->flags, 0);
        SHARED_WRITE(used->index, 0);
        SHARED_WRITE(*vio_avail_event(used, l->layout.num), 0);
        vio_device_start_at(&s->queue[i], &l->memory, l->layout.num, (const struct vio_desc *)(void *)at,
                            (struct vio_avail *)(void *)(at + place.avail), used, true);
    }
    l->peer = s->next;
    l->features = s->next_features;
    l->state = VIO_LINK_UP;
    /* The queues are ready before the client hears of it: pairs with its poll. */
    __atomic_store_n(&own_side(s)->answers, l->peer, __ATOMIC_RELEASE);
    link_raise(l, VIO_LINK_RAISE_STATE);
    return true;
}

void vio_link_server_publish(struct vio_link_server *s, uint32_t queue)
{
    if (vio_device_publish(&s->queue[queue]))
        link_raise(&s->link, VIO_LINK_RAISE_QUEUE(queue));
}

void vio_link_server_fail(struct vio_link_server *s)
{
    if (s->link.state != VIO_LINK_UP)
        return;
    /* It is no fault of a client that is making its queues anew. */
    if (link_read_epoch(peer_side(s)) == s->link.peer)
        s->link.broken++;
    server_end(s);
    link_raise(&s->link, VIO_LINK_RAISE_STATE);
}

bool vio_link_server_config(struct vio_link_server *s, uint32_t offset, const void *from, uint32_t length)
{
    if (offset > VIO_LINK_CONFIG_BYTES || length > VIO_LINK_CONFIG_BYTES - offset)
        return false;
    memcpy(s->device_config + offset, from, length);
    server_show_config(s);
    link_raise(&s->link, VIO_LINK_RAISE_STATE);
    return true;
}
