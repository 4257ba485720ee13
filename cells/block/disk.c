/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk.h"

#include <stddef.h>

#include <libmv/calls.h>
#include <libmv/config.h>
#include <libmv/print.h>

#include <libvirtio/pci.h>
#include <libvirtio/types.h>

#include <pci/pci_driver.h>

#define WANTED (VIO_BLOCK_F_SIZE_MAX | VIO_BLOCK_F_SEG_MAX | VIO_BLOCK_F_RO | VIO_BLOCK_F_BLK_SIZE | \
                VIO_BLOCK_F_FLUSH | VIO_F_EVENT_IDX)

#define NUM_MIN    8u          /* descriptors without which it is not worth while */
#define SPAN_MAX   0x400000u
#define BLOCK_MAX  0x10000u
#define NO_STATUS  0xffu

/* Of a request, what the disk sees besides the data: in the private region. */
struct slot {
    struct vio_block_header header;
    uint8_t status;
    uint8_t reserved[15];
};

struct disk disk;

static struct vio_pci device;
static struct vio_driver_queue queue;
static struct vio_driver_slot queue_slots[VIO_NUM_MAX];
static struct vio_memory memory;       /* the private region: the queue, then the slots */
static struct slot *slots;
static bool silenced;                  /* its interrupt is not acknowledged */

static const char *words_of(enum vio_pci_status status)
{
    return pci_virtio_words(status, "its queue cannot be set up");
}

/* The queue as long as the device has it, and as the region has place. It begins a
 * page, so that none of its entries crosses into another one: QEMU 7.2 takes the
 * second half of such an entry from a wrong address behind an SMMU. */
static const char *queue_start(void)
{
    enum vio_pci_status status = VIO_PCI_BAD_QUEUE;

    for (uint32_t num = VIO_NUM_MAX; status == VIO_PCI_BAD_QUEUE && num >= NUM_MIN; num /= 2) {
        uint32_t bytes = vio_ring_layout_of(num).bytes;

        if (memory.size < bytes + DISK_SLOTS * sizeof(struct slot))
            continue;
        status = vio_pci_queue(&device, 0, &queue, &memory, memory.at, num, queue_slots);
        slots = (struct slot *)(void *)(memory.at + bytes);
        disk.descriptors = num;
    }
    return words_of(status);
}

static bool size_read(void)
{
    uint64_t sectors;

    if (!vio_pci_config(&device, offsetof(struct vio_block_config, capacity), &sectors, sizeof(sectors)))
        return false;
    disk.sectors = sectors;
    return true;
}

/* A number of the configuration that is there with a feature. */
static uint32_t config_word(uint64_t feature, uint32_t offset, uint32_t otherwise)
{
    uint32_t value;

    if ((device.features & feature) == 0 || !vio_pci_config(&device, offset, &value, sizeof(value)))
        return otherwise;
    return value;
}

static uint32_t at_most(uint32_t value, uint32_t max)
{
    return value < max ? value : max;
}

static const char *limits_read(void)
{
    uint32_t segments = config_word(VIO_BLOCK_F_SEG_MAX, offsetof(struct vio_block_config, seg_max), 1);
    uint32_t segment = config_word(VIO_BLOCK_F_SIZE_MAX, offsetof(struct vio_block_config, size_max), SPAN_MAX);
    uint32_t block = config_word(VIO_BLOCK_F_BLK_SIZE, offsetof(struct vio_block_config, blk_size),
                                 VIO_BLOCK_SECTOR);

    disk.read_only = (device.features & VIO_BLOCK_F_RO) != 0;
    disk.can_flush = (device.features & VIO_BLOCK_F_FLUSH) != 0;
    disk.spans = at_most(segments == 0 ? 1 : segments, disk.descriptors - 2);
    disk.span_bytes = at_most(segment, SPAN_MAX);
    disk.block_bytes = block;
    if (block < VIO_BLOCK_SECTOR || block > BLOCK_MAX || (block & (block - 1)) != 0)
        return "the size of its blocks makes no sense";
    if (segment == 0)
        return "it takes no data";
    return size_read() ? NULL : "it does not say how large it is";
}

