/* SPDX-License-Identifier: BSD-2-Clause */
#include "ports.h"

#include <stddef.h>

#include <libmv/string.h>

#define NAME_MAX 64u

/* Messages of the device, in the order in which they are said. */
enum { SAY_ADD = 1, SAY_NAME = 2, SAY_OPEN = 4 };

/* Of the chain that is being worked on. */
static struct vio_part parts[VIO_NUM_MAX];

static struct ports *ports_of(struct slot *s)
{
    return (struct ports *)(void *)s;
}

static uint32_t queue_to_guest(uint32_t port)
{
    return port == 0 ? 0 : 2 + 2 * port;
}

static uint32_t queue_from_guest(uint32_t port)
{
    return queue_to_guest(port) + 1;
}

static void driver_failed(struct ports *p)
{
    say("ports: the driver has broken the queue's rules");
    vio_mmio_fail(&p->slot.mmio);
}

/* The next buffer of a queue, all for reading or all for writing. */
static enum vio_status next(struct ports *p, uint32_t queue, bool write, struct vio_chain *chain)
{
    enum vio_status status;

    *chain = (struct vio_chain){ .part = parts, .part_max = VIO_NUM_MAX };
    status = vio_device_next(&p->slot.mmio.queue[queue], chain);
    if (status == VIO_OK && (write ? chain->out_count : chain->in_count) != 0)
        status = VIO_BROKEN;
    if (status == VIO_BROKEN)
        driver_failed(p);
    return status;
}

/* ---- control -------------------------------------------------------------------------- */

/* The message for the guest, its bytes. */
static uint32_t message(const struct ports *p, uint32_t port, uint32_t what, uint8_t *bytes)
{
    const char *name = p->port[port].config->name;
    struct vio_console_control control = { .id = port, .value = 1 };
    uint32_t length = 0;

    control.event = what == SAY_ADD    ? VIO_CONSOLE_DEVICE_ADD
                    : what == SAY_NAME ? VIO_CONSOLE_PORT_NAME
                                       : VIO_CONSOLE_PORT_OPEN;
    if (what == SAY_NAME)
        length = (uint32_t)strnlen(name, NAME_MAX);
    memcpy(bytes, &control, sizeof(control));
    memcpy(bytes + sizeof(control), name, length);
    return (uint32_t)sizeof(control) + length;
}

/* Say one thing about a port; false: there is no buffer now. */
static bool say_one(struct ports *p, uint32_t port)
{
    uint32_t to_say = p->port[port].to_say, what = to_say & ~(to_say - 1), length;
    uint8_t bytes[sizeof(struct vio_console_control) + NAME_MAX];
    struct vio_chain chain;

    if (next(p, VIO_CONSOLE_CONTROL_RECEIVE, true, &chain) != VIO_OK)
        return false;
    length = message(p, port, what, bytes);
    length = (uint32_t)vio_parts_put(parts, chain.in_count, 0, bytes, length);
    vio_device_done(&p->slot.mmio.queue[VIO_CONSOLE_CONTROL_RECEIVE], chain.head, length);
    p->port[port].to_say &= (uint8_t)~what;
    return true;
}

static void say_all(struct ports *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        while (p->port[i].to_say != 0)
            if (!say_one(p, i)) {
                p->waits = true;
                return;
            }
    p->waits = false;
}

static void hear(struct ports *p, const struct vio_console_control *control)
{
    struct port *port = control->id < p->count ? &p->port[control->id] : NULL;

    if (control->event == VIO_CONSOLE_DEVICE_READY && control->value == 1) {
        for (uint32_t i = 0; i < p->count; i++)
            p->port[i].to_say = SAY_ADD;
    } else if (port == NULL) {
        return;
    } else if (control->event == VIO_CONSOLE_PORT_READY && control->value == 1) {
        port->to_say |= SAY_NAME | SAY_OPEN;
    } else if (control->event == VIO_CONSOLE_PORT_OPEN) {
        port->open = control->value == 1;
    }
}

/* True: there may be more. */
static bool hear_all(struct ports *p)
{
    for (uint32_t n = 0; n < SLOT_BATCH; n++) {
        struct vio_console_control control = { .event = UINT16_MAX };
        struct vio_chain chain;

        if (next(p, VIO_CONSOLE_CONTROL_TRANSMIT, false, &chain) != VIO_OK)
            return false;
        if (vio_parts_get(parts, chain.out_count, 0, &control, sizeof(control)) == sizeof(control))
            hear(p, &control);
        vio_device_done(&p->slot.mmio.queue[VIO_CONSOLE_CONTROL_TRANSMIT], chain.head, 0);
    }
    return true;
}

/* ---- bytes ------------------------------------------------------------------------------- */

/* Bytes of the buffer into the channel; false: it takes no more now, and will raise. */
static bool send_chain(struct port *port, const struct vio_chain *chain)
{
    uint64_t before = 0;

    for (uint32_t i = 0; i < chain->out_count; i++) {
        uint64_t length = parts[i].length;

        while (port->sent < before + length) {
            size_t done = mv_channel_write_try(&port->channel, parts[i].at + (port->sent - before),
                                               (size_t)(before + length - port->sent));

            if (done == 0)
                return false;
            port->sent += done;
        }
        before += length;
    }
    return true;
}

