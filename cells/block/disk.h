/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk: a virtio block device on the PCI bus. It is not trusted: what it
 * answers is checked, and nothing that a client could still change is given to it but
 * data. Headers and status bytes of requests lie in memory that only this cell
 * and the disk have.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/driver.h>

/* Requests that can be with the disk at once; each has a number, its slot. */
#define DISK_SLOTS     128u
#define DISK_SPANS_MAX (VIO_NUM_MAX - 2)

struct disk {
    bool     works;            /* false: it is absent, or has failed */
    bool     read_only, can_flush;
    uint64_t sectors;          /* of 512 bytes; may change at any time */
    uint32_t descriptors;      /* of its queue; a request takes two more than it has spans */
    uint32_t spans;            /* of a request at most, 1 to DISK_SPANS_MAX */
    uint32_t span_bytes;       /* of a span at most */
    uint32_t block_bytes;      /* what it reads and writes is a multiple of this */
};
extern struct disk disk;       /* written by disk.c only */

/* Attach the device and set it up; false and a line that says why. */
bool disk_start(void);

/* Take the device away from its memory. False: it may still write to what it was
 * given. It does not work afterwards, whatever the answer. */
bool disk_stop(void);

/*
 * Add a request, which disk_publish() hands over: `spans` of data by the disk's
 * addresses (IN: it writes them, OUT: it reads them). VIO_FULL: not now.
 */
enum vio_status disk_add(uint32_t slot, uint32_t type, uint64_t sector, const struct vio_span *span,
                         uint32_t spans);
void disk_publish(void);

/* What the disk has done: the slot, the status byte that it left there (0xff: none),
 * and how many bytes of data it says that it wrote. */
enum vio_status disk_take(uint32_t *slot, uint8_t *status, uint32_t *bytes);

/* It is to interrupt when it has done more. True: it has already. */
bool disk_listen(void);

/* Its interrupt has come, and may come again. False: it says that it has given up.
 * Looks again how large it is, if that may have changed. */
bool disk_interrupt(void);
