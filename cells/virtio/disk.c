/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk.h"

#include <stddef.h>

#include <libmv/string.h>
#include <libmv/time.h>

#define QUEUE 0u

static struct disk *disk_of(struct slot *s)
{
    return (struct disk *)(void *)s;
}

static struct vio_device_queue *guest_queue(struct disk *d)
{
    return &d->slot.mmio.queue[QUEUE];
}

static struct vio_driver_queue *link_queue(struct disk *d)
{
    return &d->link.queue[QUEUE];
}

/* ---- requests of the guest ---------------------------------------------------------- */

static void send_later(struct disk *d, struct disk_request *r)
{
    r->waits = true;
    r->next = NULL;
    *d->send_end = r;
    d->send_end = &r->next;
}

/* Take a request off the list, wherever it is; commonly it is the first. */
static void send_no_more(struct disk *d, struct disk_request *r)
{
    struct disk_request **link = &d->send;

    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    if (r->next == NULL)
        d->send_end = link;
    r->waits = false;
}

/* Nothing of it is at the block cell any more. */
static void request_end(struct disk *d, struct disk_request *r)
{
    uint32_t written = r->type == VIO_BLOCK_IN || r->type == VIO_BLOCK_GET_ID ? r->bytes : 0;

    if (r->waits)
        send_no_more(d, r);
    if (!r->orphan) {
        d->errors += r->status != VIO_BLOCK_OK;
        __atomic_store_n(r->status_at, r->status, __ATOMIC_RELAXED);
        vio_device_done(guest_queue(d), r->head, written + 1);
    }
    r->used = false;
    r->next = d->free;
    d->free = r;
    d->used--;
}

/* The request is over as soon as its pieces are back. */
static void request_fail(struct disk_request *r, uint8_t status)
{
    if (r->status == VIO_BLOCK_OK)
        r->status = status;
    r->sent_all = true;
}

/* The last byte that the device may write; there is one. */
static uint8_t *last_byte(const struct vio_part *part, uint32_t count)
{
    while (count > 0 && part[count - 1].length == 0)
        count--;
    return part[count - 1].at + part[count - 1].length - 1;
}

/* What the data of a request must be. */
static uint8_t check_data(const struct disk *d, const struct disk_request *r, uint64_t bytes)
{
    uint64_t sectors = bytes / VIO_BLOCK_SECTOR;

    if (bytes % VIO_BLOCK_SECTOR != 0 || bytes > (uint64_t)DISK_SEGMENTS * DISK_SEGMENT_MAX)
        return VIO_BLOCK_IOERR;
    if (r->type == VIO_BLOCK_OUT && (d->slot.device.features & VIO_BLOCK_F_RO) != 0)
        return VIO_BLOCK_IOERR;
    /* While there is no session nobody knows. */
    if (d->up && (r->sector > d->config.capacity || sectors > d->config.capacity - r->sector))
        return VIO_BLOCK_IOERR;
    return VIO_BLOCK_OK;
}

/* The name of the partition, at most 20 bytes; done at once. */
static void get_id(const struct disk *d, struct disk_request *r, uint64_t room)
{
    char id[VIO_BLOCK_ID_BYTES] = { 0 };

    memcpy(id, d->slot.config->name, strnlen(d->slot.config->name, sizeof(id)));
    r->bytes = (uint32_t)vio_parts_put(r->part, r->part_count, 0, id,
                                       room < sizeof(id) ? (size_t)room : sizeof(id));
    r->sent_all = true;
}

/* What there is to do; r->status, if it cannot be done. */
static void request_decode(struct disk *d, struct disk_request *r, uint64_t out, uint64_t in)
{
    switch (r->type) {
    case VIO_BLOCK_IN:
    case VIO_BLOCK_OUT:
        if (r->type == VIO_BLOCK_OUT)
            r->offset = sizeof(struct vio_block_header);
        r->status = check_data(d, r, r->type == VIO_BLOCK_IN ? in : out);
        if (r->status == VIO_BLOCK_OK)
            r->bytes = (uint32_t)(r->type == VIO_BLOCK_IN ? in : out);
        r->sent_all = r->bytes == 0;
        return;
    case VIO_BLOCK_FLUSH:
        return;
    case VIO_BLOCK_GET_ID:
        get_id(d, r, in);
        return;
    default:
        r->status = VIO_BLOCK_UNSUPP;
        r->sent_all = true;
        return;
    }
}