static const char *device_start(void)
{
    const char *why;

    if ((why = words_of(vio_pci_open(&device, pci_function()))) != NULL)
        return why;
    if (device.type != VIO_ID_BLOCK)
        return "it is no block device";
    if ((why = words_of(vio_pci_begin(&device, 0, WANTED))) != NULL || (why = queue_start()) != NULL ||
        (why = limits_read()) != NULL)
        return why;
    vio_pci_go(&device);
    return NULL;
}

bool disk_start(void)
{
    const char *why;

    disk = (struct disk){ .works = false };
    if (pci_function() == NULL) {
        mv_print("no disk is given to this cell\n");
        return false;
    }
    memory = pci_dma_private();
    why = memory.size == 0 ? "this cell has no DMA region (dma-size)" : pci_ask(pci_function(), PCI_ATTACH);
    if (why == NULL && (why = device_start()) != NULL)
        (void)disk_stop();
    if (why != NULL)
        mv_print("%s does not work: %s\n", pci_function()->name, why);
    disk.works = why == NULL;
    if (disk.works && silenced) {
        silenced = false;
        (void)mv_virq_ack(pci_function()->line_cap, NULL);
    }
    return disk.works;
}

bool disk_stop(void)
{
    bool reset = device.common != 0 && vio_pci_reset(&device);
    bool detached = pci_ask(pci_function(), PCI_DETACH) == NULL;

    disk.works = false;
    device.common = 0;                 /* its registers may be gone */
    if (!reset && !detached)
        return false;
    vio_driver_stop(&queue);
    return true;
}

enum vio_status disk_add(uint32_t slot, uint32_t type, uint64_t sector, const struct vio_span *span,
                         uint32_t spans)
{
    struct slot *s = &slots[slot];
    static struct vio_span all[VIO_NUM_MAX];       /* stacks are small */
    uint32_t in = 1, n = 0;

    s->header = (struct vio_block_header){ .type = type, .sector = sector };
    __atomic_store_n(&s->status, NO_STATUS, __ATOMIC_RELAXED);
    all[n++] = (struct vio_span){ vio_address(&memory, &s->header), sizeof(s->header) };
    for (uint32_t i = 0; i < spans; i++)
        all[n++] = span[i];
    all[n++] = (struct vio_span){ vio_address(&memory, &s->status), 1 };
    if (type == VIO_BLOCK_IN)
        in += spans;
    return vio_driver_add(&queue, all, n - in, in, s);
}

void disk_publish(void)
{
    vio_pci_publish(&device, 0, &queue);
}

enum vio_status disk_take(uint32_t *slot, uint8_t *status, uint32_t *bytes)
{
    void *token;
    uint32_t written;
    enum vio_status st = disk.works ? vio_driver_take(&queue, &token, &written) : VIO_EMPTY;

    if (st != VIO_OK)
        return st;
    *slot = (uint32_t)((const struct slot *)token - slots);
    *status = __atomic_load_n(&slots[*slot].status, __ATOMIC_RELAXED);
    *bytes = written > 0 ? written - 1 : 0;
    return VIO_OK;
}

bool disk_listen(void)
{
    return disk.works && vio_driver_listen(&queue);
}

bool disk_interrupt(void)
{
    uint32_t why;

    /* What cannot be asked why it interrupts would do so for ever. */
    if (!disk.works) {
        silenced = true;
        return true;
    }
    why = vio_pci_interrupts(&device);
    (void)mv_virq_ack(pci_function()->line_cap, NULL);
    if ((why & VIO_INTERRUPT_CONFIG) != 0 && !size_read())
        return false;
    return !vio_pci_is_broken(&device);
}
