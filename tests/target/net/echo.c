/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends frames of the type for experiments back to who has sent them. On its console,
 * `c` says the counters of the net cell.
 */
#include <libmv/libmv.h>
#include <libnet/link.h>

#include "cell.h"

#define TYPE_AT    12u
#define TYPE_FIRST 0x88u
#define TYPE_LAST  0xb5u

static struct net_link net;
static struct mv_loop loop;
static uint64_t sent_back, lost;

static void send_back(uint8_t *frame, size_t size)
{
    if (size < NET_FRAME_HEAD || frame[TYPE_AT] != TYPE_FIRST || frame[TYPE_AT + 1] != TYPE_LAST)
        return;
    memcpy(frame, frame + 6, 6);
    memcpy(frame + 6, net.port.mac, 6);
    if (net_port_send(&net.port, frame, size))
        sent_back++;
    else
        lost++;
}

static void link_event(void *context, uint64_t payload)
{
    static uint8_t frame[NET_FRAME_MAX];
    size_t size;

    (void)context;
    (void)payload;
    do {
        if (!net_port_is_up(&net.port))
            continue;
        while ((size = net_port_receive(&net.port, frame)) != 0)
            send_back(frame, size);
    } while (net_port_settle(&net.port));
}

static void key_event(void *context, uint64_t payload)
{
    struct mv_words w = { { 0 } };

    (void)context;
    (void)payload;
    while (mv_get_char_try() >= 0) {
        mv_status_t st = mv_call(CAP_COUNTERS, &w);

        mv_print("NOTE %lu back, %lu not; card: status %lu, %lu in, %lu out, lost %lu %lu, bad %lu, %lu events, %lu sessions\n",
                 sent_back, lost, st, w.w[0], w.w[1], w.w[2], w.w[3], w.w[4], w.w[5], w.w[6]);
    }
}

int main(void)
{
    const struct mv_channel_config *config = mv_channel_find("switch");

    mv_loop_init(&loop);
    mv_assert(net_link_open(&net, config));
    mv_loop_on_line(&loop, config->line, link_event, NULL);
    mv_loop_on_line(&loop, mv_cell.console->line, key_event, NULL);
    mv_print("ready\n");
    key_event(NULL, 0);
    link_event(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