/* False: the chain is no request at all. */
static bool request_begin(struct disk *d, struct disk_request *r, const struct vio_chain *chain)
{
    struct vio_block_header header;
    const struct vio_part *in = r->part + chain->out_count;

    if (chain->out_bytes < sizeof(header) || chain->in_bytes == 0)
        return false;
    (void)vio_parts_get(r->part, chain->out_count, 0, &header, sizeof(header));
    r->head = chain->head;
    r->used = true;
    r->waits = r->orphan = r->sent_all = false;
    r->status = VIO_BLOCK_OK;
    r->tries = 0;
    r->pieces = r->bytes = r->sent = r->offset = 0;
    r->type = header.type;
    r->sector = header.sector;
    r->status_at = last_byte(in, chain->in_count);
    r->part_count = chain->out_count;
    if (r->type == VIO_BLOCK_IN || r->type == VIO_BLOCK_GET_ID) {
        memmove(r->part, in, chain->in_count * sizeof(*in));
        r->part_count = chain->in_count;
    }
    request_decode(d, r, chain->out_bytes - sizeof(header), chain->in_bytes - 1);
    return true;
}

/* Take requests of the guest. True: there may be more, and there is room. */
static bool take(struct disk *d)
{
    struct vio_device_queue *q = guest_queue(d);

    for (uint32_t n = 0; n < SLOT_BATCH; n++) {
        struct disk_request *r = d->free;
        struct vio_chain chain = { .part_max = DISK_PARTS };
        enum vio_status status;

        if (r == NULL)
            return false;
        chain.part = r->part;
        status = vio_device_next(q, &chain);
        if (status == VIO_EMPTY)
            return false;
        if (status != VIO_OK || !request_begin(d, r, &chain)) {
            say("disk %s: the driver has broken the queue's rules", d->slot.config->name);
            vio_mmio_fail(&d->slot.mmio);
            return false;
        }
        d->free = r->next;
        d->used++;
        d->requests++;
        if (!d->up && d->late)
            request_fail(r, VIO_BLOCK_IOERR);
        if (r->sent_all)
            request_end(d, r);
        else
            send_later(d, r);
    }
    return true;
}

/* ---- pieces at the block cell --------------------------------------------------------- */

static struct disk_place *place_of(const struct disk *d, const struct disk_piece *p)
{
    return &d->places[p - d->piece];
}

static void piece_free(struct disk *d, struct disk_piece *p)
{
    p->request = NULL;
    p->next = d->free_piece;
    d->free_piece = p;
}

static uint32_t piece_part(const struct disk_piece *p, uint32_t n)
{
    uint32_t left = p->bytes - n * DISK_BUFFER;

    return left < DISK_BUFFER ? left : DISK_BUFFER;
}

/* Between the guest's buffers and those of the piece. */
static void piece_copy(const struct disk_piece *p)
{
    const struct disk_request *r = p->request;

    for (uint32_t n = 0; n < p->buffer_count; n++) {
        uint64_t offset = (uint64_t)r->offset + p->from + n * DISK_BUFFER;

        if (r->type == VIO_BLOCK_OUT)
            (void)vio_parts_get(r->part, r->part_count, offset, p->buffer[n], piece_part(p, n));
        else
            (void)vio_parts_put(r->part, r->part_count, offset, p->buffer[n], piece_part(p, n));
    }
}

