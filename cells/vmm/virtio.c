/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio.h"

#include <stddef.h>

#include <mv/guest.h>

#include "vgic.h"
#include "virtio_device.h"

#define MAGIC_VALUE         0x000u
#define VERSION             0x004u
#define DEVICE_ID           0x008u
#define VENDOR_ID           0x00cu
#define DEVICE_FEATURES     0x010u
#define DEVICE_FEATURES_SEL 0x014u
#define DRIVER_FEATURES     0x020u
#define DRIVER_FEATURES_SEL 0x024u
#define QUEUE_SEL           0x030u
#define QUEUE_NUM_MAX       0x034u
#define QUEUE_NUM           0x038u
#define QUEUE_READY         0x044u
#define QUEUE_NOTIFY        0x050u
#define INTERRUPT_STATUS    0x060u
#define INTERRUPT_ACK       0x064u
#define STATUS              0x070u
#define QUEUE_DESC_LOW      0x080u
#define QUEUE_DESC_HIGH     0x084u
#define QUEUE_DRIVER_LOW    0x090u
#define QUEUE_DRIVER_HIGH   0x094u
#define QUEUE_DEVICE_LOW    0x0a0u
#define QUEUE_DEVICE_HIGH   0x0a4u
#define SHM_LEN_LOW         0x0b0u
#define SHM_BASE_HIGH       0x0bcu

#define MAGIC               0x74726976u     /* "virt" */
#define VENDOR              0x6c6c754du     /* "Mull" */

#define STATUS_DRIVER_OK    4u
#define STATUS_FEATURES_OK  8u
#define STATUS_NEEDS_RESET  64u
#define STATUS_DRIVERS      0x8fu           /* what the driver may set */

#define INTERRUPT_USED      1u
#define INTERRUPT_CONFIG    2u

#define FEATURE_VERSION_1   (UINT64_C(1) << 32)
#define FEATURES            FEATURE_VERSION_1

static struct virtio_device *device_of(uint32_t slot)
{
    if (slot == MV_GUEST_VIRTIO_CONSOLE && vmm_config.console == VMM_CONSOLE_VIRTIO)
        return &virtio_console;
    if (slot == MV_GUEST_VIRTIO_RNG && vmm_config.has_rng)
        return &virtio_rng;
    return NULL;
}

