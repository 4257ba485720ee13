/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio devices on the MMIO transport (virtio 1.2, 4.2; version 2, no legacy
 * interface), with split virtqueues (2.7). All that lies in the guest's memory
 * may change at any time and hold anything: it is read once and checked. What
 * breaks the rules sets DEVICE_NEEDS_RESET, and the device rests until then.
 */
#pragma once

#include <stdint.h>

/* Of all slots; the guest sees them at MV_GUEST_VIRTIO. */
uint64_t virtio_read(uint64_t offset, unsigned size);
void virtio_write(uint64_t offset, unsigned size, uint64_t value);

void virtio_reset_all(void);