static void piece_offer(struct disk *d, struct disk_piece *p)
{
    const struct vio_memory *m = &d->link.link.memory;
    struct disk_place *place = place_of(d, p);
    struct vio_span span[DISK_PIECE_BUFFERS + 2];
    bool out = p->request->type == VIO_BLOCK_OUT;
    uint32_t count = 0;

    place->header = (struct vio_block_header){
        .type = p->request->type, .sector = p->request->sector + p->from / VIO_BLOCK_SECTOR,
    };
    __atomic_store_n(&place->status, VIO_BLOCK_IOERR, __ATOMIC_RELAXED);
    span[count++] = (struct vio_span){ vio_address(m, &place->header), sizeof(place->header) };
    for (uint32_t n = 0; n < p->buffer_count; n++)
        span[count++] = (struct vio_span){ vio_address(m, p->buffer[n]), piece_part(p, n) };
    span[count++] = (struct vio_span){ vio_address(m, &place->status), 1 };
    /* There is room: send_piece() has looked. */
    (void)vio_driver_add(link_queue(d), span, out ? count - 1 : 1, out ? 1 : count - 1, p);
}

/* How many buffers the next piece of this many bytes can have now. */
static uint32_t piece_buffers(const struct disk *d, uint32_t bytes, uint32_t descriptors)
{
    uint32_t count = (bytes + DISK_BUFFER - 1) / DISK_BUFFER;

    count = count < DISK_PIECE_BUFFERS ? count : DISK_PIECE_BUFFERS;
    count = count < d->buffers.free_count ? count : d->buffers.free_count;
    return count < descriptors ? count : descriptors;
}

/* Send the next piece of a request; false: there is no room now. */
static bool send_piece(struct disk *d, struct disk_request *r)
{
    struct disk_piece *p = d->free_piece;
    uint32_t left = r->bytes - r->sent, free = vio_driver_free(link_queue(d)), count;

    if (p == NULL || free < 2)
        return false;
    count = piece_buffers(d, left, free - 2);
    if (count == 0 && left != 0)
        return false;
    d->free_piece = p->next;
    p->request = r;
    p->since = mv_time_ns();
    p->from = r->sent;
    p->bytes = left < count * DISK_BUFFER ? left : count * DISK_BUFFER;
    p->buffer_count = count;
    for (uint32_t n = 0; n < count; n++)
        p->buffer[n] = (uint8_t *)vio_buffers_take(&d->buffers);
    if (r->type == VIO_BLOCK_OUT)
        piece_copy(p);
    piece_offer(d, p);
    r->pieces++;
    r->sent += p->bytes;
    r->sent_all = r->sent == r->bytes;
    return true;
}

static void send(struct disk *d)
{
    while (d->up && d->send != NULL) {
        struct disk_request *r = d->send;

        /* A block cell without this has nothing that could be lost. */
        if (r->type == VIO_BLOCK_FLUSH && (d->link.link.features & VIO_BLOCK_F_FLUSH) == 0) {
            request_end(d, r);
            continue;
        }
        while (!r->sent_all)
            if (!send_piece(d, r))
                return;
        send_no_more(d, r);
    }
}

/* What an answer of the block cell says; `length` is no more than it was given. */
static uint8_t answer(struct disk *d, const struct disk_piece *p, uint32_t length)
{
    uint8_t status = __atomic_load_n(&place_of(d, p)->status, __ATOMIC_RELAXED);
    uint32_t least = p->request->type == VIO_BLOCK_IN ? p->bytes + 1 : 1;

    if (status > VIO_BLOCK_UNSUPP || (status == VIO_BLOCK_OK && length < least))
        return VIO_BLOCK_IOERR;
    return status;
}

static void piece_end(struct disk *d, struct disk_piece *p, uint32_t length)
{
    struct disk_request *r = p->request;
    uint8_t status = answer(d, p, length);

    if (status != VIO_BLOCK_OK)
        request_fail(r, status);
    else if (r->type == VIO_BLOCK_IN && !r->orphan)
        piece_copy(p);
    for (uint32_t n = 0; n < p->buffer_count; n++)
        vio_buffers_give(&d->buffers, p->buffer[n]);
    piece_free(d, p);
    r->pieces--;
}

static void session_end(struct disk *d, bool again);

