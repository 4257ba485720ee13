/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that two sides call by different addresses: a guest's, a link's, a
 * device's. What the other side says is an address (uint64_t); what it is here
 * is a pointer. Only these two functions make the one from the other.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vio_memory {
    uint64_t base;             /* of its first byte, as the other side says it */
    uint64_t size;
    uint8_t *at;               /* where that byte is here */
};

/* Where `length` bytes at `address` are here; NULL if any of them is outside. */
static inline void *vio_at(const struct vio_memory *m, uint64_t address, uint64_t length)
{
    uint64_t offset = address - m->base;

    if (offset > m->size || length > m->size - offset)
        return NULL;
    return m->at + offset;
}

/* What the other side calls a place in this memory. */
static inline uint64_t vio_address(const struct vio_memory *m, const void *at)
{
    return m->base + (uint64_t)((const uint8_t *)at - m->at);
}

#ifdef __cplusplus
}
#endif
