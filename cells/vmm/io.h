/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's disks, networks and ports are another cell's, the io cell
 * (libvirtio/io.h). Accesses to their registers are handed on to it; only what
 * every interrupt needs is answered here. If it is gone, no device is there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether the io cell has the virtio device at this offset from MV_GUEST_VIRTIO. */
bool io_has(uint64_t offset);

uint64_t io_read(uint64_t offset, unsigned size);
void io_write(uint64_t offset, unsigned size, uint64_t value);

/* The machine begins anew: no vCPU of it runs. */
void io_reset(void);
