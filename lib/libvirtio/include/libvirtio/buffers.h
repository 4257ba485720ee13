/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buffers of one size in memory that another side sees as well: of a link, or of
 * a device. What is free is known from private memory only.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vio_buffers {
    uint8_t  *at;
    uint32_t  each;            /* bytes of one */
    uint32_t  count;
    uint32_t  free_count;
    uint16_t *free;            /* numbers of the free ones, the next one last */
};

/* As many buffers of `each` bytes as `bytes` at `at` hold, at most `max`; `free`
 * has room for that many. All are free. */
void vio_buffers_init(struct vio_buffers *b, void *at, uint64_t bytes, uint32_t each, uint16_t *free, uint32_t max);

/* A free buffer, NULL if there is none: the one given back last. */
void *vio_buffers_take(struct vio_buffers *b);

/* Give back a buffer that has been taken: its address, or one in it. */
void vio_buffers_give(struct vio_buffers *b, const void *buffer);

static inline uint32_t vio_buffers_number(const struct vio_buffers *b, const void *buffer)
{
    return (uint32_t)((uint64_t)((const uint8_t *)buffer - b->at) / b->each);
}

#ifdef __cplusplus
}
#endif
