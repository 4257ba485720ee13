/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a virtio-mmio device, version 2 (virtio 1.2, 4.2), as its
 * guest's driver sees them, without legacy interface. The user of this is the
 * device: it gives functions, and works on `queue[]`.
 *
 * The driver is not trusted. What breaks the rules sets DEVICE_NEEDS_RESET, and
 * the device rests until it is reset.
 *
 * One caller at a time. But InterruptStatus is a word of the user's, changed
 * atomically: others may read it and clear bits in it (InterruptACK) meanwhile.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/device.h>
#include <libvirtio/memory.h>
#include <libvirtio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIO_MMIO_QUEUES  16u
#define VIO_MMIO_BYTES   0x200u

/* Registers that others than vio_mmio_read() and vio_mmio_write() must know. */
#define VIO_MMIO_QUEUE_NOTIFY     0x050u
#define VIO_MMIO_INTERRUPT_STATUS 0x060u
#define VIO_MMIO_INTERRUPT_ACK    0x064u
#define VIO_MMIO_CONFIG           0x100u

struct vio_mmio;

/* What the device does. Those marked [O] may be NULL. */
struct vio_mmio_device {
    uint32_t id;               /* VIO_ID_* */
    uint32_t queue_count;      /* at most VIO_MMIO_QUEUES */
    uint32_t num_max;          /* of each queue, a power of two up to VIO_NUM_MAX; 0: VIO_NUM_MAX */
    uint64_t features;         /* offered, beside VIO_F_VERSION_1 */
    /* The driver has notified this queue, or set DRIVER_OK. The device is live. */
    void (*notify)(struct vio_mmio *m, uint32_t queue);
    /* InterruptStatus has a bit that it had not. */
    void (*interrupt)(struct vio_mmio *m);
    /* [O] The device has been reset: its queues are not in use any more. */
    void (*reset)(struct vio_mmio *m);
    /* [O] The configuration: `size` is 1, 2, 4 or 8; bytes that are not there are 0. */
    uint64_t (*config_read)(struct vio_mmio *m, uint32_t offset, uint32_t size);
    void (*config_write)(struct vio_mmio *m, uint32_t offset, uint32_t size, uint64_t value);
};

struct vio_mmio {
    const struct vio_mmio_device *device;
    const struct vio_memory *memory;       /* the guest's */
    uint32_t *interrupt;                   /* InterruptStatus */
    void     *context;                     /* the user's own */
    uint32_t  device_features_sel, driver_features_sel, queue_sel;
    uint32_t  status;
    uint32_t  generation;                  /* of the configuration */
    uint64_t  driver_features;
    struct {
        uint32_t num;                      /* as the driver has set it up */
        uint64_t desc, driver, device;
    } setup[VIO_MMIO_QUEUES];
    struct vio_device_queue queue[VIO_MMIO_QUEUES];
};

/* A device after reset. Does not call its functions. */
void vio_mmio_init(struct vio_mmio *m, const struct vio_mmio_device *device, const struct vio_memory *memory,
                   uint32_t *interrupt, void *context);

/* Accesses of the driver. Those of a width that is not allowed read 0 and write
 * nothing. */
uint64_t vio_mmio_read(struct vio_mmio *m, uint64_t offset, uint32_t size);
void vio_mmio_write(struct vio_mmio *m, uint64_t offset, uint32_t size, uint64_t value);

/* A read where no device is: DeviceID 0. */
uint64_t vio_mmio_read_empty(uint64_t offset, uint32_t size);

/* The driver has written QueueNotify, and another has taken that. */
void vio_mmio_notify(struct vio_mmio *m, uint64_t queue);

/* As if the driver had written 0 to Status. */
void vio_mmio_reset(struct vio_mmio *m);

/* DRIVER_OK, and no DEVICE_NEEDS_RESET: whether the device may use its queues. */
bool vio_mmio_is_live(const struct vio_mmio *m);

/* Whether the driver has accepted this feature. */
static inline bool vio_mmio_has(const struct vio_mmio *m, uint64_t feature)
{
    return (m->driver_features & feature) != 0;
}

/* Let the driver see what is done in a queue; interrupts it if it wants that. */
void vio_mmio_publish(struct vio_mmio *m, uint32_t queue);

/* The configuration has changed. */
void vio_mmio_config_changed(struct vio_mmio *m);

/* The driver has broken a rule: VIO_BROKEN, or one of the device's own. */
void vio_mmio_fail(struct vio_mmio *m);

/* Read from a configuration that lies in memory, zeros behind its end. */
uint64_t vio_mmio_config_bytes(const void *config, uint32_t length, uint32_t offset, uint32_t size);

#ifdef __cplusplus
}
#endif
