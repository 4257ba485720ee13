/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's first word: loaders enter at LINK_BASE, with what the Linux arm64
 * boot protocol promises; the headers that they read are the host tool's
 * (tools/mullion/image.c). The code is in vectors.S, where there is room.
 */

        .section .text.start, "ax"
        .global _start
_start:
        b       boot

        .section .data, "aw"
        .balign 8
        .global mullion_systab
mullion_systab:
        .quad   0                               /* the host tool writes the table's address */
