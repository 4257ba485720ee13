/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvirtio/pci.h>

#include <stddef.h>

#include <libmv/device.h>
#include <libmv/time.h>

/* Configuration space (PCI Local Bus 3.0, 6.1). */
#define CONFIG_VENDOR       0x00u
#define CONFIG_DEVICE       0x02u
#define CONFIG_STATUS       0x06u
#define CONFIG_CAPABILITIES 0x34u
#define CONFIG_END          0x100u
#define CAPABILITIES_BEGIN  0x40u
#define STATUS_HAS_LIST     0x10u
#define CAPABILITY_VENDOR   0x09u

#define VENDOR_VIRTIO       0x1af4u
#define DEVICE_FIRST        0x1040u     /* of virtio 1.x, plus the device's type */
#define DEVICE_LAST         0x107fu

/* A capability of virtio (4.1.4). */
#define CAP_NEXT            1u
#define CAP_LENGTH          2u
#define CAP_KIND            3u
#define CAP_BAR             4u
#define CAP_OFFSET          8u
#define CAP_BYTES           12u
#define CAP_MULTIPLIER      16u
enum { KIND_COMMON = 1, KIND_NOTIFY = 2, KIND_ISR = 3, KIND_DEVICE = 4 };
#define CAPABILITIES_MOST   48u

/* The common configuration (4.1.4.3). */
#define DEVICE_FEATURE_SELECT 0x00u
#define DEVICE_FEATURE        0x04u
#define DRIVER_FEATURE_SELECT 0x08u
#define DRIVER_FEATURE        0x0cu
#define DEVICE_STATUS         0x14u
#define CONFIG_GENERATION     0x15u
#define QUEUE_SELECT          0x16u
#define QUEUE_SIZE            0x18u
#define QUEUE_ENABLE          0x1cu
#define QUEUE_NOTIFY_OFF      0x1eu
#define QUEUE_DESC            0x20u
#define QUEUE_DRIVER          0x28u
#define QUEUE_DEVICE          0x30u
#define COMMON_BYTES          0x38u

#define RESET_TRIES  1000               /* of a millisecond */
#define CONFIG_TRIES 16

/* ---- structures -------------------------------------------------------------------- */

/* Where a structure of at least `least` bytes is; 0: not where BARs are given. */
static uint64_t structure_at(const struct mv_function_config *f, uint64_t cap, uint32_t least, uint32_t *bytes)
{
    uint32_t bar = mv_read8(cap + CAP_BAR);
    uint64_t offset = mv_read32(cap + CAP_OFFSET);

    *bytes = mv_read32(cap + CAP_BYTES);
    if (bar >= MV_PCI_BARS || f->bar[bar].address == 0 || *bytes < least || offset % 4 != 0 ||
        offset > f->bar[bar].size || *bytes > f->bar[bar].size - offset)
        return 0;
    return f->bar[bar].address + offset;
}

/* The first of each kind counts. False: it is of no use. */
static bool take_structure(struct vio_pci *p, uint64_t cap)
{
    const struct mv_function_config *f = p->function;
    uint32_t bytes;

    switch (mv_read8(cap + CAP_KIND)) {
    case KIND_COMMON:
        return p->common != 0 || (p->common = structure_at(f, cap, COMMON_BYTES, &bytes)) != 0;
    case KIND_ISR:
        return p->isr != 0 || (p->isr = structure_at(f, cap, 1, &bytes)) != 0;
    case KIND_DEVICE:
        return p->device != 0 || (p->device = structure_at(f, cap, 1, &p->device_bytes)) != 0;
    case KIND_NOTIFY:
        if (p->notify != 0)
            return true;
        p->notify_multiplier = mv_read32(cap + CAP_MULTIPLIER);
        return (p->notify = structure_at(f, cap, 2, &p->notify_bytes)) != 0;
    default:
        return true;
    }
}

/* A capability of ours that lies in the configuration space as a whole. */
static bool is_structure(uint64_t config, uint32_t at)
{
    uint32_t least = CAP_BYTES + 4;

    if (mv_read8(config + at) != CAPABILITY_VENDOR || at > CONFIG_END - least)
        return false;
    if (mv_read8(config + at + CAP_KIND) == KIND_NOTIFY)
        least += 4;
    return at <= CONFIG_END - least && mv_read8(config + at + CAP_LENGTH) >= least;
}

