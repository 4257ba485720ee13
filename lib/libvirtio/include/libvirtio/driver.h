/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's end of a split virtqueue (virtio 1.2, 2.7). The device is not
 * trusted: what it writes is read once and checked, and nothing is read back
 * from the descriptors. What it can do is to be silent, to lie about data, and to
 * break the rules, which is seen.
 *
 * Turn: vio_driver_add() for each buffer, vio_driver_publish() once for many;
 * vio_driver_take() until it says VIO_EMPTY, vio_driver_listen() before waiting.
 *
 * After VIO_BROKEN nothing moves until vio_driver_start(); what the device may
 * still write to is for the user to know. One caller at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/memory.h>
#include <libvirtio/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A part of a buffer, as the device calls it: vio_address(). */
struct vio_span {
    uint64_t address;
    uint32_t length;
};

/* What is known of each descriptor, in private memory. */
struct vio_driver_slot {
    void    *token;
    uint32_t writable;         /* bytes of the chain that begins here */
    uint16_t next;             /* free, or of the same chain */
    uint16_t count;            /* descriptors of the chain that begins here; 0: none does */
};

struct vio_driver_queue {
    struct vio_desc *desc;
    struct vio_avail *avail;
    struct vio_used *used;
    struct vio_driver_slot *slot;
    uint32_t num;
    bool     ready, broken;
    bool     event_index;      /* VIO_F_EVENT_IDX is agreed */
    bool     device;           /* the other end is hardware, not a core */
    uint16_t free, free_count;
    uint16_t added;            /* what the available index will be */
    uint16_t published;        /* what it is */
    uint16_t seen;             /* the used index as last read */
    uint16_t taken;            /* up to here */
};

#define VIO_DRIVER_EVENT_INDEX 1u
#define VIO_DRIVER_DEVICE      2u

/*
 * Set up an empty queue in memory at `at`, as vio_ring_layout_of(num) says, aligned
 * to VIO_RING_LINE; `slot` has room for `num`. False: `num` is no power of two
 * up to VIO_NUM_MAX.
 */
bool vio_driver_start(struct vio_driver_queue *q, void *at, uint32_t num, struct vio_driver_slot *slot,
                      uint32_t flags);
void vio_driver_stop(struct vio_driver_queue *q);

/*
 * Add a buffer: `out` parts that the device is to read, then `in` parts that it
 * may write. VIO_FULL: there are not enough descriptors now. The token comes back
 * with it; its memory stays the device's until then.
 */
enum vio_status vio_driver_add(struct vio_driver_queue *q, const struct vio_span *part, uint32_t out,
                               uint32_t in, void *token);

/* Let the device see what has been added. Whether it wants to be notified. */
bool vio_driver_publish(struct vio_driver_queue *q);

/* Take back a buffer that the device has done, the first `length` bytes of its
 * writable parts written, never more than there are. */
enum vio_status vio_driver_take(struct vio_driver_queue *q, void **token, uint32_t *length);

/* How many descriptors are free: parts that could be added. */
static inline uint32_t vio_driver_free(const struct vio_driver_queue *q)
{
    return q->ready && !q->broken ? q->free_count : 0;
}

/* Nothing is with the device. */
static inline bool vio_driver_is_idle(const struct vio_driver_queue *q)
{
    return q->free_count == q->num;
}

/* The device need not interrupt. It may do so all the same. */
void vio_driver_quiet(struct vio_driver_queue *q);

/* The device is to interrupt when it has done something from now on. True: there
 * is something already, of which it may not. */
bool vio_driver_listen(struct vio_driver_queue *q);

/* When the device can no longer have anything (it was reset, the session has
 * ended): takes back what it had, one token after the other; false: that was all.
 * Then vio_driver_start(). */
bool vio_driver_cancel(struct vio_driver_queue *q, void **token);

#ifdef __cplusplus
}
#endif