/* Take answers. True: there may be more. */
static bool collect(struct disk *d)
{
    for (uint32_t n = 0; n < SLOT_BATCH && d->up && !vio_driver_is_idle(link_queue(d)); n++) {
        struct disk_request *r;
        void *token;
        uint32_t length;

        switch (vio_driver_take(link_queue(d), &token, &length)) {
        case VIO_OK:
            break;
        case VIO_EMPTY:
            return false;
        default:
            say("disk %s: the block cell has broken the queue's rules", d->slot.config->name);
            session_end(d, true);
            vio_link_client_reset(&d->link);
            return true;
        }
        r = ((struct disk_piece *)token)->request;
        piece_end(d, (struct disk_piece *)token, length);
        if (r->sent_all && r->pieces == 0)
            request_end(d, r);
    }
    return d->up && !vio_driver_is_idle(link_queue(d));
}

/* ---- sessions ---------------------------------------------------------------------------- */

/* What was at the block cell will not come back: send it again, or fail it. */
static void session_end(struct disk *d, bool again)
{
    if (d->up)
        d->down_since = mv_time_ns();
    d->up = false;
    d->send = NULL;
    d->send_end = &d->send;
    d->free_piece = NULL;
    for (uint32_t i = DISK_PIECES; i-- > 0;)
        piece_free(d, &d->piece[i]);
    for (uint32_t i = 0; i < DISK_REQUESTS; i++) {
        struct disk_request *r = &d->request[i];

        if (!r->used)
            continue;
        if (r->pieces != 0)
            r->tries++;
        r->pieces = r->sent = 0;
        r->waits = r->sent_all = false;
        if (!again || r->tries >= DISK_TRIES)
            request_fail(r, VIO_BLOCK_IOERR);
        if (r->status != VIO_BLOCK_OK)
            request_end(d, r);
        else
            send_later(d, r);
    }
}

/* Of the block cell's configuration only the capacity is the guest's. */
static void read_config(struct disk *d)
{
    uint32_t generation = vio_link_client_generation(&d->link);
    uint64_t capacity;

    if (!vio_link_client_config(&d->link, offsetof(struct vio_block_config, capacity), &capacity,
                                sizeof(capacity)))
        return;
    d->generation = generation;
    if (capacity == d->config.capacity)
        return;
    d->config.capacity = capacity;
    vio_mmio_config_changed(&d->slot.mmio);
}

static void session_begin(struct disk *d)
{
    const struct vio_memory *m = &d->link.link.memory;
    uint8_t *at = m->at;

    d->up = true;
    d->late = false;
    d->places = (struct disk_place *)(void *)at;
    vio_buffers_init(&d->buffers, at + DISK_BUFFER, m->size - DISK_BUFFER, DISK_BUFFER,
                     d->buffers_free, DISK_BUFFERS);
    read_config(d);
}

static void look_at_link(struct disk *d)
{
    switch (d->open ? vio_link_client_poll(&d->link) : VIO_LINK_DOWN) {
    case VIO_LINK_NEW:
        session_end(d, true);
        session_begin(d);
        break;
    case VIO_LINK_DOWN:
        if (d->up)
            session_end(d, true);
        break;
    case VIO_LINK_UP:
        if (vio_link_client_generation(&d->link) != d->generation)
            read_config(d);
        break;
    }
}

/* There is something that may come to its limit. */
static bool wants_time(const struct disk *d)
{
    return d->used != 0 || (!d->up && !d->late);
}

static void publish(struct disk *d)
{
    if (vio_mmio_is_live(&d->slot.mmio))
        vio_mmio_publish(&d->slot.mmio, QUEUE);
}

/* The oldest piece has been there too long. A flush may take a disk much longer
 * than anything else, and what comes behind it then does. */
static bool is_overdue(const struct disk *d, uint64_t now_ns)
{
    uint64_t limit = DISK_LIMIT_NS, oldest = 0;

    for (uint32_t i = 0; i < DISK_PIECES; i++) {
        const struct disk_piece *p = &d->piece[i];

        if (p->request == NULL)
            continue;
        if (p->request->type == VIO_BLOCK_FLUSH)
            limit = DISK_FLUSH_LIMIT_NS;
        if (now_ns - p->since > oldest)
            oldest = now_ns - p->since;
    }
    return oldest >= limit;
}

