/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a client asks for, taken out of a chain and checked; and how its data are cut
 * into pieces that a disk takes. Nothing here knows links or disks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/device.h>
#include <libvirtio/driver.h>
#include <libvirtio/memory.h>

/* What a client may do, as things stand. */
struct order_limits {
    uint64_t sectors;          /* of its partition                              */
    uint64_t present;          /* of those, how many the disk has now, from the start on */
    bool     works;            /* false: whatever needs the disk fails          */
    bool     read_only, can_flush;
    const char *name;          /* GET_ID tells                                  */
};

/* Where the next byte of data is, and how many are left. */
struct cut {
    const struct vio_part *part;
    uint32_t offset;           /* in that part */
    uint64_t left;
};

enum order_kind {
    ORDER_BROKEN,              /* it has no room for a header or a status */
    ORDER_ANSWERED,            /* `status` says how; the disk is not needed */
    ORDER_DISK,                /* it is to be done: `type`, `sector`, `data` */
};

struct order {
    uint32_t type;             /* VIO_BLOCK_* */
    uint64_t sector;           /* of the partition */
    struct cut data;
    uint8_t  status;           /* VIO_BLOCK_*: of one that is answered */
    uint8_t *status_at;        /* where the client wants it */
    uint32_t written;          /* bytes, when it is done: all that are to be written */
};

/* The header is read once; `chain` must stay until all of the data is cut. */
enum order_kind order_read(struct order *o, const struct vio_chain *chain, const struct order_limits *limits);

struct cut_limits {
    uint32_t spans;            /* of a piece at most */
    uint32_t span_bytes;       /* of a span at most */
    uint32_t bytes;            /* of a piece at most, a multiple of `block` */
    uint32_t block;            /* a piece is a multiple of this, unless it ends the data */
};

/*
 * The next piece, as the disk calls it; how many bytes it has, 0 if a single block
 * is in more parts than a piece can have. cut_advance() passes it.
 */
uint32_t cut_piece(const struct cut *c, const struct vio_memory *dma, const struct cut_limits *limits,
                   struct vio_span *span, uint32_t *spans);
void cut_advance(struct cut *c, uint32_t bytes);
