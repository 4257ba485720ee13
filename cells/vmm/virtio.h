/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's virtio devices that are the VMM's own: console and random
 * numbers, on the MMIO transport (libvirtio/mmio_device.h). Those of the io cell
 * are io.h's.
 */
#pragma once

#include <stdint.h>

/* Of all slots; the guest sees them at MV_GUEST_VIRTIO. */
uint64_t virtio_read(uint64_t offset, unsigned size);
void virtio_write(uint64_t offset, unsigned size, uint64_t value);

void virtio_reset_all(void);
