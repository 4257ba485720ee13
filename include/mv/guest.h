/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board that a guest finds: its guest-physical addresses and interrupts. The
 * host tool writes the guest's device tree from it, the VMM cell emulates it.
 */
#pragma once

#define MV_GUEST_GICD           0x08000000u  /* distributor                              */
#define MV_GUEST_GICD_BYTES     0x10000u
#define MV_GUEST_GICC           0x08010000u  /* GICv2: CPU interface, the hardware's GICV */
#define MV_GUEST_GICC_BYTES     0x2000u
#define MV_GUEST_GICR           0x080a0000u  /* GICv3: a redistributor for each vCPU      */
#define MV_GUEST_GICR_BYTES     0x20000u     /* of one                                    */
#define MV_GUEST_UART           0x09000000u  /* PL011                                     */
#define MV_GUEST_RTC            0x09010000u  /* PL031                                     */
#define MV_GUEST_VIRTIO         0x0a000000u  /* virtio-mmio, one behind the other         */
#define MV_GUEST_VIRTIO_BYTES   0x200u       /* of one                                    */
#define MV_GUEST_VIRTIO_COUNT   16u
#define MV_GUEST_RAM            0x40000000u

#define MV_GUEST_DEVICES        0x0b000000u  /* devices of the board that the guest owns  */
#define MV_GUEST_DEVICES_STEP   0x10000u     /* each begins at a multiple                 */
#define MV_GUEST_DEVICES_END    0x10000000u

/* Interrupt ids (INTID). SPIs are level-triggered, active high, but those of the
 * io cell's virtio devices (MV_GUEST_VIRTIO_IO and up), which are edges. */
#define MV_GUEST_PPI_VTIMER     27u
#define MV_GUEST_PPI_PTIMER     30u          /* named in the device tree; never fires      */
#define MV_GUEST_SPI_UART       33u
#define MV_GUEST_SPI_RTC        34u
#define MV_GUEST_SPI_VIRTIO     48u          /* of the first virtio-mmio device            */
#define MV_GUEST_SPI_DEVICES    64u          /* first of devices that the guest owns       */
#define MV_GUEST_SPI_BANKS      2u           /* ids 32-95                                  */

/* Which virtio-mmio device is which. */
#define MV_GUEST_VIRTIO_CONSOLE 0u
#define MV_GUEST_VIRTIO_RNG     1u
#define MV_GUEST_VIRTIO_IO      2u           /* the first of the io cell's: ports if any, disks, networks */
#define MV_GUEST_VIRTIO_NOTIFY  0x50u        /* QueueNotify: the bell                     */

/*
 * What a guest finds by the SMC Calling Convention, in the range of the
 * hypervisor's own calls (HVC #0): the UUID 179cf6e9-8f31-4dc2-95cf-cd6618486e08
 * says that it runs here.
 */
#define MV_SMCCC_UID            0x8600ff01u
#define MV_SMCCC_UID_0          0xe9f69c17u  /* its bytes, the first in bits 7-0 */
#define MV_SMCCC_UID_1          0xc24d318fu
#define MV_SMCCC_UID_2          0x66cdcf95u
#define MV_SMCCC_UID_3          0x086e4818u
#define MV_SMCCC_REVISION       0x8600ff03u  /* w0, w1: */
#define MV_SMCCC_MAJOR          1u
#define MV_SMCCC_MINOR          0u
#define MV_SMCCC_FEATURES       0x86000000u  /* w0: */
#define MV_SMCCC_FEATURE_CALLS  (1u << 0)    /* HVC #n, n not 0, is kernel call n */
