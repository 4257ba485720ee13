/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends each frame back to where it came from. */
#include <libmv/libmv.h>

#include <switch/switch_config.h>

#include "exchange.h"

#include "cell.h"

static struct vio_link_server link;

/* False: the client has broken a rule. */
static bool echo(void)
{
    static struct vio_part from_parts[4], to_parts[4];
    static uint8_t frame[BUFFER_BYTES];
    struct vio_chain from = { .part = from_parts, .part_max = 4 }, to = { .part = to_parts, .part_max = 4 };
    struct vio_device_queue *out = &link.queue[VIO_NET_RECEIVE], *in = &link.queue[VIO_NET_TRANSMIT];
    enum vio_status status;
    size_t length;

    for (;;) {
        status = vio_device_next(out, &to);
        if (status != VIO_OK)
            return status != VIO_BROKEN;
        status = vio_device_next(in, &from);
        if (status != VIO_OK) {
            vio_device_untake(out, to.head);
            return status != VIO_BROKEN;
        }
        length = vio_parts_get(from.part, from.out_count, 0, frame, sizeof(frame));
        length = vio_parts_put(to.part + to.out_count, to.in_count, 0, frame, length);
        vio_device_done(in, from.head, 0);
        vio_device_done(out, to.head, (uint32_t)length);
        EXCHANGE->served++;
    }
}

static void work(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    EXCHANGE->server_wakes++;
    if (vio_link_server_poll(&link) == VIO_LINK_NEW)
        (void)vio_link_server_accept(&link);
    if (link.link.state != VIO_LINK_UP)
        return;
    do {
        if (!echo()) {
            vio_link_server_fail(&link);
            EXCHANGE->server_broken += link.link.broken;
            link.link.broken = 0;
            return;
        }
        vio_link_server_publish(&link, VIO_NET_TRANSMIT);
        vio_link_server_publish(&link, VIO_NET_RECEIVE);
        /* Buffers without frames are no work. */
        (void)vio_device_listen(&link.queue[VIO_NET_RECEIVE]);
    } while (vio_device_listen(&link.queue[VIO_NET_TRANSMIT]) &&
             vio_device_available(&link.queue[VIO_NET_RECEIVE]) != 0);
}

int main(void)
{
    static struct mv_loop loop;
    struct vio_net_config device = { .status = VIO_NET_LINK_UP };

    if (switch_config.port_count != 1 ||
        !vio_link_server_open(&link, switch_config.ports[0].link, VIO_ID_NET, 0, &device, sizeof(device)))
        return 1;
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, switch_config.ports[0].link->line, work, NULL);
    work(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