/* True: there may be more, and room for it. */
static bool transmit(struct ports *p, uint32_t i)
{
    struct port *port = &p->port[i];
    struct vio_device_queue *q = &p->slot.mmio.queue[queue_from_guest(i)];

    port->held = false;
    for (uint32_t n = 0; n < SLOT_BATCH; n++) {
        struct vio_chain chain;

        if (next(p, queue_from_guest(i), false, &chain) != VIO_OK)
            return false;
        if (port->works && !send_chain(port, &chain)) {
            vio_device_untake(q, chain.head);
            port->held = true;
            return false;
        }
        port->sent = 0;
        vio_device_done(q, chain.head, 0);
    }
    return true;
}

/* Bytes of the channel into the buffer. */
static uint32_t receive_chain(struct port *port, const struct vio_chain *chain)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < chain->in_count; i++) {
        size_t got = mv_channel_read_try(&port->channel, parts[i].at, parts[i].length);

        total += (uint32_t)got;
        if (got < parts[i].length)
            break;
    }
    return total;
}

/* True: there may be more, and room for it. */
static bool receive(struct ports *p, uint32_t i)
{
    struct port *port = &p->port[i];
    struct vio_device_queue *q = &p->slot.mmio.queue[queue_to_guest(i)];

    port->starved = false;
    for (uint32_t n = 0; n < SLOT_BATCH && port->works && port->open; n++) {
        struct vio_chain chain;
        enum vio_status status = next(p, queue_to_guest(i), true, &chain);
        uint32_t got;

        port->starved = status == VIO_EMPTY;
        if (status != VIO_OK)
            return false;
        got = receive_chain(port, &chain);
        if (got == 0 && chain.in_bytes != 0) {
            /* The channel is empty, and will raise. */
            vio_device_untake(q, chain.head);
            return false;
        }
        vio_device_done(q, chain.head, got);
    }
    return port->works && port->open;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static bool listen(struct ports *p)
{
    struct vio_device_queue *q = p->slot.mmio.queue;
    bool more = vio_device_listen(&q[VIO_CONSOLE_CONTROL_TRANSMIT]);

    if (p->waits)
        more = vio_device_listen(&q[VIO_CONSOLE_CONTROL_RECEIVE]) || more;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!p->port[i].held)
            more = vio_device_listen(&q[queue_from_guest(i)]) || more;
        if (p->port[i].starved)
            more = vio_device_listen(&q[queue_to_guest(i)]) || more;
    }
    return more;
}

static bool turn(struct slot *s)
{
    struct ports *p = ports_of(s);
    bool more = false;

    if (!vio_mmio_is_live(&s->mmio))
        return false;
    for (uint32_t i = 0; i < s->device.queue_count; i++)
        vio_device_quiet(&s->mmio.queue[i]);
    if (vio_mmio_has(&s->mmio, VIO_CONSOLE_F_MULTIPORT)) {
        more = hear_all(p);
        say_all(p);
    } else {
        p->port[0].open = true;    /* there is no other, and nobody says so */
    }
    for (uint32_t i = 0; i < p->count; i++) {
        more = transmit(p, i) || more;
        more = receive(p, i) || more;
    }
    if (!vio_mmio_is_live(&s->mmio))
        return false;
    for (uint32_t i = 0; i < s->device.queue_count; i++)
        vio_mmio_publish(&s->mmio, i);
    return more || listen(p);
}

static void reset(struct vio_mmio *m)
{
    struct ports *p = ports_of((struct slot *)m->context);

    for (uint32_t i = 0; i < p->count; i++) {
        struct port *port = &p->port[i];

        port->open = port->held = port->starved = false;
        port->to_say = 0;
        port->sent = 0;
    }
    p->waits = false;
}

static uint64_t config_read(struct vio_mmio *m, uint32_t offset, uint32_t size)
{
    const struct ports *p = ports_of((struct slot *)m->context);

    return vio_mmio_config_bytes(&p->config, sizeof(p->config), offset, size);
}

bool ports_start(struct ports *p, const struct io_device *config)
{
    static const struct slot_kind kind = { .turn = turn };

    if (io_config.port_count > PORTS_MAX)
        return false;
    p->count = io_config.port_count;
    p->config = (struct vio_console_config){ .max_nr_ports = p->count };
    p->slot.device = (struct vio_mmio_device){
        .id = VIO_ID_CONSOLE, .queue_count = 2 + 2 * p->count, .reset = reset, .config_read = config_read,
        .features = VIO_F_EVENT_IDX | VIO_CONSOLE_F_MULTIPORT,
    };
    for (uint32_t i = 0; i < p->count; i++) {
        p->port[i].config = &io_config.ports[i];
        p->port[i].works = mv_channel_open(&p->port[i].channel, io_config.ports[i].channel) == MV_OK;
    }
    slot_add(&p->slot, config, &kind);
    return true;
}
