/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI (virtio 1.2, 4.1), the driver's side, without legacy interface
 * and MSI-X. The function has been attached: its BARs decode, it may do DMA.
 *
 * Neither its configuration space nor its registers are trusted: every place is
 * checked against its BAR, every wait is bounded.
 *
 * Turn: vio_pci_open(), vio_pci_begin(), vio_pci_queue() for each queue,
 * vio_pci_go(). After VIO_BROKEN of a queue, or if the device says that it needs
 * it, the same from vio_pci_begin() on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmv/config.h>

#include <libvirtio/driver.h>
#include <libvirtio/memory.h>
#include <libvirtio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIO_PCI_QUEUES 4u      /* that a driver can use */

struct vio_pci {
    const struct mv_function_config *function;
    uint64_t common, isr, device, notify;      /* addresses in this cell; device: 0 if there is none */
    uint32_t device_bytes, notify_bytes;
    uint32_t notify_multiplier;
    uint32_t type;                             /* VIO_ID_* */
    uint64_t features;                         /* agreed */
    uint64_t notify_at[VIO_PCI_QUEUES];        /* 0: the queue is not in use */
};

enum vio_pci_status {
    VIO_PCI_OK,
    VIO_PCI_NO_DEVICE,         /* this is no virtio 1.x device */
    VIO_PCI_BAD_CAPABILITY,    /* a structure is missing, or lies outside the BARs that are given */
    VIO_PCI_TIMEOUT,           /* it does not reset */
    VIO_PCI_BAD_FEATURES,      /* it lacks one that is demanded, or refuses the choice */
    VIO_PCI_BAD_QUEUE,         /* there is none, it is too short, or has no place to notify */
};

/* Find the device's structures. */
enum vio_pci_status vio_pci_open(struct vio_pci *p, const struct mv_function_config *function);

/*
 * Reset the device and agree on features: `demanded` and VIO_F_VERSION_1 it must
 * offer; of `wanted`, those that it offers; VIO_F_ACCESS_PLATFORM and
 * VIO_F_ORDER_PLATFORM are taken when they are offered.
 */
enum vio_pci_status vio_pci_begin(struct vio_pci *p, uint64_t demanded, uint64_t wanted);

/*
 * Set up queue number `queue` with `num` descriptors in `dma` at `at`, which
 * vio_ring_layout_of() sizes. `dma` is memory by the addresses that the device uses.
 */
enum vio_pci_status vio_pci_queue(struct vio_pci *p, uint32_t queue, struct vio_driver_queue *q,
                                  const struct vio_memory *dma, void *at, uint32_t num,
                                  struct vio_driver_slot *slot);

/* All is set up: the device may begin. */
void vio_pci_go(struct vio_pci *p);

/* Let the device see what has been added to a queue; notifies it if it wants that. */
void vio_pci_publish(struct vio_pci *p, uint32_t queue, struct vio_driver_queue *q);

/* Why it interrupts, VIO_INTERRUPT_*; reading ends the interrupt. */
uint32_t vio_pci_interrupts(struct vio_pci *p);

/* It has given up: VIO_STATUS_NEEDS_RESET, or it is gone. */
bool vio_pci_is_broken(const struct vio_pci *p);

/* Reset it: afterwards it touches no memory. False: it does not answer. */
bool vio_pci_reset(struct vio_pci *p);

/* Copy a field of its configuration, or several of one byte each, as they were at
 * one moment. False: it is outside, or keeps changing. */
bool vio_pci_config(const struct vio_pci *p, uint32_t offset, void *to, uint32_t length);

#ifdef __cplusplus
}
#endif
