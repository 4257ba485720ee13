/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic.h"

#include <stddef.h>

#include <libmv/calls.h>
#include <libmv/config.h>
#include <libmv/print.h>

#include <libvirtio/pci.h>
#include <libvirtio/types.h>

#include <pci/pci_driver.h>

#define WANTED   (VIO_NET_F_MAC | VIO_NET_F_STATUS | VIO_F_EVENT_IDX)
#define NUM_MIN  16u           /* descriptors without which it is not worth while */
#define QUEUES   2u

/*
 * Each queue begins a page, so that none of its entries crosses into another one:
 * QEMU 7.2 takes the second half of such an entry from a wrong address behind an SMMU.
 */
#define QUEUE_BYTES 0x2000u

struct nic nic;

static struct vio_pci device;
static struct vio_driver_queue queue[QUEUES];
static struct vio_driver_slot queue_slots[QUEUES][VIO_NUM_MAX];
static struct vio_memory memory;       /* the private region: the queues, then the header of all that is sent */
static uint64_t header;                /* as the card sees it: without offloads, it is all zero */
static bool silenced;                  /* the interrupt is not acknowledged */

static const char *words_of(enum vio_pci_status status)
{
    return pci_virtio_words(status, "its queues cannot be set up");
}

/* Each queue as long as the device has it; both have their place in the region. */
static const char *queue_start(uint32_t number)
{
    uint8_t *at = memory.at + number * QUEUE_BYTES;
    enum vio_pci_status status = VIO_PCI_BAD_QUEUE;

    for (uint32_t num = VIO_NUM_MAX; status == VIO_PCI_BAD_QUEUE && num >= NUM_MIN; num /= 2)
        status = vio_pci_queue(&device, number, &queue[number], &memory, at, num, queue_slots[number]);
    return words_of(status);
}

static void cable_read(void)
{
    uint16_t status = VIO_NET_LINK_UP;

    if ((device.features & VIO_NET_F_STATUS) != 0)
        (void)vio_pci_config(&device, offsetof(struct vio_net_config, status), &status, sizeof(status));
    nic.cable = (status & VIO_NET_LINK_UP) != 0;
}

static const char *device_start(void)
{
    const char *why;

    if ((why = words_of(vio_pci_open(&device, pci_function()))) != NULL)
        return why;
    if (device.type != VIO_ID_NET)
        return "it is no network card";
    if ((why = words_of(vio_pci_begin(&device, 0, WANTED))) != NULL)
        return why;
    for (uint32_t i = 0; i < QUEUES; i++)
        if ((why = queue_start(i)) != NULL)
            return why;
    if ((device.features & VIO_NET_F_MAC) != 0)
        (void)vio_pci_config(&device, offsetof(struct vio_net_config, mac), nic.mac, sizeof(nic.mac));
    cable_read();
    vio_pci_go(&device);
    return NULL;
}

static bool memory_is_enough(void)
{
    uint32_t queues = QUEUES * QUEUE_BYTES;

    memory = pci_dma_private();
    if (memory.size < queues + sizeof(struct vio_net_header))
        return false;
    *(struct vio_net_header *)(void *)(memory.at + queues) = (struct vio_net_header){ .flags = 0 };
    header = memory.base + queues;
    return true;
}

bool nic_start(void)
{
    const char *why;

    nic = (struct nic){ .works = false };
    if (pci_function() == NULL) {
        mv_print("no network card is given to this cell\n");
        return false;
    }
    why = !memory_is_enough() ? "this cell's DMA region (dma-size) is too small" : pci_ask(pci_function(), PCI_ATTACH);
    if (why == NULL && (why = device_start()) != NULL)
        (void)nic_stop();
    if (why != NULL)
        mv_print("%s does not work: %s\n", pci_function()->name, why);
    nic.works = why == NULL;
    if (nic.works && silenced) {
        silenced = false;
        (void)mv_virq_ack(pci_function()->line_cap, NULL);
    }
    return nic.works;
}

bool nic_stop(void)
{
    bool reset = device.common != 0 && vio_pci_reset(&device);
    bool detached = pci_ask(pci_function(), PCI_DETACH) == NULL;

    nic.works = false;
    device.common = 0;                 /* its registers may be gone */
    if (!reset && !detached)
        return false;
    for (uint32_t i = 0; i < QUEUES; i++)
        vio_driver_stop(&queue[i]);
    return true;
}

/* ---- frames ----------------------------------------------------------------------- */

enum vio_status nic_receive(const struct vio_memory *m, void *buffer, uint32_t bytes)
{
    struct vio_span span = { vio_address(m, buffer), bytes };

    return nic.works ? vio_driver_add(&queue[VIO_NET_RECEIVE], &span, 0, 1, buffer) : VIO_FULL;
}

enum vio_status nic_send(const struct vio_memory *m, void *frame, uint32_t bytes)
{
    struct vio_span span[] = { { header, sizeof(struct vio_net_header) }, { vio_address(m, frame), bytes } };

    return nic.works ? vio_driver_add(&queue[VIO_NET_TRANSMIT], span, 2, 0, frame) : VIO_FULL;
}

bool nic_can_send(void)
{
    return !nic.works || vio_driver_free(&queue[VIO_NET_TRANSMIT]) >= 2;
}

void nic_publish(void)
{
    if (!nic.works)
        return;
    for (uint32_t i = 0; i < QUEUES; i++)
        vio_pci_publish(&device, i, &queue[i]);
}

enum vio_status nic_take_received(void **buffer, uint32_t *bytes)
{
    return nic.works ? vio_driver_take(&queue[VIO_NET_RECEIVE], buffer, bytes) : VIO_EMPTY;
}

enum vio_status nic_take_sent(void **frame)
{
    uint32_t bytes;

    return nic.works ? vio_driver_take(&queue[VIO_NET_TRANSMIT], frame, &bytes) : VIO_EMPTY;
}

bool nic_listen_received(void)
{
    return nic.works && vio_driver_listen(&queue[VIO_NET_RECEIVE]);
}

bool nic_listen_sent(void)
{
    return nic.works && vio_driver_listen(&queue[VIO_NET_TRANSMIT]);
}

bool nic_interrupt(void)
{
    uint32_t why;

    /* What cannot be asked why it interrupts would do so for ever. */
    if (!nic.works) {
        silenced = true;
        return true;
    }
    why = vio_pci_interrupts(&device);
    (void)mv_virq_ack(pci_function()->line_cap, NULL);
    if ((why & VIO_INTERRUPT_CONFIG) != 0)
        cable_read();
    return !vio_pci_is_broken(&device);
}
