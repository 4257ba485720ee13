/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A split virtqueue as it lies in memory (virtio 1.2, 2.7), and words that both
 * ends have in common. All numbers are little-endian, like the machine's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIO_NUM_MAX   256u     /* descriptors of a queue, a power of two */
#define VIO_NUM_WORDS (VIO_NUM_MAX / 64)

enum vio_status {
    VIO_OK,
    VIO_EMPTY,                 /* there is nothing to take, or the queue is not in use */
    VIO_FULL,                  /* there is no room, or the queue is not in use */
    VIO_BROKEN,                /* the other side has broken a rule; the queue rests until it is started again */
};

/* Flags of a descriptor. */
#define VIO_DESC_NEXT      1u
#define VIO_DESC_WRITE     2u
#define VIO_DESC_INDIRECT  4u

/* Flags of the available and of the used ring, without VIO_F_EVENT_IDX. */
#define VIO_NO_INTERRUPT   1u
#define VIO_NO_NOTIFY      1u

struct vio_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

/* Written by the driver. Behind the ring: used_event. */
struct vio_avail {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};

struct vio_used_entry {
    uint32_t id;
    uint32_t length;
};

/* Written by the device. Behind the ring: avail_event. */
struct vio_used {
    uint16_t flags;
    uint16_t index;
    struct vio_used_entry ring[];
};

static inline bool vio_num_is_good(uint32_t num)
{
    return num != 0 && num <= VIO_NUM_MAX && (num & (num - 1)) == 0;
}

/* Bytes of each part, the event word included. */
static inline uint32_t vio_desc_bytes(uint32_t num)
{
    return num * (uint32_t)sizeof(struct vio_desc);
}

static inline uint32_t vio_avail_bytes(uint32_t num)
{
    return (uint32_t)sizeof(struct vio_avail) + num * 2 + 2;
}

static inline uint32_t vio_used_bytes(uint32_t num)
{
    return (uint32_t)sizeof(struct vio_used) + num * (uint32_t)sizeof(struct vio_used_entry) + 2;
}

static inline uint16_t *vio_used_event(struct vio_avail *avail, uint32_t num)
{
    return &avail->ring[num];
}

static inline uint16_t *vio_avail_event(struct vio_used *used, uint32_t num)
{
    return (uint16_t *)(void *)&used->ring[num];
}

/* Whether an index that went from `before` to `now` has passed `event`. */
static inline bool vio_event_passed(uint16_t event, uint16_t now, uint16_t before)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/*
 * A whole queue in one piece of memory, as driver.h and link.h lay it out: what
 * different sides write lies in different cache lines.
 */
#define VIO_RING_LINE 64u

struct vio_ring_layout {
    uint32_t avail, used;      /* offsets; the descriptors are at 0 */
    uint32_t bytes;
};

static inline struct vio_ring_layout vio_ring_layout_of(uint32_t num)
{
    struct vio_ring_layout l;

    l.avail = (vio_desc_bytes(num) + VIO_RING_LINE - 1) & ~(VIO_RING_LINE - 1);
    l.used = (l.avail + vio_avail_bytes(num) + VIO_RING_LINE - 1) & ~(VIO_RING_LINE - 1);
    l.bytes = (l.used + vio_used_bytes(num) + VIO_RING_LINE - 1) & ~(VIO_RING_LINE - 1);
    return l;
}

#ifdef __cplusplus
}
#endif