static bool tick(struct slot *s, uint64_t now_ns)
{
    struct disk *d = disk_of(s);

    if (!d->up && !d->late && now_ns - d->down_since >= DISK_LIMIT_NS) {
        d->late = true;
        say("disk %s: no block cell: its requests fail until there is one", s->config->name);
        session_end(d, false);
        publish(d);
        slot_mark(s);
    }
    if (d->up && is_overdue(d, now_ns)) {
        say("disk %s: no answer for too long: what is under way fails", s->config->name);
        session_end(d, false);
        vio_link_client_reset(&d->link);
        publish(d);
        slot_mark(s);
    }
    return wants_time(d);
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* Nothing more to do now: whoever has something next is to say so. */
static bool listen(struct disk *d, bool live)
{
    bool more = false;

    if (live && d->free != NULL)
        more = vio_device_listen(guest_queue(d));
    if (d->up && !vio_driver_is_idle(link_queue(d)))
        more = vio_driver_listen(link_queue(d)) || more;
    return more;
}

static bool turn(struct slot *s)
{
    struct disk *d = disk_of(s);
    bool more, live = vio_mmio_is_live(&s->mmio);

    look_at_link(d);
    more = collect(d);
    if (live) {
        vio_device_quiet(guest_queue(d));
        more = take(d) || more;
    }
    send(d);
    publish(d);
    s->timed = wants_time(d);
    more = more || listen(d, live);
    /* Last: on this core the block cell may have done all of it when this returns,
     * and raised the line for it. */
    if (d->up)
        vio_link_client_publish(&d->link, QUEUE);
    return more;
}

/* The guest has forgotten its requests; what is under way ends without it. */
static void reset(struct vio_mmio *m)
{
    struct disk *d = disk_of((struct slot *)m->context);

    for (uint32_t i = 0; i < DISK_REQUESTS; i++) {
        struct disk_request *r = &d->request[i];

        if (!r->used)
            continue;
        r->orphan = true;
        request_fail(r, VIO_BLOCK_IOERR);
        if (r->pieces == 0)
            request_end(d, r);
    }
}

static uint64_t config_read(struct vio_mmio *m, uint32_t offset, uint32_t size)
{
    const struct disk *d = disk_of((struct slot *)m->context);

    return vio_mmio_config_bytes(&d->config, sizeof(d->config), offset, size);
}

void disk_start(struct disk *d, const struct io_device *config)
{
    static const struct slot_kind kind = { turn, tick };

    d->config = (struct vio_block_config){
        .size_max = DISK_SEGMENT_MAX, .seg_max = DISK_SEGMENTS, .blk_size = VIO_BLOCK_SECTOR,
    };
    d->slot.device = (struct vio_mmio_device){
        .id = VIO_ID_BLOCK, .queue_count = 1, .reset = reset, .config_read = config_read,
        .features = VIO_F_EVENT_IDX | VIO_BLOCK_F_FLUSH | VIO_BLOCK_F_SEG_MAX | VIO_BLOCK_F_SIZE_MAX |
                    VIO_BLOCK_F_BLK_SIZE | (config->read_only ? VIO_BLOCK_F_RO : 0),
    };
    for (uint32_t i = DISK_REQUESTS; i-- > 0;) {
        d->request[i].next = d->free;
        d->free = &d->request[i];
    }
    slot_add(&d->slot, config, &kind);
    d->down_since = mv_time_ns();
    d->open = vio_link_client_open(&d->link, config->link, VIO_ID_BLOCK, VIO_BLOCK_F_FLUSH, d->link_slots) &&
              d->link.link.memory.size >= 2 * DISK_BUFFER;
    if (!d->open)
        say("disk %s: its link is not one", config->name);
    d->up = true;
    session_end(d, true);
}
