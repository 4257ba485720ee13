/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of an arm64 Image, as the boot protocol of Linux defines it: what
 * system.img begins with, and what a guest's kernel must begin with.
 */
#pragma once

#include <stdint.h>

struct image_header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, reserved[3];
    uint32_t magic, pe_offset;
};
_Static_assert(sizeof(struct image_header) == 64, "as the boot protocol has it");

#define IMAGE_MAGIC             UINT32_C(0x644d5241)    /* "ARM\x64" */
#define IMAGE_FLAG_BIG_ENDIAN   UINT64_C(1)
#define IMAGE_FLAG_PAGES(flags) ((flags) >> 1 & 3)      /* 0 not said, 1 4 KiB, 2 16 KiB, 3 64 KiB */
#define IMAGE_OFFSET_OLD        UINT64_C(0x80000)       /* text_offset where image_size is 0 */
