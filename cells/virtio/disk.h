/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk of the guest: a partition behind a link to a block cell (virtio 1.2,
 * 5.2). Each of the guest's requests becomes one or more *pieces* on the link,
 * whose data lie in the link's buffers: copied there before a write, and from
 * there after a read.
 *
 * The block cell is not trusted: an answer is a status byte and a length, both
 * checked; a piece that it does not answer in time fails all that is under way
 * and ends the session. When a session ends otherwise (the block cell has
 * started again) what was under way is sent once more: reading or writing the
 * same twice does no harm, and the guest has not been told of an end. While there
 * is no session requests wait, but no longer than the limit.
 */
#pragma once

#include <libvirtio/buffers.h>
#include <libvirtio/link.h>

#include "slot.h"

#define DISK_REQUESTS     32u      /* of the guest, under way at a time */
#define DISK_SEGMENTS     30u      /* of data in one */
#define DISK_SEGMENT_MAX  0x10000u
#define DISK_PARTS        (DISK_SEGMENTS + 2)
#define DISK_PIECES       32u      /* at the block cell at a time */
#define DISK_BUFFER       4096u
#define DISK_BUFFERS      128u
#define DISK_PIECE_BUFFERS 16u     /* most of one piece */
#define DISK_TRIES        4u       /* sessions that a request lives through */
#define DISK_LIMIT_NS     UINT64_C(10000000000)
#define DISK_FLUSH_LIMIT_NS UINT64_C(40000000000)  /* while a flush is under way */

/* One of the guest's. */
struct disk_request {
    struct disk_request *next;     /* free, or on the list to be sent */
    bool     used;
    bool     waits;                /* it is on the list to be sent */
    bool     orphan;               /* the guest has reset the device: its memory is left alone */
    bool     sent_all;
    uint8_t  status;               /* VIO_BLOCK_*: the worst so far */
    uint8_t  tries;
    uint16_t head;
    uint16_t part_count;
    uint32_t type;
    uint32_t pieces;               /* at the block cell */
    uint64_t sector;
    uint32_t offset;               /* of the data in the parts */
    uint32_t bytes, sent;          /* of data */
    uint8_t *status_at;
    struct vio_part part[DISK_PARTS];
};

struct disk_piece {
    struct disk_piece *next;       /* free */
    struct disk_request *request;  /* NULL: free */
    uint64_t since;                /* when it was sent */
    uint32_t from, bytes;          /* of the request's data */
    uint32_t buffer_count;
    uint8_t *buffer[DISK_PIECE_BUFFERS];
};

/* In the link, one for each piece. */
struct disk_place {
    struct vio_block_header header;
    uint8_t status;
    uint8_t reserved[15];
};

struct disk {
    struct slot slot;              /* stays first */
    struct vio_link_client link;
    struct vio_driver_slot link_slots[VIO_NUM_MAX];
    struct vio_block_config config;
    bool     open;                 /* the link is what it should be */
    bool     up;
    bool     late;                 /* there has been no session for longer than the limit */
    uint64_t down_since;
    uint32_t generation;           /* of the block cell's configuration, as read */
    uint32_t used;                 /* requests */
    struct disk_place *places;     /* in the link */
    struct vio_buffers buffers;
    uint16_t buffers_free[DISK_BUFFERS];
    struct disk_request *free, *send, **send_end;
    struct disk_piece *free_piece;
    struct disk_request request[DISK_REQUESTS];
    struct disk_piece piece[DISK_PIECES];
    uint64_t requests, errors;     /* counters */
};

/* Memory of `d` is all zero. */
void disk_start(struct disk *d, const struct io_device *config);
