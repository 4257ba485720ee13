/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space, in words of 32 bits: what every host bridge can do. `id`
 * is bus << 8 | device << 3 | function, of the buses in pci_config; `at` a
 * multiple of 4 below 0x1000.
 */
#pragma once

#include <stdint.h>

uint32_t space_read(uint32_t id, uint32_t at);
/* Is there when it returns. */
void space_write(uint32_t id, uint32_t at, uint32_t value);

/* The words of every function that are used here. */
#define SPACE_IDENTITY         0x00u   /* device, vendor                                  */
#define SPACE_COMMAND          0x04u   /* status in the upper half: ones written clear it */
#define   COMMAND_MEMORY         (UINT32_C(1) << 1)
#define   COMMAND_MASTER         (UINT32_C(1) << 2)
#define   COMMAND_NO_INTX        (UINT32_C(1) << 10)
#define   STATUS_CAPABILITIES    (UINT32_C(1) << 20)
#define SPACE_CLASS            0x08u   /* class, subclass in the upper half */
#define SPACE_HEADER           0x0cu   /* the header's kind in bits 22-16   */
#define   HEADER_SEVERAL         (UINT32_C(1) << 23)
#define SPACE_BAR              0x10u   /* the first one */
#define SPACE_BUSES            0x18u   /* of a bridge: own bus, first and last one behind it, a byte each */
#define SPACE_ROM              0x30u
#define SPACE_CAPABILITIES     0x34u
#define SPACE_LINE             0x3cu   /* its lowest byte is for software alone: hardware does nothing with it */
#define   LINE_FIELD             UINT32_C(0xff)
#define   LINE_LAID_OUT          UINT32_C(0x4d)

#define IDENTITY_NOBODY        UINT32_MAX
#define CLASS_HOST_BRIDGE      0x0600u
enum space_header { HEADER_FUNCTION = 0, HEADER_BRIDGE = 1 };

/* Capabilities, by the lowest byte of their first word. */
#define CAPABILITY_POWER       0x01u
#define   POWER_CONTROL          4u
#define   POWER_STATE            UINT32_C(3)   /* D0 is 0 */
#define CAPABILITY_MSI         0x05u
#define   MSI_ENABLE             (UINT32_C(1) << 16)
#define CAPABILITY_EXPRESS     0x10u
#define   EXPRESS_CAN            4u
#define   EXPRESS_CAN_RESET      (UINT32_C(1) << 28)
#define   EXPRESS_CONTROL        8u
#define   EXPRESS_RESET          (UINT32_C(1) << 15)
#define   EXPRESS_PENDING        (UINT32_C(1) << 21)
#define CAPABILITY_MSIX        0x11u
#define   MSIX_ENABLE            (UINT32_C(1) << 31)
#define CAPABILITY_ADVANCED    0x13u
#define   ADVANCED_CAN_RESET     (UINT32_C(1) << 25)
#define   ADVANCED_CONTROL       4u
#define   ADVANCED_RESET         (UINT32_C(1) << 0)
#define   ADVANCED_PENDING       (UINT32_C(1) << 8)
