/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/string.h>

#include "link_common.h"

#define CONFIG_TRIES 16

static struct vio_link_side *own_side(const struct vio_link_client *c)
{
    return &c->link.header->client;
}

static struct vio_link_side *peer_side(const struct vio_link_client *c)
{
    return &c->link.header->server;
}

/* Nobody is here. The server may work on in the old session until it sees that. */
static void client_end(struct vio_link_client *c)
{
    SHARED_WRITE(own_side(c)->epoch, 0);
    /* The epoch goes before the queues are made anew: pairs with
     * vio_link_server_fail(). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < c->link.layout.queue_count; i++)
        vio_driver_stop(&c->queue[i]);
    c->link.state = VIO_LINK_DOWN;
    c->link.peer = 0;
}

bool vio_link_client_open(struct vio_link_client *c, const struct mv_channel_config *config, uint32_t type,
                          uint64_t wanted, struct vio_driver_slot *slots)
{
    *c = (struct vio_link_client){ .slots = slots };
    if (!link_open(&c->link, config, 0, type, wanted))
        return false;
    c->link.epoch = SHARED_READ(own_side(c)->epoch);
    client_end(c);
    link_raise(&c->link, VIO_LINK_RAISE_STATE);
    return true;
}

/* Ask for a session with the server that calls itself `server`. */
static void client_propose(struct vio_link_client *c, uint32_t server)
{
    struct vio_link *l = &c->link;

    for (uint32_t i = 0; i < l->layout.queue_count; i++) {
        (void)vio_driver_start(&c->queue[i], link_queue(l, i), l->layout.num, c->slots + i * VIO_NUM_MAX,
                               VIO_DRIVER_EVENT_INDEX);
        c->queue[i].ready = false;         /* until the server has answered */
    }
    l->peer = server;
    l->features = SHARED_READ(peer_side(c)->features) & l->own_features;
    l->epoch = link_epoch(l, own_side(c));
    link_say(l, own_side(c), server, l->features);
    link_raise(l, VIO_LINK_RAISE_STATE);
}

/* Whether what has been proposed still stands, on both sides. */
static bool client_is_bound(const struct vio_link_client *c, uint32_t server)
{
    return c->link.peer != 0 && c->link.peer == server && SHARED_READ(own_side(c)->epoch) == c->link.epoch;
}

enum vio_link_state vio_link_client_poll(struct vio_link_client *c)
{
    uint32_t server = link_read_epoch(peer_side(c));

    if (client_is_bound(c, server)) {
        /* The server's queues are ready when it answers: pairs with
         * vio_link_server_accept(). */
        bool answered = __atomic_load_n(&peer_side(c)->answers, __ATOMIC_ACQUIRE) == c->link.epoch;

        if (answered && c->link.state == VIO_LINK_UP)
            return VIO_LINK_UP;
        if (answered) {
            for (uint32_t i = 0; i < c->link.layout.queue_count; i++)
                c->queue[i].ready = true;
            c->link.state = VIO_LINK_UP;
            return VIO_LINK_NEW;
        }
        if (c->link.state == VIO_LINK_DOWN)
            return VIO_LINK_DOWN;
    }
    if (c->link.peer != 0)
        client_end(c);
    if (server != 0 && link_is_peer(&c->link, peer_side(c)))
        client_propose(c, server);
    return VIO_LINK_DOWN;
}

void vio_link_client_publish(struct vio_link_client *c, uint32_t queue)
{
    if (vio_driver_publish(&c->queue[queue]))
        link_raise(&c->link, VIO_LINK_RAISE_QUEUE(queue));
}

void vio_link_client_reset(struct vio_link_client *c)
{
    /* It is no fault of a server that has started again. */
    if (c->link.state == VIO_LINK_UP && client_is_bound(c, link_read_epoch(peer_side(c))))
        c->link.broken++;
    client_end(c);
    (void)vio_link_client_poll(c);
}

uint32_t vio_link_client_generation(const struct vio_link_client *c)
{
    return SHARED_READ(peer_side(c)->generation);
}

bool vio_link_client_config(const struct vio_link_client *c, uint32_t offset, void *to, uint32_t length)
{
    const struct vio_link_side *server = peer_side(c);

    if (c->link.state != VIO_LINK_UP || offset > VIO_LINK_CONFIG_BYTES || length > VIO_LINK_CONFIG_BYTES - offset)
        return false;
    for (int i = 0; i < CONFIG_TRIES; i++) {
        /* Odd, or different afterwards: it has changed meanwhile. Pairs with
         * vio_link_server_config(). */
        uint32_t generation = __atomic_load_n(&server->generation, __ATOMIC_ACQUIRE);

        memcpy(to, c->link.header->config + offset, length);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((generation & 1) == 0 && SHARED_READ(server->generation) == generation)
            return true;
    }
    return false;
}
