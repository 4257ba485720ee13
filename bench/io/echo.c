/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends each frame back to the network that it came from. */
#include <libmv/libmv.h>

#include <libvirtio/buffers.h>
#include <libvirtio/link.h>

#include "cell.h"

#define FRAME_BYTES 2048u
#define FRAMES_MAX  64u

static struct vio_link_client wire;
static struct vio_driver_slot slots[VIO_LINK_SLOTS];
static struct vio_buffers buffers;
static uint16_t free_buffers[FRAMES_MAX];

static void give(void *buffer, uint32_t queue, uint32_t length)
{
    struct vio_span part = { vio_address(&wire.link.memory, buffer), length };

    if (vio_driver_add(&wire.queue[queue], &part, queue == VIO_NET_TRANSMIT, queue == VIO_NET_RECEIVE, buffer) != VIO_OK)
        vio_buffers_give(&buffers, buffer);
}

/* Half of the buffers receive; each comes back when it has been sent. */
static void begin(void)
{
    uint32_t count;

    vio_buffers_init(&buffers, wire.link.memory.at, wire.link.memory.size, FRAME_BYTES, free_buffers, FRAMES_MAX);
    count = buffers.count / 2;
    for (uint32_t i = 0; i < count; i++)
        give(vio_buffers_take(&buffers), VIO_NET_RECEIVE, FRAME_BYTES);
    vio_link_client_publish(&wire, VIO_NET_RECEIVE);
}

static bool serve(void)
{
    uint32_t length, done = 0;
    void *buffer;

    while (vio_driver_take(&wire.queue[VIO_NET_TRANSMIT], &buffer, &length) == VIO_OK)
        give(buffer, VIO_NET_RECEIVE, FRAME_BYTES);
    for (; vio_driver_take(&wire.queue[VIO_NET_RECEIVE], &buffer, &length) == VIO_OK; done++)
        give(buffer, VIO_NET_TRANSMIT, length);
    vio_link_client_publish(&wire, VIO_NET_TRANSMIT);
    vio_link_client_publish(&wire, VIO_NET_RECEIVE);
    return vio_driver_listen(&wire.queue[VIO_NET_RECEIVE]);
}

static void raised(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    switch (vio_link_client_poll(&wire)) {
    case VIO_LINK_NEW:
        begin();
        break;
    case VIO_LINK_UP:
        break;
    default:
        return;
    }
    while (serve())
        ;
}

int main(void)
{
    static struct mv_loop loop;
    const struct mv_channel_config *channel = &mv_cell.channels[0];

    if (!vio_link_client_open(&wire, channel, VIO_ID_NET, 0, slots))
        return 1;
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, channel->line, raised, NULL);
    raised(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
