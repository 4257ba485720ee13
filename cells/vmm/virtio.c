/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio.h"

#include <stddef.h>

#include <mv/guest.h>

#include "vgic.h"
#include "virtio_device.h"
#include "vmm_config.h"

/* The guest's, which lies here where it does there. */
static struct vio_memory memory;

static struct virtio_device *device_of(uint32_t slot)
{
    if (slot == MV_GUEST_VIRTIO_CONSOLE && vmm_config.console == VMM_CONSOLE_VIRTIO)
        return &virtio_console;
    if (slot == MV_GUEST_VIRTIO_RNG && vmm_config.has_rng)
        return &virtio_rng;
    return NULL;
}

bool virtio_next(struct virtio_device *d, uint32_t queue, bool write)
{
    enum vio_status status = vio_device_next(&d->mmio.queue[queue], &d->chain);
    uint16_t wrong = write ? d->chain.out_count : d->chain.in_count;

    if (status == VIO_BROKEN || (status == VIO_OK && wrong != 0)) {
        vio_mmio_fail(&d->mmio);
        return false;
    }
    return status == VIO_OK;
}

void virtio_update(struct virtio_device *d)
{
    bool line = d->interrupt != 0;

    if (line != d->line) {
        d->line = line;
        vgic_drive(MV_GUEST_SPI_VIRTIO + d->slot, line);
    }
}

void virtio_on_interrupt(struct vio_mmio *m)
{
    virtio_update((struct virtio_device *)m->context);
}

uint64_t virtio_read(uint64_t offset, unsigned size)
{
    struct virtio_device *d = device_of((uint32_t)(offset / MV_GUEST_VIRTIO_BYTES));
    uint64_t value;

    offset %= MV_GUEST_VIRTIO_BYTES;
    if (d == NULL)
        return vio_mmio_read_empty(offset, size);
    lock_take(&d->lock);
    value = vio_mmio_read(&d->mmio, offset, size);
    lock_release(&d->lock);
    return value;
}

void virtio_write(uint64_t offset, unsigned size, uint64_t value)
{
    struct virtio_device *d = device_of((uint32_t)(offset / MV_GUEST_VIRTIO_BYTES));

    if (d == NULL)
        return;
    lock_take(&d->lock);
    vio_mmio_write(&d->mmio, offset % MV_GUEST_VIRTIO_BYTES, size, value);
    virtio_update(d);
    lock_release(&d->lock);
}

void virtio_reset_all(void)
{
    memory = (struct vio_memory){ vmm_config.ram_base, vmm_config.ram_size,
                                  (uint8_t *)(uintptr_t)vmm_config.ram_base };
    for (uint32_t slot = 0; slot < MV_GUEST_VIRTIO_COUNT; slot++) {
        struct virtio_device *d = device_of(slot);

        if (d == NULL)
            continue;
        lock_take(&d->lock);
        d->slot = slot;
        d->chain.part = d->part;
        d->chain.part_max = VIO_NUM_MAX;
        vio_mmio_init(&d->mmio, d == &virtio_console ? &virtio_console_device : &virtio_rng_device, &memory,
                      &d->interrupt, d);
        vio_mmio_reset(&d->mmio);
        d->line = false;
        lock_release(&d->lock);
    }
}
