/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay.h"

#include <stddef.h>

#include <libmv/print.h>
#include <libmv/time.h>

#include <libvirtio/buffers.h>
#include <libvirtio/link.h>
#include <libvirtio/types.h>

#include "nic.h"

#define HEADER        ((uint32_t)sizeof(struct vio_net_header))
#define FRAME_MIN     14u              /* two addresses and a type */
#define FRAME_MAX     1518u            /* with a VLAN's tag */
#define BUFFER_BYTES  2048u
#define BUFFERS_MAX   (2 * VIO_NUM_MAX)

#define ROUNDS        4u
#define SILENCE_NS    (5 * MV_S)       /* the card sends nothing of what it has to send */
#define TELL_NS       (10 * MV_S)      /* at most one line about lost frames in this time */

/* Who may use a buffer. */
enum holder { IDLE, AT_CARD, AT_SWITCH };

/* The buffers of one direction. */
struct half {
    struct vio_buffers idle;
    uint16_t free[BUFFERS_MAX / 2];
    uint8_t  holder[BUFFERS_MAX / 2];
    uint32_t held[3];                  /* how many each holder has */
};

struct relay_counters relay_counters;

static struct vio_link_client link;
static struct vio_driver_slot link_slots[VIO_LINK_SLOTS];
static struct vio_memory dma;          /* the link's, as the card calls it */
static struct half in, out;
static bool up;                        /* there is a switch */

static uint64_t now;
static uint64_t progress;              /* when the card was last seen to send, or had nothing to send */
static uint64_t checked;
static uint64_t told, told_at;         /* losses that were told of, and when */
static struct pci_revival revival;
static bool stuck;                     /* the card has failed and cannot be stopped */

/* ---- buffers ---------------------------------------------------------------------- */

/* A buffer, or a place in it, has a new holder. */
static void pass(struct half *h, const void *buffer, enum holder to)
{
    uint32_t n = vio_buffers_number(&h->idle, buffer);

    h->held[h->holder[n]]--;
    h->held[to]++;
    h->holder[n] = (uint8_t)to;
    if (to == IDLE)
        vio_buffers_give(&h->idle, buffer);
}

/* What this one held is idle. */
static void take_all_back(struct half *h, enum holder from)
{
    for (uint32_t n = 0; n < h->idle.count; n++)
        if (h->holder[n] == (uint8_t)from)
            pass(h, h->idle.at + n * BUFFER_BYTES, IDLE);
}

static struct vio_driver_queue *from_switch(void)
{
    return &link.queue[VIO_NET_RECEIVE];
}

static struct vio_driver_queue *to_switch(void)
{
    return &link.queue[VIO_NET_TRANSMIT];
}

static uint64_t place(const void *buffer)
{
    return vio_address(&link.link.memory, buffer);
}

/* ---- card to switch ------------------------------------------------------------------ */

static void frame_in(uint8_t *buffer, uint32_t bytes)
{
    struct vio_span span = { place(buffer), bytes };

    relay_counters.received++;
    if (bytes < HEADER + FRAME_MIN || bytes > HEADER + FRAME_MAX) {
        relay_counters.bad++;
    } else {
        *(struct vio_net_header *)(void *)buffer = (struct vio_net_header){ .flags = 0 };
        if (up && vio_driver_add(to_switch(), &span, 1, 0, buffer) == VIO_OK) {
            pass(&in, buffer, AT_SWITCH);
            return;
        }
        relay_counters.lost_in++;
    }
    pass(&in, buffer, IDLE);
}

/* False: somebody has broken the rules of a queue. */
static bool card_to_switch(void)
{
    enum vio_status received, returned;
    uint32_t bytes;
    void *buffer;

    while ((received = nic_take_received(&buffer, &bytes)) == VIO_OK)
        frame_in((uint8_t *)buffer, bytes);
    while ((returned = vio_driver_take(to_switch(), &buffer, &bytes)) == VIO_OK)
        pass(&in, buffer, IDLE);
    while ((buffer = vio_buffers_take(&in.idle)) != NULL) {
        if (nic_receive(&dma, buffer, BUFFER_BYTES) != VIO_OK) {
            vio_buffers_give(&in.idle, buffer);
            break;
        }
        pass(&in, buffer, AT_CARD);
    }
    if (returned == VIO_BROKEN)
        vio_link_client_reset(&link);
    return received != VIO_BROKEN;
}

/* ---- switch to card -------------------------------------------------------------------- */

static void frame_out(uint8_t *buffer, uint32_t bytes)
{
    bool good = bytes >= HEADER + FRAME_MIN && bytes <= HEADER + FRAME_MAX;

    relay_counters.bad += !good;
    if (good && nic_send(&dma, buffer + HEADER, bytes - HEADER) == VIO_OK) {
        if (out.held[AT_CARD] == 0)
            progress = now;
        pass(&out, buffer, AT_CARD);
        return;
    }
    relay_counters.lost_out += good;
    pass(&out, buffer, IDLE);
}

