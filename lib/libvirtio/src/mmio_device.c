/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvirtio/mmio_device.h>

#include <stddef.h>

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
#define STATUS              0x070u
#define QUEUE_DESC_LOW      0x080u
#define QUEUE_DESC_HIGH     0x084u
#define QUEUE_DRIVER_LOW    0x090u
#define QUEUE_DRIVER_HIGH   0x094u
#define QUEUE_DEVICE_LOW    0x0a0u
#define QUEUE_DEVICE_HIGH   0x0a4u
#define SHM_LEN_LOW         0x0b0u
#define SHM_BASE_HIGH       0x0bcu
#define CONFIG_GENERATION   0x0fcu

#define MAGIC               0x74726976u     /* "virt" */
#define VENDOR              0x6c6c754du     /* "Mull" */

/* What the driver may set. */
#define STATUS_DRIVERS      (VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER | VIO_STATUS_DRIVER_OK | \
                             VIO_STATUS_FEATURES_OK | VIO_STATUS_FAILED)

void vio_mmio_init(struct vio_mmio *m, const struct vio_mmio_device *device, const struct vio_memory *memory,
                   uint32_t *interrupt, void *context)
{
    *m = (struct vio_mmio){ .device = device, .memory = memory, .interrupt = interrupt, .context = context };
    __atomic_store_n(interrupt, 0, __ATOMIC_SEQ_CST);
}

bool vio_mmio_is_live(const struct vio_mmio *m)
{
    return (m->status & (VIO_STATUS_DRIVER_OK | VIO_STATUS_NEEDS_RESET)) == VIO_STATUS_DRIVER_OK;
}

/*
 * Set bits of InterruptStatus. Where they are set already, the driver has not yet
 * acknowledged them, and will look at its rings after it does: what this is about
 * was written before. Pairs with vio_io_acknowledge() and that of the register.
 */
static void set_interrupt(struct vio_mmio *m, uint32_t bits)
{
    uint32_t before = __atomic_fetch_or(m->interrupt, bits, __ATOMIC_SEQ_CST);

    if ((bits & ~before) != 0)
        m->device->interrupt(m);
}

void vio_mmio_fail(struct vio_mmio *m)
{
    m->status |= VIO_STATUS_NEEDS_RESET;
    if ((m->status & VIO_STATUS_DRIVER_OK) != 0)
        set_interrupt(m, VIO_INTERRUPT_CONFIG);
}

void vio_mmio_config_changed(struct vio_mmio *m)
{
    m->generation++;
    if (vio_mmio_is_live(m))
        set_interrupt(m, VIO_INTERRUPT_CONFIG);
}

void vio_mmio_publish(struct vio_mmio *m, uint32_t queue)
{
    if (vio_device_publish(&m->queue[queue]))
        set_interrupt(m, VIO_INTERRUPT_USED);
}

void vio_mmio_notify(struct vio_mmio *m, uint64_t queue)
{
    if (queue < m->device->queue_count && vio_mmio_is_live(m))
        m->device->notify(m, (uint32_t)queue);
}

void vio_mmio_reset(struct vio_mmio *m)
{
    m->device_features_sel = m->driver_features_sel = m->queue_sel = 0;
    m->driver_features = 0;
    m->status = 0;
    for (uint32_t i = 0; i < VIO_MMIO_QUEUES; i++) {
        m->setup[i].num = 0;
        m->setup[i].desc = m->setup[i].driver = m->setup[i].device = 0;
        vio_device_stop(&m->queue[i]);
    }
    if (m->device->reset != NULL)
        m->device->reset(m);
    __atomic_store_n(m->interrupt, 0, __ATOMIC_SEQ_CST);
}

/* ---- registers ---------------------------------------------------------------- */

static uint64_t offered(const struct vio_mmio *m)
{
    return m->device->features | VIO_F_VERSION_1;
}

static bool queue_is_there(const struct vio_mmio *m)
{
    return m->queue_sel < m->device->queue_count && m->queue_sel < VIO_MMIO_QUEUES;
}

static uint32_t num_max(const struct vio_mmio *m)
{
    return m->device->num_max != 0 ? m->device->num_max : VIO_NUM_MAX;
}

static uint32_t word_of(uint64_t value, uint32_t which)
{
    return which == 0 ? (uint32_t)value : which == 1 ? (uint32_t)(value >> 32) : 0;
}

static uint32_t read_fixed(uint64_t offset)
{
    switch (offset) {
    case MAGIC_VALUE: return MAGIC;
    case VERSION:     return 2;
    case VENDOR_ID:   return VENDOR;
    default:          return 0;
    }
}

uint64_t vio_mmio_read_empty(uint64_t offset, uint32_t size)
{
    return size == 4 ? read_fixed(offset) : 0;
}

static uint32_t read_register(const struct vio_mmio *m, uint64_t offset)
{
    bool there = queue_is_there(m);

    switch (offset) {
    case DEVICE_ID:         return m->device->id;
    case DEVICE_FEATURES:   return word_of(offered(m), m->device_features_sel);
    case QUEUE_NUM_MAX:     return there ? num_max(m) : 0;
    case QUEUE_READY:       return there && (m->queue[m->queue_sel].ready || m->queue[m->queue_sel].broken);
    case VIO_MMIO_INTERRUPT_STATUS: return __atomic_load_n(m->interrupt, __ATOMIC_SEQ_CST);
    case STATUS:            return m->status;
    case CONFIG_GENERATION: return m->generation;
    default:                break;
    }
    /* There is no shared memory region: its length is -1. */
    return offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH ? UINT32_MAX : read_fixed(offset);
}

