/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's end of a split virtqueue (virtio 1.2, 2.7), without indirect
 * descriptors. The queue and all that it names lie in memory that the driver's
 * side writes at will: each word of it is read once and checked, and a chain is
 * a private copy. What the parts themselves hold may still change at any time.
 *
 * Turn: vio_device_next() until it says VIO_EMPTY, vio_device_done() for each
 * buffer in any order and at any time, vio_device_publish() once for many, and
 * vio_device_listen() before waiting.
 *
 * After VIO_BROKEN nothing moves until vio_device_start(). One caller at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libvirtio/memory.h>
#include <libvirtio/ring.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vio_part {
    uint8_t *at;
    uint32_t length;
};

/* One buffer: the parts that the device may read first, then those it is to
 * write. The user says where the parts go and how many it takes; a chain with
 * more is against the rules. VIO_NUM_MAX take any chain. */
struct vio_chain {
    struct vio_part *part;     /* set by the user */
    uint32_t part_max;         /* set by the user */
    uint16_t head;             /* names the buffer */
    uint16_t out_count;        /* parts that the driver has written */
    uint16_t in_count;         /* parts behind them that the device may write */
    uint64_t out_bytes, in_bytes;
};

struct vio_device_queue {
    struct vio_memory memory;
    const struct vio_desc *desc;
    struct vio_avail *avail;
    struct vio_used *used;
    uint32_t num;
    bool     ready, broken;
    bool     event_index;      /* VIO_F_EVENT_IDX is agreed */
    uint16_t seen;             /* the available index as last read */
    uint16_t taken;            /* up to here */
    uint16_t done;             /* what the used index will be */
    uint16_t published;        /* what it is */
    uint64_t outstanding[VIO_NUM_WORDS];   /* heads that are taken and not done */
};

/*
 * Take a queue into use, as the driver has set it up. False, and the queue is
 * not in use: the number or an alignment is wrong, or some of it is outside.
 * The indices begin at 0.
 */
bool vio_device_start(struct vio_device_queue *q, const struct vio_memory *memory, uint32_t num,
                      uint64_t desc, uint64_t driver, uint64_t device, bool event_index);
void vio_device_stop(struct vio_device_queue *q);

/* Take the next buffer. A head that is taken and not done is not given twice,
 * so there are never more than `num` of them. */
enum vio_status vio_device_next(struct vio_device_queue *q, struct vio_chain *chain);

/* The buffer taken last has not been used: it will be the next again. Nothing
 * may have been taken or published since. */
void vio_device_untake(struct vio_device_queue *q, uint16_t head);

/* Give a buffer back, its first `written` writable bytes written. Nothing
 * happens if it is not out: the queue has been started again. (But the driver may
 * have offered the same head since: whoever lets buffers lie forgets them then.) */
void vio_device_done(struct vio_device_queue *q, uint16_t head, uint32_t written);

/* Let the driver see what is done. Whether it wants to be interrupted. */
bool vio_device_publish(struct vio_device_queue *q);

/* The driver need not notify. It may do so all the same. */
void vio_device_quiet(struct vio_device_queue *q);

/* The driver is to notify of what it makes available from now on. True: there
 * is something already, of which it may not. */
bool vio_device_listen(struct vio_device_queue *q);

/* How many buffers could be taken; 0 also if the index is wrong. */
uint32_t vio_device_available(const struct vio_device_queue *q);

/* Copy from parts, or to them, from this offset in all their bytes on. How many
 * bytes that were: fewer than asked at the end. Each byte is read once. */
size_t vio_parts_get(const struct vio_part *part, uint32_t count, uint64_t offset, void *to, size_t length);
size_t vio_parts_put(const struct vio_part *part, uint32_t count, uint64_t offset, const void *from, size_t length);

#ifdef __cplusplus
}
#endif
