/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How system.img is laid out, for the host tool, which writes it, and for the
 * UEFI part (boot/efi), which runs from it:
 *
 *   0                     headers: arm64 Image and PE/COFF
 *   MV_IMAGE_STUB         the UEFI part, whole pages; begins with this structure
 *   ... + stub's length   the kernel and all that is linked behind it
 */
#pragma once

#define MV_IMAGE_STUB 0x1000
#define MV_EFI_MAGIC  0x4946454d    /* "MEFI" */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct mv_efi_start {
    uint32_t branch;            /* where UEFI enters */
    uint32_t magic;
    /* The host tool writes these: */
    uint64_t base;              /* where the kernel is linked and must run */
    uint64_t length;            /* bytes to bring there, whole pages */
    uint64_t end;               /* of the memory from `base` that the system uses */
};
#endif
