/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool needs to see of a guest's kernel: the header of an arm64
 * Image, and something behind it. Made a flat file by objcopy.
 */
#ifndef TEXT_OFFSET
#define TEXT_OFFSET 0
#endif
#ifndef IMAGE_SIZE
#define IMAGE_SIZE 0x4000
#endif
#ifndef FLAGS
#define FLAGS 2
#endif
#ifndef MAGIC
#define MAGIC 0x644d5241
#endif

        .text
        .globl  _start
_start:
        b       halt
        .word   0
        .quad   TEXT_OFFSET, IMAGE_SIZE, FLAGS, 0, 0, 0
        .word   MAGIC, 0
halt:
        wfi
        b       halt
        .ascii  "the guest's code"