static bool is_config(uint64_t offset, uint32_t size)
{
    return offset >= VIO_MMIO_CONFIG && offset < VIO_MMIO_BYTES && size <= 8 && (size & (size - 1)) == 0 &&
           size != 0 && offset % size == 0;
}

uint64_t vio_mmio_read(struct vio_mmio *m, uint64_t offset, uint32_t size)
{
    if (is_config(offset, size))
        return m->device->config_read != NULL
            ? m->device->config_read(m, (uint32_t)offset - VIO_MMIO_CONFIG, size) : 0;
    return size == 4 && offset < VIO_MMIO_CONFIG ? read_register(m, offset) : 0;
}

static void write_features(struct vio_mmio *m, uint32_t value)
{
    uint32_t sel = m->driver_features_sel;

    if ((m->status & VIO_STATUS_FEATURES_OK) != 0 || sel > 1)
        return;
    m->driver_features &= ~((uint64_t)UINT32_MAX << 32 * sel);
    m->driver_features |= (uint64_t)value << 32 * sel;
}

static bool features_are_good(const struct vio_mmio *m)
{
    return (m->driver_features & ~offered(m)) == 0 && vio_mmio_has(m, VIO_F_VERSION_1);
}

/* Bits are set one by one, and cleared all together. */
static void write_status(struct vio_mmio *m, uint32_t value)
{
    bool was_live = vio_mmio_is_live(m);

    if (value == 0) {
        vio_mmio_reset(m);
        return;
    }
    value &= STATUS_DRIVERS;
    if (!features_are_good(m))
        value &= ~VIO_STATUS_FEATURES_OK;
    if (((m->status | value) & VIO_STATUS_FEATURES_OK) == 0)
        value &= ~VIO_STATUS_DRIVER_OK;
    m->status |= value;
    for (uint32_t i = 0; i < m->device->queue_count && !was_live && vio_mmio_is_live(m); i++)
        m->device->notify(m, i);
}

static void write_ready(struct vio_mmio *m, uint32_t value)
{
    struct vio_device_queue *q = &m->queue[m->queue_sel];
    uint32_t num = m->setup[m->queue_sel].num;

    if ((value & 1) == 0) {
        m->setup[m->queue_sel].num = 0;
        vio_device_stop(q);
        return;
    }
    if (q->ready)
        return;
    if ((m->status & VIO_STATUS_FEATURES_OK) == 0 || num > num_max(m) ||
        !vio_device_start(q, m->memory, num, m->setup[m->queue_sel].desc, m->setup[m->queue_sel].driver,
                          m->setup[m->queue_sel].device, vio_mmio_has(m, VIO_F_EVENT_IDX)))
        vio_mmio_fail(m);
}

static void set_low(uint64_t *address, uint32_t value)
{
    *address = (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
    *address = (uint32_t)*address | (uint64_t)value << 32;
}

/* While a queue is in use, what is set up counts for its next start. */
static void write_queue(struct vio_mmio *m, uint64_t offset, uint32_t value)
{
    uint32_t n = m->queue_sel;

    if (!queue_is_there(m))
        return;
    switch (offset) {
    case QUEUE_READY:       write_ready(m, value); break;
    case QUEUE_NUM:         m->setup[n].num = value; break;
    case QUEUE_DESC_LOW:    set_low(&m->setup[n].desc, value); break;
    case QUEUE_DESC_HIGH:   set_high(&m->setup[n].desc, value); break;
    case QUEUE_DRIVER_LOW:  set_low(&m->setup[n].driver, value); break;
    case QUEUE_DRIVER_HIGH: set_high(&m->setup[n].driver, value); break;
    case QUEUE_DEVICE_LOW:  set_low(&m->setup[n].device, value); break;
    case QUEUE_DEVICE_HIGH: set_high(&m->setup[n].device, value); break;
    default:                break;
    }
}

static void write_register(struct vio_mmio *m, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DEVICE_FEATURES_SEL:   m->device_features_sel = value; break;
    case DRIVER_FEATURES_SEL:   m->driver_features_sel = value; break;
    case DRIVER_FEATURES:       write_features(m, value); break;
    case QUEUE_SEL:             m->queue_sel = value; break;
    case VIO_MMIO_QUEUE_NOTIFY: vio_mmio_notify(m, value); break;
    case STATUS:                write_status(m, value); break;
    case VIO_MMIO_INTERRUPT_ACK:
        /* The driver looks at its rings after this: pairs with set_interrupt(). */
        (void)__atomic_fetch_and(m->interrupt, ~value, __ATOMIC_SEQ_CST);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        break;
    default:
        write_queue(m, offset, value);
        break;
    }
}

void vio_mmio_write(struct vio_mmio *m, uint64_t offset, uint32_t size, uint64_t value)
{
    if (is_config(offset, size)) {
        if (m->device->config_write != NULL)
            m->device->config_write(m, (uint32_t)offset - VIO_MMIO_CONFIG, size, value);
    } else if (size == 4 && offset < VIO_MMIO_CONFIG) {
        write_register(m, offset, (uint32_t)value);
    }
}

uint64_t vio_mmio_config_bytes(const void *config, uint32_t length, uint32_t offset, uint32_t size)
{
    const uint8_t *bytes = (const uint8_t *)config;
    uint64_t value = 0;

    for (uint32_t i = 0; i < size && i < 8; i++)
        if (offset < length && i < length - offset)
            value |= (uint64_t)bytes[offset + i] << 8 * i;
    return value;
}
