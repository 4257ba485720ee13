/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends frames over a network link, and looks at what comes back. */
#include <libmv/libmv.h>

#include "exchange.h"

#include "cell.h"

#define BUFFERS   64u
#define PATIENCE  (100 * MV_MS)

static struct vio_link_client link;
static struct vio_driver_slot slots[VIO_LINK_SLOTS];
static struct vio_buffers buffers;
static uint16_t free_list[BUFFERS];
static uint64_t life, session, sent, received, last_news;
static uint32_t receiving;

static struct vio_driver_queue *queue(uint32_t n)
{
    return &link.queue[n];
}

static void give_buffers(void)
{
    uint8_t *b;

    while (receiving < BUFFERS / 2 && (b = vio_buffers_take(&buffers)) != NULL) {
        struct vio_span span = { vio_address(&link.link.memory, b), BUFFER_BYTES };

        if (vio_driver_add(queue(VIO_NET_RECEIVE), &span, 0, 1, b) != VIO_OK) {
            vio_buffers_give(&buffers, b);
            break;
        }
        receiving++;
    }
    vio_link_client_publish(&link, VIO_NET_RECEIVE);
}

static void send_frames(void)
{
    uint8_t *b;

    while (sent - received < EXCHANGE->pace && buffers.free_count > 4 &&
           vio_driver_free(queue(VIO_NET_TRANSMIT)) != 0 && (b = vio_buffers_take(&buffers)) != NULL) {
        struct frame *f = (struct frame *)(b + 16);
        struct vio_span span[2] = { { vio_address(&link.link.memory, b), sizeof(struct vio_net_header) },
                                    { vio_address(&link.link.memory, f), 0 } };

        for (uint32_t i = 0; i < sizeof(struct vio_net_header); i++)
            b[i] = 0;
        *f = (struct frame){ .life = life, .session = session, .number = sent, .words = sent % (FRAME_WORDS + 1) };
        for (uint64_t i = 0; i < f->words; i++)
            f->word[i] = sent * UINT64_C(0x9e3779b97f4a7c15) + i;
        f->sum = frame_sum(f);
        span[1].length = (uint32_t)(sizeof(*f) - sizeof(f->word) + f->words * 8);
        if (vio_driver_add(queue(VIO_NET_TRANSMIT), span, 2, 0, b) != VIO_OK) {
            vio_buffers_give(&buffers, b);
            break;
        }
        sent++;
        if (sent % 4 == 0)
            vio_link_client_publish(&link, VIO_NET_TRANSMIT);
    }
    vio_link_client_publish(&link, VIO_NET_TRANSMIT);
}

/* In their order, none twice; one may be left out where the server had no room. */
static void look_at(const uint8_t *b, uint32_t length)
{
    static struct frame f;
    uint64_t size = length - sizeof(struct vio_net_header);

    if (length < sizeof(struct vio_net_header) || size > sizeof(f)) {
        EXCHANGE->wrong++;
        return;
    }
    memcpy(&f, b + sizeof(struct vio_net_header), size);
    if (f.life != life || f.session != session || f.number != received || f.number >= sent ||
        size != sizeof(f) - sizeof(f.word) + f.words * 8 || f.sum != frame_sum(&f))
        EXCHANGE->wrong++;
    else
        EXCHANGE->good++;
    received = f.number + 1;
}

/* False: the server has broken a rule. */
static bool take_all(void)
{
    enum vio_status status;
    uint32_t length;
    void *b;

    while ((status = vio_driver_take(queue(VIO_NET_TRANSMIT), &b, &length)) == VIO_OK)
        vio_buffers_give(&buffers, b);
    if (status == VIO_BROKEN)
        return false;
    while ((status = vio_driver_take(queue(VIO_NET_RECEIVE), &b, &length)) == VIO_OK) {
        look_at(b, length);
        vio_buffers_give(&buffers, b);
        receiving--;
        last_news = mv_time_ns();
    }
    return status != VIO_BROKEN;
}

static void begin(void)
{
    vio_buffers_init(&buffers, link.link.memory.at, link.link.memory.size, BUFFER_BYTES, free_list, BUFFERS);
    receiving = 0;
    sent = received = 0;
    session++;
    EXCHANGE->sessions++;
    last_news = mv_time_ns();
}

static void work(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    EXCHANGE->client_wakes++;
    switch (vio_link_client_poll(&link)) {
    case VIO_LINK_DOWN: return;
    case VIO_LINK_NEW:  begin(); break;
    case VIO_LINK_UP:   break;
    }
    do {
        if (!take_all()) {
            vio_link_client_reset(&link);
            EXCHANGE->client_broken += link.link.broken;
            link.link.broken = 0;
            return;
        }
        give_buffers();
        send_frames();
    } while (vio_driver_listen(queue(VIO_NET_RECEIVE)));
}

static struct mv_loop loop;

static void patience(void *context)
{
    if (link.link.state == VIO_LINK_UP && sent != received && mv_time_ns() - last_news > PATIENCE) {
        EXCHANGE->resets++;
        vio_link_client_reset(&link);
        link.link.broken = 0;
        last_news = mv_time_ns();
    }
    work(context, 0);
    mv_loop_at(&loop, mv_time_ns() + 20 * MV_MS);
}

int main(void)
{
    const struct mv_channel_config *config = mv_channel_find("server");

    life = mv_time_ns();
    if (config == NULL || !vio_link_client_open(&link, config, VIO_ID_NET, 0, slots))
        return 1;
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, config->line, work, NULL);
    mv_loop_on_time(&loop, patience, NULL);
    patience(NULL);
    mv_loop_run(&loop);
    return 0;
}
