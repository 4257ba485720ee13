/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool needs to see of a kernel, and nothing that runs: entry,
 * description of itself, the variable that the tool patches, some .bss.
 */
#ifndef BOARD
#define BOARD "virt-gicv3"
#endif
#ifndef BASE
#define BASE 0x40200000
#endif
#ifndef TABLE_VERSION
#define TABLE_VERSION 4
#endif
#ifndef GIC
#define GIC 3
#endif

        .section .text.head, "ax"
        .globl  _start
_start:
halt:
        wfe
        b       halt

        .section .mullion.info, ""
        .long   0x4b4c554d, TABLE_VERSION, 3, GIC
name:
        .asciz  BOARD
        .zero   24 - (. - name)
        .quad   BASE
        .long   64, 3                           /* a vCPU's own context; the SMMU's version */
        .short  SIZES                           /* run.sh */
        .short  FIELDS
        .zero   2 * SEEN
        .balign 8

        .data
        .balign 4096
        .zero   4096                            /* a stack */
tables:
        .zero   2 * 3 * 4096
root:
        .zero   1024
        .globl  mullion_start
mullion_start:
        .quad   0, 0, 0, root, 0, tables, 0
