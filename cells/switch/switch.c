/* SPDX-License-Identifier: BSD-2-Clause */
#include "switch.h"

#include <stddef.h>

#include <libmv/print.h>
#include <libmv/string.h>

#define HEADER  ((uint32_t)sizeof(struct vio_net_header))
#define MULTICAST (UINT64_C(1) << 40)

/* Groups that no bridge hands on (802.1Q, table 8-1): 01:80:c2:00:00:00 to 0f. */
#define LINK_LOCAL      UINT64_C(0x0180c2000000)
#define LINK_LOCAL_MASK UINT64_C(0xfffffffffff0)

/* A frame that has been taken. Its first bytes are a private copy. */
struct frame {
    struct vio_part part[SWITCH_PARTS];
    struct vio_chain chain;
    struct {
        struct vio_net_header header;
        uint8_t to[6], from[6], type[2];
    } start;
    uint32_t bytes;                /* with the header */
    uint32_t port;                 /* where it comes from */
    uint32_t now;                  /* seconds */
};

_Static_assert(sizeof(((struct frame *)0)->start) == sizeof(struct vio_net_header) + SWITCH_FRAME_MIN,
               "the start of a frame has no holes");

static uint64_t number_of(const uint8_t *mac)
{
    uint64_t number = 0;

    for (int i = 0; i < 6; i++)
        number = number << 8 | mac[i];
    return number;
}

/* ---- sessions ------------------------------------------------------------------------ */

static void port_down(struct ether_switch *s, struct port *p)
{
    p->up = false;
    p->used_all = 0;
    memset(p->used, 0, sizeof(p->used));
    addresses_forget(&s->addresses, (uint32_t)(p - s->port));
}

static void port_fail(struct ether_switch *s, struct port *p)
{
    p->broken++;
    s->news = true;
    vio_link_server_fail(&p->link);
    port_down(s, p);
}

static void look_at_link(struct ether_switch *s, struct port *p)
{
    switch (p->open ? vio_link_server_poll(&p->link) : VIO_LINK_DOWN) {
    case VIO_LINK_UP:
        break;
    case VIO_LINK_NEW:
        /* Nothing is ever under way here. */
        port_down(s, p);
        p->up = vio_link_server_accept(&p->link);
        break;
    case VIO_LINK_DOWN:
        if (p->up)
            port_down(s, p);
        break;
    }
}

/* ---- a frame --------------------------------------------------------------------------- */

/* The rest of the frame, behind its start. */
static void copy_rest(const struct frame *f, const struct vio_chain *to)
{
    uint32_t skip = sizeof(f->start), at = sizeof(f->start);

    for (uint32_t i = 0; i < f->chain.out_count; i++) {
        uint32_t length = f->part[i].length, part = skip < length ? skip : length;

        skip -= part;
        at += (uint32_t)vio_parts_put(to->part, to->in_count, at, f->part[i].at + part, length - part);
    }
}

/* Whether `from` has had no more than its share of the port's buffers. */
static bool is_modest(const struct ether_switch *s, const struct port *p, uint32_t from, uint32_t now)
{
    uint64_t active = 0;

    for (uint32_t i = 0; i < s->port_count; i++)
        active += p->wanted[i] != 0 && now - (p->wanted[i] - 1) <= SWITCH_ACTIVE_S;
    return p->used[from] * active <= p->used_all;
}

/* Whether `from` may have a buffer of the port; there may be none. */
static bool may_have(const struct ether_switch *s, struct port *p, uint32_t from, uint32_t now)
{
    const struct vio_device_queue *q = &p->link.queue[VIO_NET_RECEIVE];

    p->wanted[from] = now + 1;
    return vio_device_available(q) > q->num / 4 || is_modest(s, p, from, now);
}

/* `from` has had one. What is long ago counts less and less. */
static void note_use(const struct ether_switch *s, struct port *p, uint32_t from)
{
    p->used[from]++;
    if (++p->used_all < 4 * p->link.queue[VIO_NET_RECEIVE].num)
        return;
    p->used_all = 0;
    for (uint32_t i = 0; i < s->port_count; i++)
        p->used_all += p->used[i] /= 2;
}

static void lose(struct ether_switch *s, struct port *p)
{
    p->lost++;
    s->news = true;
}

/* Give the frame to a port. */
static void give(struct ether_switch *s, struct port *p, const struct frame *f)
{
    struct vio_part part[SWITCH_PARTS];
    struct vio_chain to = { .part = part, .part_max = SWITCH_PARTS };
    struct vio_device_queue *q = &p->link.queue[VIO_NET_RECEIVE];
    enum vio_status status;

    if (!p->up)
        return;
    if (!may_have(s, p, f->port, f->now)) {
        lose(s, p);
        return;
    }
    status = vio_device_next(q, &to);
    if (status == VIO_BROKEN || (status == VIO_OK && to.out_count != 0)) {
        port_fail(s, p);
        return;
    }
    if (status == VIO_OK && to.in_bytes >= f->bytes) {
        (void)vio_parts_put(part, to.in_count, 0, &f->start, sizeof(f->start));
        copy_rest(f, &to);
        vio_device_done(q, to.head, f->bytes);
        note_use(s, p, f->port);
        p->given++;
        return;
    }
    if (status == VIO_OK)
        vio_device_untake(q, to.head);
    lose(s, p);
}