enum vio_pci_status vio_pci_open(struct vio_pci *p, const struct mv_function_config *function)
{
    uint64_t config = function->config;
    uint32_t model = mv_read16(config + CONFIG_DEVICE), at;

    *p = (struct vio_pci){ .function = function, .type = model - DEVICE_FIRST };
    if (mv_read16(config + CONFIG_VENDOR) != VENDOR_VIRTIO || model < DEVICE_FIRST || model > DEVICE_LAST ||
        (mv_read16(config + CONFIG_STATUS) & STATUS_HAS_LIST) == 0)
        return VIO_PCI_NO_DEVICE;
    at = mv_read8(config + CONFIG_CAPABILITIES) & ~3u;
    for (uint32_t n = 0; n < CAPABILITIES_MOST && at >= CAPABILITIES_BEGIN; n++) {
        if (is_structure(config, at) && !take_structure(p, config + at))
            return VIO_PCI_BAD_CAPABILITY;
        at = mv_read8(config + at + CAP_NEXT) & ~3u;
    }
    return p->common != 0 && p->isr != 0 && p->notify != 0 ? VIO_PCI_OK : VIO_PCI_BAD_CAPABILITY;
}

/* ---- status and features ------------------------------------------------------------ */

static uint32_t status(const struct vio_pci *p)
{
    return mv_read8(p->common + DEVICE_STATUS);
}

static void add_status(const struct vio_pci *p, uint32_t bits)
{
    mv_write8(p->common + DEVICE_STATUS, (uint8_t)(status(p) | bits));
}

bool vio_pci_is_broken(const struct vio_pci *p)
{
    return (status(p) & (VIO_STATUS_NEEDS_RESET | VIO_STATUS_DRIVER_OK)) != VIO_STATUS_DRIVER_OK;
}

bool vio_pci_reset(struct vio_pci *p)
{
    for (uint32_t i = 0; i < VIO_PCI_QUEUES; i++)
        p->notify_at[i] = 0;
    mv_write8(p->common + DEVICE_STATUS, 0);
    for (int i = 0; i < RESET_TRIES; i++) {
        if (status(p) == 0)
            return true;
        mv_sleep(MV_MS);
    }
    return false;
}

static uint64_t read_features(const struct vio_pci *p)
{
    uint64_t features;

    mv_write32(p->common + DEVICE_FEATURE_SELECT, 0);
    features = mv_read32(p->common + DEVICE_FEATURE);
    mv_write32(p->common + DEVICE_FEATURE_SELECT, 1);
    return features | (uint64_t)mv_read32(p->common + DEVICE_FEATURE) << 32;
}

static void write_features(const struct vio_pci *p, uint64_t features)
{
    mv_write32(p->common + DRIVER_FEATURE_SELECT, 0);
    mv_write32(p->common + DRIVER_FEATURE, (uint32_t)features);
    mv_write32(p->common + DRIVER_FEATURE_SELECT, 1);
    mv_write32(p->common + DRIVER_FEATURE, (uint32_t)(features >> 32));
}

enum vio_pci_status vio_pci_begin(struct vio_pci *p, uint64_t demanded, uint64_t wanted)
{
    uint64_t offered;

    demanded |= VIO_F_VERSION_1;
    if (!vio_pci_reset(p))
        return VIO_PCI_TIMEOUT;
    add_status(p, VIO_STATUS_ACKNOWLEDGE);
    add_status(p, VIO_STATUS_DRIVER);
    offered = read_features(p);
    p->features = offered & (demanded | wanted | VIO_F_ACCESS_PLATFORM | VIO_F_ORDER_PLATFORM);
    if ((p->features & demanded) == demanded) {
        write_features(p, p->features);
        add_status(p, VIO_STATUS_FEATURES_OK);
        if ((status(p) & VIO_STATUS_FEATURES_OK) != 0)
            return VIO_PCI_OK;
    }
    add_status(p, VIO_STATUS_FAILED);
    return VIO_PCI_BAD_FEATURES;
}

