/* SPDX-License-Identifier: BSD-2-Clause */
#include "order.h"

#include <stddef.h>

#include <libmv/string.h>

#include <libvirtio/types.h>

/* ---- reading -------------------------------------------------------------------- */

static uint8_t *last_byte(const struct vio_part *part, uint32_t count)
{
    while (part[count - 1].length == 0)
        count--;
    return part[count - 1].at + part[count - 1].length - 1;
}

static enum order_kind answer(struct order *o, uint8_t status)
{
    o->status = status;
    return ORDER_ANSWERED;
}

static enum order_kind order_id(struct order *o, const struct vio_chain *chain, const char *name)
{
    char id[VIO_BLOCK_ID_BYTES] = { 0 };

    if (chain->in_bytes <= sizeof(id))
        return answer(o, VIO_BLOCK_IOERR);
    memcpy(id, name, strnlen(name, sizeof(id)));
    (void)vio_parts_put(chain->part + chain->out_count, chain->in_count, 0, id, sizeof(id));
    return answer(o, VIO_BLOCK_OK);
}

static enum order_kind order_transfer(struct order *o, const struct vio_chain *chain,
                                      const struct order_limits *limits)
{
    bool reads = o->type == VIO_BLOCK_IN;
    uint32_t header = sizeof(struct vio_block_header);
    uint64_t sectors;

    if (reads) {
        o->data = (struct cut){ .part = chain->part + chain->out_count, .left = chain->in_bytes - 1 };
    } else {
        o->data = (struct cut){ .part = chain->part, .left = chain->out_bytes };
        cut_advance(&o->data, header);
    }
    sectors = o->data.left / VIO_BLOCK_SECTOR;
    if ((reads ? chain->out_bytes != header : chain->in_bytes != 1) ||
        o->data.left % VIO_BLOCK_SECTOR != 0 || (!reads && limits->read_only) ||
        o->sector > limits->sectors || sectors > limits->sectors - o->sector)
        return answer(o, VIO_BLOCK_IOERR);
    if (sectors == 0)
        return answer(o, VIO_BLOCK_OK);
    if (!limits->works || o->sector > limits->present || sectors > limits->present - o->sector)
        return answer(o, VIO_BLOCK_IOERR);
    return ORDER_DISK;
}

static enum order_kind order_flush(struct order *o, const struct order_limits *limits)
{
    o->data = (struct cut){ .left = 0 };
    if (!limits->works)
        return answer(o, VIO_BLOCK_IOERR);
    return limits->can_flush ? ORDER_DISK : answer(o, VIO_BLOCK_UNSUPP);
}

enum order_kind order_read(struct order *o, const struct vio_chain *chain, const struct order_limits *limits)
{
    struct vio_block_header header;

    if (chain->out_bytes < sizeof(header) || chain->in_bytes == 0 || chain->in_bytes > UINT32_MAX)
        return ORDER_BROKEN;
    (void)vio_parts_get(chain->part, chain->out_count, 0, &header, sizeof(header));
    o->type = header.type;
    o->sector = header.sector;
    o->status_at = last_byte(chain->part + chain->out_count, chain->in_count);
    o->written = (uint32_t)chain->in_bytes;
    switch (header.type) {
    case VIO_BLOCK_IN:
    case VIO_BLOCK_OUT:
        return order_transfer(o, chain, limits);
    case VIO_BLOCK_FLUSH:
        return order_flush(o, limits);
    case VIO_BLOCK_GET_ID:
        return order_id(o, chain, limits->name);
    default:
        return answer(o, VIO_BLOCK_UNSUPP);
    }
}

/* ---- cutting -------------------------------------------------------------------- */

static uint32_t smaller(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

/* Take bytes off the end. */
static void shorten(struct vio_span *span, uint32_t *spans, uint32_t bytes)
{
    while (bytes != 0) {
        struct vio_span *last = &span[*spans - 1];
        uint32_t part = smaller(bytes, last->length);

        last->length -= part;
        bytes -= part;
        *spans -= last->length == 0;
    }
}

uint32_t cut_piece(const struct cut *c, const struct vio_memory *dma, const struct cut_limits *limits,
                   struct vio_span *span, uint32_t *spans)
{
    struct cut at = *c;
    uint32_t bytes = 0, length, excess;

    for (*spans = 0; *spans < limits->spans && bytes < limits->bytes && at.left > 0;) {
        length = smaller(smaller(at.part->length - at.offset, at.left),
                         smaller(limits->span_bytes, limits->bytes - bytes));
        if (length != 0) {
            span[(*spans)++] = (struct vio_span){ vio_address(dma, at.part->at + at.offset), length };
            bytes += length;
        }
        cut_advance(&at, length);
    }
    excess = at.left > 0 ? bytes % limits->block : 0;
    shorten(span, spans, excess);
    return bytes - excess;
}

/* Also past a part that is used up, as one without bytes is. */
void cut_advance(struct cut *c, uint32_t bytes)
{
    uint32_t length;

    c->left -= bytes;
    do {
        length = smaller(bytes, c->part->length - c->offset);
        bytes -= length;
        c->offset += length;
        if (c->offset == c->part->length) {
            c->part++;
            c->offset = 0;
        }
    } while (bytes != 0);
}
