/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's first bytes: the header of the Linux arm64 boot protocol (kernel
 * documentation, arm64/booting), by which boot loaders know where to put it.
 * The code it leads to is in vectors.S, where there is room.
 */

        .section .text.start, "ax"
        .global _start
_start:
        b       boot
        .word   0
        .quad   0x200000                        /* text_offset from a 2 MiB boundary */
        .global image_size
image_size:
        .quad   0                               /* the host tool writes it */
        .quad   0xa                             /* little-endian, 4 KiB pages, at the RAM's start */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .word   0

        .section .data, "aw"
        .balign 8
        .global mullion_systab
mullion_systab:
        .quad   0                               /* the host tool writes the table's address */