static bool switch_to_card(void)
{
    enum vio_status sent, given = VIO_EMPTY;
    uint32_t bytes;
    void *buffer;

    while ((sent = nic_take_sent(&buffer)) == VIO_OK) {
        relay_counters.sent++;
        progress = now;
        pass(&out, buffer, IDLE);
    }
    while (nic_can_send() && (given = vio_driver_take(from_switch(), &buffer, &bytes)) == VIO_OK)
        frame_out((uint8_t *)buffer, bytes);
    while (up && (buffer = vio_buffers_take(&out.idle)) != NULL) {
        struct vio_span span = { place(buffer), BUFFER_BYTES };

        if (vio_driver_add(from_switch(), &span, 0, 1, buffer) != VIO_OK) {
            vio_buffers_give(&out.idle, buffer);
            break;
        }
        pass(&out, buffer, AT_SWITCH);
    }
    if (given == VIO_BROKEN)
        vio_link_client_reset(&link);
    return sent != VIO_BROKEN;
}

/* ---- the card ------------------------------------------------------------------------- */

static void card_gone(void)
{
    stuck = false;
    take_all_back(&in, AT_CARD);
    take_all_back(&out, AT_CARD);
}

static void card_fail(const char *why)
{
    mv_print("the network card has failed: %s\n", why);
    pci_revive_later(&revival, now);
    stuck = true;
    if (nic_stop())
        card_gone();
    else
        mv_print("the network card cannot be stopped: its buffers stay with it\n");
}

void relay_card_failed(void)
{
    now = mv_time_ns();
    if (nic.works)
        card_fail("it asks to be reset");
}

static uint64_t losses(void)
{
    return relay_counters.lost_in + relay_counters.lost_out + relay_counters.bad;
}

static void losses_tell(void)
{
    const struct relay_counters *c = &relay_counters;
    uint64_t lost = losses();

    if (lost == told || now - told_at < TELL_NS)
        return;
    mv_print("lost: %lu received without a switch, %lu sent without a card, %lu of a wrong length\n",
             c->lost_in, c->lost_out, c->bad);
    told = lost;
    told_at = now;
}

/* How the card does. */
static void card_check(void)
{
    if (now - checked >= PCI_TICK_NS) {
        checked = now;
        if (nic.works && out.held[AT_CARD] > 0 && now - progress >= SILENCE_NS)
            card_fail("it does not send");
        else if (stuck && nic_stop())
            card_gone();
        losses_tell();
    }
    if (!stuck && pci_revive_due(&revival, now)) {
        relay_counters.restarts++;
        if (nic_start()) {
            pci_revived(&revival);
            mv_print("the network card works again\n");
        }
    }
}

/* ---- all together ------------------------------------------------------------------------ */

/* What the switch had is free when its session has ended. */
static void switch_poll(void)
{
    enum vio_link_state state = vio_link_client_poll(&link);

    if (state == VIO_LINK_UP)
        return;
    up = state == VIO_LINK_NEW;
    relay_counters.sessions += up;
    take_all_back(&in, AT_SWITCH);
    take_all_back(&out, AT_SWITCH);
}

/* Buffers that come back are waited for only when they become few, or nothing can go
 * on without them. */
static bool listen(void)
{
    bool more = nic_listen_received();

    if (out.held[AT_CARD] > out.idle.count / 2 || !nic_can_send())
        more |= nic_listen_sent();
    if (!up)
        return more;
    if (in.held[AT_SWITCH] > in.idle.count / 2)
        more |= vio_driver_listen(to_switch());
    return vio_driver_listen(from_switch()) ? nic_can_send() || more : more;
}

enum pci_again relay(void)
{
    bool more = true;

    now = mv_time_ns();
    relay_counters.events++;
    for (uint32_t round = 0; round < ROUNDS && more; round++) {
        switch_poll();
        if (!card_to_switch() || !switch_to_card())
            card_fail("it breaks the rules of its queues");
        card_check();
        nic_publish();
        for (uint32_t i = 0; i < link.link.layout.queue_count && up; i++)
            vio_link_client_publish(&link, i);
        more = listen();
    }
    if (more)
        return PCI_AGAIN_NOW;
    if (out.held[AT_CARD] > 0 || revival.next != 0 || stuck || losses() != told)
        return PCI_AGAIN_AT_TICK;
    return PCI_NOT_AGAIN;
}

static void half_start(struct half *h, uint8_t *at, uint64_t bytes)
{
    vio_buffers_init(&h->idle, at, bytes, BUFFER_BYTES, h->free, BUFFERS_MAX / 2);
    h->held[IDLE] = h->idle.count;
}

/* The link to the switch: the one of which this cell has the client's end. */
static const struct mv_channel_config *switch_link(void)
{
    for (uint32_t i = 0; i < mv_cell.channel_count; i++)
        if (mv_cell.channels[i].kind == MV_CHANNEL_LINK && mv_cell.channels[i].end == 0)
            return &mv_cell.channels[i];
    return NULL;
}

bool relay_start(void)
{
    const struct mv_channel_config *config = switch_link();
    const struct vio_memory *m = &link.link.memory;
    uint64_t half;

    progress = checked = now = mv_time_ns();
    if (config == NULL || !vio_link_client_open(&link, config, VIO_ID_NET, 0, link_slots)) {
        mv_print("this cell has no link to a switch (networks)\n");
        return false;
    }
    dma = pci_dma_memory(config->address, config->size);
    if (dma.size == 0) {
        mv_print("the network card does not reach the link to %s (dma-links)\n", config->peer);
        return false;
    }
    half = m->size / 2 / BUFFER_BYTES * BUFFER_BYTES;
    half_start(&in, m->at, half);
    half_start(&out, m->at + half, half);
    return true;
}
