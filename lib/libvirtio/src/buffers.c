/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvirtio/buffers.h>

#include <stddef.h>

void vio_buffers_init(struct vio_buffers *b, void *at, uint64_t bytes, uint32_t each, uint16_t *free, uint32_t max)
{
    uint64_t count = each != 0 ? bytes / each : 0;

    if (count > max)
        count = max;
    if (count > UINT16_MAX)
        count = UINT16_MAX;
    *b = (struct vio_buffers){ (uint8_t *)at, each, (uint32_t)count, (uint32_t)count, free };
    for (uint32_t i = 0; i < b->count; i++)
        free[i] = (uint16_t)(b->count - 1 - i);
}

void *vio_buffers_take(struct vio_buffers *b)
{
    return b->free_count != 0 ? b->at + (size_t)b->free[--b->free_count] * b->each : NULL;
}

void vio_buffers_give(struct vio_buffers *b, const void *buffer)
{
    b->free[b->free_count++] = (uint16_t)vio_buffers_number(b, buffer);
}
