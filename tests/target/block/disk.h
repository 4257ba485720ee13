/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition as a native client sees it: requests that are under way together, and
 * are asked for again when the session with the server has ended meanwhile. Data are
 * kept here and copied, for the link may be cleared when the server starts again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/libvirtio.h>

#define DISK_REQUESTS 16u
#define DISK_BYTES    16384u           /* of a request at most */

struct request {
    struct vio_block_header *header;   /* these three in the link */
    uint8_t *there, *status;
    uint8_t  data[DISK_BYTES];
    uint32_t type, sectors;
    uint64_t sector;
    bool     busy;
};

struct disk {
    struct vio_link_client link;
    struct vio_driver_slot slots[VIO_LINK_SLOTS];
    struct request request[DISK_REQUESTS];
    uint32_t sessions;
    uint32_t sent;                     /* requests that the server was told of */
    uint64_t capacity;
    bool     read_only;
};

/* Open the link of this name and wait for the server. */
void disk_open(struct disk *d, const char *name);

/* Begin a request in a place that is not busy. */
void disk_begin(struct disk *d, uint32_t n, uint32_t type, uint64_t sector, uint32_t sectors);

/* Wait until one is done: its number. */
uint32_t disk_wait(struct disk *d);

/* One request from its beginning to its end: its status. */
uint8_t disk_do(struct disk *d, uint32_t type, uint64_t sector, uint32_t sectors);
