/* SPDX-License-Identifier: BSD-2-Clause */
#include "io.h"

#include <mv/guest.h>

#include <libmv/message.h>
#include <libmv/time.h>

#include <libvirtio/io.h>
#include <libvirtio/mmio_device.h>

#include "console.h"
#include "vmm_config.h"

/* Longer than the io cell ever takes; what it does is bounded. */
#define LIMIT_NS MV_S

static uint32_t gone;              /* 1: that has been said */

static uint32_t slot_of(uint64_t offset)
{
    return (uint32_t)(offset / MV_GUEST_VIRTIO_BYTES);
}

bool io_has(uint64_t offset)
{
    return (vmm_config.io_slots >> slot_of(offset) & 1) != 0;
}

/* False: nobody has answered. */
static bool io_call(enum vio_io_call what, uint64_t offset, unsigned size, uint64_t *value)
{
    struct mv_words io = { { what, slot_of(offset), offset % MV_GUEST_VIRTIO_BYTES, size, *value } };
    bool answered = mv_call_until(vmm_config.io_cap, &io, mv_time_ns() + LIMIT_NS) == MV_OK;

    if (!answered && __atomic_exchange_n(&gone, 1, __ATOMIC_RELAXED) == 0)
        event("the io cell does not answer: its devices are not there");
    if (answered) {
        __atomic_store_n(&gone, 0, __ATOMIC_RELAXED);
        *value = io.w[0];
    }
    return answered;
}

uint64_t io_read(uint64_t offset, unsigned size)
{
    uint64_t in_slot = offset % MV_GUEST_VIRTIO_BYTES, value = 0;

    if (size == 4 && in_slot == VIO_MMIO_INTERRUPT_STATUS)
        return vio_io_interrupts(&vmm_config.io_status[slot_of(offset)]);
    return io_call(VIO_IO_READ, offset, size, &value) ? value : vio_mmio_read_empty(in_slot, size);
}

void io_write(uint64_t offset, unsigned size, uint64_t value)
{
    if (size == 4 && offset % MV_GUEST_VIRTIO_BYTES == VIO_MMIO_INTERRUPT_ACK)
        vio_io_acknowledge(&vmm_config.io_status[slot_of(offset)], (uint32_t)value);
    else
        (void)io_call(VIO_IO_WRITE, offset, size, &value);
}

void io_reset(void)
{
    uint64_t value = 0;

    if (vmm_config.io_slots != 0)
        (void)io_call(VIO_IO_RESET, 0, 0, &value);
}