static void give_all(struct ether_switch *s, const struct port *from, const struct frame *f)
{
    for (uint32_t i = 0; i < s->port_count; i++)
        if (&s->port[i] != from)
            give(s, &s->port[i], f);
}

/* Where the frame is to go. */
static void forward(struct ether_switch *s, struct port *from, struct frame *f)
{
    uint64_t source = number_of(f->start.from), target = number_of(f->start.to);
    uint32_t port;

    if (source == 0 || (source & MULTICAST) != 0 || (target & LINK_LOCAL_MASK) == LINK_LOCAL) {
        from->bad++;
        return;
    }
    if (source != from->mac && !addresses_learn(&s->addresses, source, f->port, f->now)) {
        from->forged++;
        s->news = true;
        return;
    }
    /* No feature is agreed that would give it a meaning. */
    f->start.header = (struct vio_net_header){ .num_buffers = 1 };
    port = (target & MULTICAST) != 0 ? ADDRESSES_NOWHERE : addresses_find(&s->addresses, target, f->now);
    if (port == ADDRESSES_NOWHERE)
        give_all(s, from, f);
    else if (port != f->port)
        give(s, &s->port[port], f);
}

/* Take frames of a port. True: there may be more. */
static bool take(struct ether_switch *s, struct port *p, uint32_t now)
{
    struct vio_device_queue *q = &p->link.queue[VIO_NET_TRANSMIT];

    for (uint32_t n = 0; p->up && n < SWITCH_BATCH; n++) {
        struct frame f;
        enum vio_status status;

        f.port = (uint32_t)(p - s->port);
        f.now = now;
        f.chain = (struct vio_chain){ .part = f.part, .part_max = SWITCH_PARTS };
        status = vio_device_next(q, &f.chain);
        if (status == VIO_EMPTY)
            return false;
        if (status != VIO_OK || f.chain.in_count != 0) {
            port_fail(s, p);
            return false;
        }
        p->taken++;
        if (f.chain.out_bytes < HEADER + SWITCH_FRAME_MIN || f.chain.out_bytes > HEADER + SWITCH_FRAME_MAX) {
            p->bad++;
        } else {
            f.bytes = (uint32_t)f.chain.out_bytes;
            (void)vio_parts_get(f.part, f.chain.out_count, 0, &f.start, sizeof(f.start));
            forward(s, p, &f);
        }
        vio_device_done(q, f.chain.head, 0);
    }
    return p->up;
}

/* ---- all ports -------------------------------------------------------------------------- */

/* Nothing is left: each client is to say when it has sent something. */
static bool listen(struct ether_switch *s)
{
    bool more = false;

    for (uint32_t i = 0; i < s->port_count; i++)
        if (s->port[i].up)
            more = vio_device_listen(&s->port[i].link.queue[VIO_NET_TRANSMIT]) || more;
    return more;
}

bool switch_turn(struct ether_switch *s, uint32_t now)
{
    bool more = false;

    for (uint32_t i = 0; i < s->port_count; i++)
        look_at_link(s, &s->port[i]);
    for (uint32_t i = 0; i < s->port_count; i++)
        more = take(s, &s->port[(s->first + i) % s->port_count], now) || more;
    if (s->port_count != 0)
        s->first = (s->first + 1) % s->port_count;
    more = more || listen(s);
    /* Last: a client on this core may answer before this returns. */
    for (uint32_t i = 0; i < s->port_count; i++) {
        if (!s->port[i].up)
            continue;
        vio_link_server_publish(&s->port[i].link, VIO_NET_TRANSMIT);
        vio_link_server_publish(&s->port[i].link, VIO_NET_RECEIVE);
    }
    return more;
}

void switch_report(struct ether_switch *s)
{
    for (uint32_t i = 0; i < s->port_count; i++) {
        struct port *p = &s->port[i];

        if (p->lost != p->lost_said)
            mv_print("%s: %lu frames for %s lost: its queue was full\n", mv_cell.name, p->lost - p->lost_said,
                     p->config->cell);
        if (p->forged != p->forged_said)
            mv_print("%s: %lu frames of %s thrown away: their sender's address is another's\n", mv_cell.name,
                     p->forged - p->forged_said, p->config->cell);
        if (p->broken != p->broken_said)
            mv_print("%s: %s has broken the rules of its link, %lu times\n", mv_cell.name, p->config->cell,
                     p->broken - p->broken_said);
        p->lost_said = p->lost;
        p->forged_said = p->forged;
        p->broken_said = p->broken;
    }
    s->news = false;
}

static bool port_start(struct ether_switch *s, uint32_t number, const struct switch_port *config)
{
    struct port *p = &s->port[number];
    struct vio_net_config device = { .status = VIO_NET_LINK_UP, .max_virtqueue_pairs = 1 };

    p->config = config;
    p->mac = number_of(config->mac);
    memcpy(device.mac, config->mac, sizeof(device.mac));
    p->open = vio_link_server_open(&p->link, config->link, VIO_ID_NET,
                                   VIO_NET_F_STATUS | (p->mac != 0 ? VIO_NET_F_MAC : 0), &device, sizeof(device));
    return p->mac == 0 || addresses_fix(&s->addresses, p->mac, number);
}

bool switch_start(struct ether_switch *s, const struct switch_config *config)
{
    if (config->port_count > SWITCH_PORTS_MAX)
        return false;
    s->port_count = config->port_count;
    for (uint32_t i = 0; i < s->port_count; i++)
        if (!port_start(s, i, &config->ports[i]))
            return false;
    return true;
}