bool virtio_is_live(const struct virtio_device *d)
{
    return (d->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
}

void virtio_interrupt(struct virtio_device *d)
{
    d->interrupt |= INTERRUPT_USED;
}

void virtio_fail(struct virtio_device *d)
{
    d->status |= STATUS_NEEDS_RESET;
    if (d->status & STATUS_DRIVER_OK)
        d->interrupt |= INTERRUPT_CONFIG;
}

void virtio_update(struct virtio_device *d)
{
    bool line = d->interrupt != 0;

    if (line != d->line) {
        d->line = line;
        vgic_drive(MV_GUEST_SPI_VIRTIO + d->slot, line);
    }
}

static void reset(struct virtio_device *d)
{
    d->device_features_sel = d->driver_features_sel = d->queue_sel = 0;
    d->driver_features = 0;
    d->status = d->interrupt = 0;
    for (uint32_t i = 0; i < VIRTIO_QUEUES; i++)
        d->queue[i] = (struct virtqueue){ .num = 0 };
}

/* ---- registers ---------------------------------------------------------------- */

static struct virtqueue *selected(struct virtio_device *d)
{
    return d->queue_sel < d->queue_count ? &d->queue[d->queue_sel] : NULL;
}

static uint32_t word_of(uint64_t value, uint32_t which)
{
    return which == 0 ? (uint32_t)value : which == 1 ? (uint32_t)(value >> 32) : 0;
}

static uint32_t read_register(struct virtio_device *d, uint32_t offset)
{
    const struct virtqueue *q = selected(d);

    switch (offset) {
    case DEVICE_ID:        return d->id;
    case DEVICE_FEATURES:  return word_of(FEATURES, d->device_features_sel);
    case QUEUE_NUM_MAX:    return q != NULL ? VIRTQUEUE_MAX : 0;
    case QUEUE_READY:      return q != NULL && q->ready;
    case INTERRUPT_STATUS: return d->interrupt;
    case STATUS:           return d->status;
    default:               break;
    }
    /* There is no shared memory region: its length is -1. */
    return offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? UINT32_MAX : 0;
}

static void write_features(struct virtio_device *d, uint32_t value)
{
    uint32_t sel = d->driver_features_sel;

    if ((d->status & STATUS_FEATURES_OK) != 0 || sel > 1)
        return;
    d->driver_features &= ~((uint64_t)UINT32_MAX << 32 * sel);
    d->driver_features |= (uint64_t)value << 32 * sel;
}

static bool features_are_good(const struct virtio_device *d)
{
    return (d->driver_features & ~FEATURES) == 0 &&
           (d->driver_features & FEATURE_VERSION_1) != 0;
}

/* Bits are set one by one, and cleared all together. */
static void write_status(struct virtio_device *d, uint32_t value)
{
    bool was_live = virtio_is_live(d);

    if (value == 0) {
        reset(d);
        return;
    }
    value &= STATUS_DRIVERS;
    if ((value & STATUS_FEATURES_OK) != 0 && !features_are_good(d))
        value &= ~STATUS_FEATURES_OK;
    if (((d->status | value) & STATUS_FEATURES_OK) == 0)
        value &= ~STATUS_DRIVER_OK;
    d->status |= value;
    for (uint32_t i = 0; i < d->queue_count && !was_live && virtio_is_live(d); i++)
        d->notify(d, i);
}

static void write_ready(struct virtio_device *d, struct virtqueue *q, uint32_t value)
{
    if ((value & 1) == 0)
        *q = (struct virtqueue){ .num = 0 };
    else if ((d->status & STATUS_FEATURES_OK) == 0 || (!q->ready && !virtqueue_start(q)))
        virtio_fail(d);
}

/* A queue that is in use cannot be set up. */
static void write_queue(struct virtio_device *d, uint32_t offset, uint32_t value)
{
    struct virtqueue *q = selected(d);

    if (q == NULL)
        return;
    if (offset == QUEUE_READY)
        write_ready(d, q, value);
    if (q->ready)
        return;
    switch (offset) {
    case QUEUE_NUM:         q->num = value; break;
    case QUEUE_DESC_LOW:    q->desc = (q->desc & ~(uint64_t)UINT32_MAX) | value; break;
    case QUEUE_DESC_HIGH:   q->desc = (uint32_t)q->desc | (uint64_t)value << 32; break;
    case QUEUE_DRIVER_LOW:  q->driver = (q->driver & ~(uint64_t)UINT32_MAX) | value; break;
    case QUEUE_DRIVER_HIGH: q->driver = (uint32_t)q->driver | (uint64_t)value << 32; break;
    case QUEUE_DEVICE_LOW:  q->device = (q->device & ~(uint64_t)UINT32_MAX) | value; break;
    case QUEUE_DEVICE_HIGH: q->device = (uint32_t)q->device | (uint64_t)value << 32; break;
    default:                break;
    }
}

static void write_register(struct virtio_device *d, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURES_SEL: d->device_features_sel = value; break;
    case DRIVER_FEATURES_SEL: d->driver_features_sel = value; break;
    case DRIVER_FEATURES:     write_features(d, value); break;
    case QUEUE_SEL:           d->queue_sel = value; break;
    case INTERRUPT_ACK:       d->interrupt &= ~value; break;
    case STATUS:              write_status(d, value); break;
    case QUEUE_NOTIFY:
        if (value < d->queue_count && virtio_is_live(d))
            d->notify(d, value);
        break;
    default:
        write_queue(d, offset, value);
        break;
    }
}

uint64_t virtio_read(uint64_t offset, unsigned size)
{
    struct virtio_device *d = device_of((uint32_t)(offset / MV_GUEST_VIRTIO_BYTES));
    uint32_t value;

    offset %= MV_GUEST_VIRTIO_BYTES;
    if (size != 4)
        return 0;
    if (offset == MAGIC_VALUE)
        return MAGIC;
    if (offset == VERSION)
        return 2;
    if (offset == VENDOR_ID)
        return VENDOR;
    if (d == NULL)
        return 0;              /* DeviceID 0: an empty slot */
    lock_take(&d->lock);
    value = read_register(d, (uint32_t)offset);
    lock_release(&d->lock);
    return value;
}

void virtio_write(uint64_t offset, unsigned size, uint64_t value)
{
    struct virtio_device *d = device_of((uint32_t)(offset / MV_GUEST_VIRTIO_BYTES));

    if (d == NULL || size != 4)
        return;
    lock_take(&d->lock);
    write_register(d, (uint32_t)(offset % MV_GUEST_VIRTIO_BYTES), (uint32_t)value);
    virtio_update(d);
    lock_release(&d->lock);
}

void virtio_reset_all(void)
{
    for (uint32_t slot = 0; slot < MV_GUEST_VIRTIO_COUNT; slot++) {
        struct virtio_device *d = device_of(slot);

        if (d == NULL)
            continue;
        lock_take(&d->lock);
        d->slot = slot;
        reset(d);
        d->line = false;
        lock_release(&d->lock);
    }
}
