/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio.h"

#include <mv/guest.h>

#include "virtio_console.h"

#define MAGIC       0x74726976u      /* "virt" */

/* A slot without a device: DeviceID 0. */
uint64_t virtio_read(uint64_t offset, unsigned size)
{
    static const uint32_t empty[] = { MAGIC, 2 };

    offset %= MV_GUEST_VIRTIO_BYTES;
    return size == 4 && offset < sizeof(empty) ? empty[offset / 4] : 0;
}

void virtio_write(uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset;
    (void)size;
    (void)value;
}

void virtio_reset_all(void)
{
}

void virtio_console_event(void)
{
}