void vio_pci_go(struct vio_pci *p)
{
    add_status(p, VIO_STATUS_DRIVER_OK);
}

/* ---- queues ---------------------------------------------------------------------------- */

static void write_address(const struct vio_pci *p, uint32_t offset, uint64_t address)
{
    mv_write32(p->common + offset, (uint32_t)address);
    mv_write32(p->common + offset + 4, (uint32_t)(address >> 32));
}

static bool is_in(const struct vio_memory *m, const uint8_t *at, uint32_t bytes)
{
    return at >= m->at && (uint64_t)(at - m->at) <= m->size && bytes <= m->size - (uint64_t)(at - m->at);
}

enum vio_pci_status vio_pci_queue(struct vio_pci *p, uint32_t queue, struct vio_driver_queue *q,
                                  const struct vio_memory *dma, void *at, uint32_t num,
                                  struct vio_driver_slot *slot)
{
    uint32_t flags = VIO_DRIVER_DEVICE | ((p->features & VIO_F_EVENT_IDX) != 0 ? VIO_DRIVER_EVENT_INDEX : 0);
    uint64_t notify;

    vio_driver_stop(q);
    if (queue >= VIO_PCI_QUEUES || !vio_num_is_good(num) ||
        !is_in(dma, (const uint8_t *)at, vio_ring_layout_of(num).bytes))
        return VIO_PCI_BAD_QUEUE;
    mv_write16(p->common + QUEUE_SELECT, (uint16_t)queue);
    notify = (uint64_t)mv_read16(p->common + QUEUE_NOTIFY_OFF) * p->notify_multiplier;
    if (mv_read16(p->common + QUEUE_SIZE) < num || notify % 2 != 0 || notify > p->notify_bytes - 2)
        return VIO_PCI_BAD_QUEUE;
    (void)vio_driver_start(q, at, num, slot, flags);
    p->notify_at[queue] = p->notify + notify;
    mv_write16(p->common + QUEUE_SIZE, (uint16_t)num);
    write_address(p, QUEUE_DESC, vio_address(dma, q->desc));
    write_address(p, QUEUE_DRIVER, vio_address(dma, q->avail));
    write_address(p, QUEUE_DEVICE, vio_address(dma, q->used));
    /* The empty rings are seen before the device looks at them. */
    mv_device_barrier();
    mv_write16(p->common + QUEUE_ENABLE, 1);
    return VIO_PCI_OK;
}

void vio_pci_publish(struct vio_pci *p, uint32_t queue, struct vio_driver_queue *q)
{
    /* Its barrier also stands before this store. */
    if (vio_driver_publish(q) && p->notify_at[queue] != 0)
        mv_write16(p->notify_at[queue], (uint16_t)queue);
}

uint32_t vio_pci_interrupts(struct vio_pci *p)
{
    return mv_read8(p->isr) & (VIO_INTERRUPT_USED | VIO_INTERRUPT_CONFIG);
}

/* One field as wide as it is, those of 8 bytes in two halves; else byte by byte. */
static void read_field(uint64_t at, uint8_t *to, uint32_t length)
{
    uint32_t width = at % 4 == 0 && (length == 4 || length == 8) ? 4 : at % 2 == 0 && length == 2 ? 2 : 1;

    for (uint32_t i = 0; i < length; i += width) {
        uint32_t value = width == 4 ? mv_read32(at + i) : width == 2 ? mv_read16(at + i) : mv_read8(at + i);

        for (uint32_t n = 0; n < width; n++)
            to[i + n] = (uint8_t)(value >> 8 * n);
    }
}

bool vio_pci_config(const struct vio_pci *p, uint32_t offset, void *to, uint32_t length)
{
    if (p->device == 0 || offset > p->device_bytes || length > p->device_bytes - offset)
        return false;
    for (int n = 0; n < CONFIG_TRIES; n++) {
        uint8_t generation = mv_read8(p->common + CONFIG_GENERATION);

        read_field(p->device + offset, (uint8_t *)to, length);
        if (mv_read8(p->common + CONFIG_GENERATION) == generation)
            return true;
    }
    return false;
}
