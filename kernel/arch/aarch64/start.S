/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel's first instructions, in vectors.S, find in its image. */

#include "offsets.h"

/* struct cpu_pages of each core, less the last one's table; then the root table. */
        .section .data.cpu_pages, "aw"
        .balign 4096
        .global cpu_pages
cpu_pages:
        .zero   CPU_PAGES_BYTES
root_table:
        .zero   ROOT_TABLE_BYTES

        .section .data, "aw"
        .balign 8
/* struct mv_kernel_start, which the host tool completes. */
        .global mullion_start
mullion_start:
        .global mullion_systab
mullion_systab:
        .quad   0
        .quad   0x00ff                          /* MAIR: 0 Normal write-back, 1 Device-nGnRnE */
        .quad   1 << 31 | 1 << 23 | 3 << 12 | 1 << 10 | 1 << 8 | (64 - KERNEL_BITS)
                                                /* TCR: RES1; walks Inner Shareable, write-back; T0SZ */
        .quad   root_table                      /* TTBR0 */
        .quad   0x30c50830 | 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 12 | 1 << 19
                                                /* SCTLR: RES1; M A C SA I WXN */
        .quad   cpu_pages + CPU_PAGES_TABLE
        .quad   cpu_pages + CPU_PAGES_CPU
