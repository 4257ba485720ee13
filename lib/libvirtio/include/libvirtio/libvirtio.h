/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything of the library: virtio's rings, both ends, and what carries them. */
#pragma once

#include <libvirtio/buffers.h>
#include <libvirtio/device.h>
#include <libvirtio/driver.h>
#include <libvirtio/io.h>
#include <libvirtio/link.h>
#include <libvirtio/memory.h>
#include <libvirtio/mmio_device.h>
#include <libvirtio/pci.h>
#include <libvirtio/ring.h>
#include <libvirtio/types.h>
