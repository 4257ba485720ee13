/* SPDX-License-Identifier: BSD-2-Clause */
#include <libnet/link.h>

#include <libmv/string.h>

#include <libvirtio/types.h>

#define BUFFER_BYTES 2048u             /* a header and a frame */
#define HEADER_BYTES sizeof(struct vio_net_header)

_Static_assert(HEADER_BYTES + NET_FRAME_MAX <= BUFFER_BYTES, "a frame has one buffer");

static struct net_link *link_of(struct net_port *p)
{
    return (struct net_link *)p;
}

static void give_to_receive(struct net_link *l, void *buffer)
{
    struct vio_span span = { vio_address(&l->client.link.memory, buffer), BUFFER_BYTES };

    /* There is a descriptor for each buffer. */
    (void)vio_driver_add(&l->client.queue[VIO_NET_RECEIVE], &span, 0, 1, buffer);
}

/* All buffers are ours again: the first half receives, the others send. */
static void start_session(struct net_link *l)
{
    const struct vio_memory *m = &l->client.link.memory;
    uint32_t num = l->client.link.layout.num, all = (uint32_t)(m->size / BUFFER_BYTES);
    uint32_t receiving = all / 2 < num ? all / 2 : num;

    for (uint32_t i = 0; i < receiving; i++)
        give_to_receive(l, m->at + i * BUFFER_BYTES);
    uint64_t used = (uint64_t)receiving * BUFFER_BYTES;
    vio_buffers_init(&l->sending, m->at + used, m->size - used, BUFFER_BYTES, l->free, num);
    (void)vio_link_client_config(&l->client, 0, l->port.mac, sizeof(l->port.mac));
    vio_driver_quiet(&l->client.queue[VIO_NET_TRANSMIT]);
    vio_link_client_publish(&l->client, VIO_NET_RECEIVE);
}

static bool link_is_up(struct net_port *p)
{
    struct net_link *l = link_of(p);
    enum vio_link_state state = vio_link_client_poll(&l->client);

    if (state == VIO_LINK_NEW)
        start_session(l);
    l->up = state != VIO_LINK_DOWN;
    return l->up;
}

/* The other side has broken a rule: nothing of this session counts. */
static void give_up(struct net_link *l)
{
    vio_link_client_reset(&l->client);
    l->up = false;
}

static void take_back_sent(struct net_link *l)
{
    enum vio_status status;
    uint32_t length;
    void *buffer;

    while ((status = vio_driver_take(&l->client.queue[VIO_NET_TRANSMIT], &buffer, &length)) == VIO_OK)
        vio_buffers_give(&l->sending, buffer);
    if (status == VIO_BROKEN)
        give_up(l);
}

static bool link_send(struct net_port *p, const struct net_piece *piece, unsigned count)
{
    struct net_link *l = link_of(p);
    uint8_t *buffer = NULL;
    size_t size = 0;

    for (unsigned i = 0; i < count; i++)
        size = piece[i].size > NET_FRAME_MAX - size ? NET_FRAME_MAX + 1 : size + piece[i].size;
    if (l->up && l->sending.free_count == 0) {
        /* A switch that is more urgent than this cell has sent them right away. */
        vio_link_client_publish(&l->client, VIO_NET_TRANSMIT);
        take_back_sent(l);
    }
    if (l->up && size >= NET_FRAME_HEAD && size <= NET_FRAME_MAX)
        buffer = vio_buffers_take(&l->sending);
    if (buffer == NULL) {
        l->lost++;
        return false;
    }
    struct vio_span span = { vio_address(&l->client.link.memory, buffer), (uint32_t)(HEADER_BYTES + size) };
    uint8_t *to = buffer + HEADER_BYTES;

    memset(buffer, 0, HEADER_BYTES);
    for (unsigned i = 0; i < count; to += piece[i++].size)
        memcpy(to, piece[i].bytes, piece[i].size);
    if (vio_driver_add(&l->client.queue[VIO_NET_TRANSMIT], &span, 1, 0, buffer) != VIO_OK) {
        vio_buffers_give(&l->sending, buffer);
        l->lost++;
        return false;
    }
    l->sent++;
    return true;
}

static size_t link_receive(struct net_port *p, void *frame)
{
    struct net_link *l = link_of(p);
    enum vio_status status = VIO_EMPTY;
    uint32_t length;
    void *buffer;

    while (l->up && (status = vio_driver_take(&l->client.queue[VIO_NET_RECEIVE], &buffer, &length)) == VIO_OK) {
        size_t size = length > HEADER_BYTES ? length - HEADER_BYTES : 0;
        bool good = size >= NET_FRAME_HEAD && size <= NET_FRAME_MAX;
        if (good)
            memcpy(frame, (const uint8_t *)buffer + HEADER_BYTES, size);
        give_to_receive(l, buffer);
        if (good) {
            l->received++;
            return size;
        }
        l->broken++;
    }
    if (status == VIO_BROKEN)
        give_up(l);
    return 0;
}

static bool link_settle(struct net_port *p)
{
    struct net_link *l = link_of(p);

    if (!l->up)
        return false;
    take_back_sent(l);
    if (!l->up)
        return false;
    vio_link_client_publish(&l->client, VIO_NET_TRANSMIT);
    vio_link_client_publish(&l->client, VIO_NET_RECEIVE);
    return vio_driver_listen(&l->client.queue[VIO_NET_RECEIVE]);
}

bool net_link_open(struct net_link *l, const struct mv_channel_config *config)
{
    static const struct net_port_calls calls = { link_is_up, link_send, link_receive, link_settle };

    memset(l, 0, sizeof(*l));
    l->port.calls = &calls;
    return config != NULL &&
           vio_link_client_open(&l->client, config, VIO_ID_NET, VIO_NET_F_MAC | VIO_NET_F_STATUS, l->slots);
}
