/* SPDX-License-Identifier: BSD-2-Clause */
/* A device's end whose rings lie in a known place, outside of `memory`. */
#pragma once

#include <libvirtio/device.h>

void vio_device_start_at(struct vio_device_queue *q, const struct vio_memory *memory, uint32_t num,
                         const struct vio_desc *desc, struct vio_avail *avail, struct vio_used *used,
                         bool event_index);
