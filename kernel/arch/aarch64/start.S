/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's first bytes and the way from the boot loader to C: the Linux
 * arm64 boot protocol (kernel documentation, arm64/booting): MMU and data
 * cache off, x0 a device tree we do not need, image cleaned to the point of
 * coherency.
 */
#include "offsets.h"

        .macro  function name
        .global \name
        .type   \name, %function
        .balign 16
\name:
        .endm

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

boot:
        msr     daifset, #0xf
        mrs     x0, currentel
        cmp     x0, #(2 << 2)
        b.ne    wrong_level
        /* U-Boot and QEMU put an Image text_offset behind the start of RAM, where
         * we are linked; we do not run anywhere else. */
        adr     x0, _start
        ldr     x1, =_start
        cmp     x0, x1
        b.ne    wrong_place

        /* Kernel data that the image does not contain: first clean whatever a
         * loader left in the cache for it, or that would be written back over
         * what we write with the cache off. */
        ldr     x0, =__writable_start
        ldr     x1, =__image_end
        bl      clean_invalidate
        ldr     x0, =__bss_start
        ldr     x1, =__image_end
1:      stp     xzr, xzr, [x0], #16
        cmp     x0, x1
        b.lo    1b

        ldr     x0, =cpu_pages + CPU_PAGES_CPU
        mov     sp, x0
        ldr     x0, =mullion_systab
        ldr     x0, [x0]
        bl      mmu_build
        /* Lines of what was just written may have been fetched by speculation. */
        ldr     x0, =__writable_start
        ldr     x1, =__image_end
        bl      clean_invalidate
        mov     x0, #0

/* Every core: x0 its index. */
        .global secondary_boot
secondary_boot:
        msr     daifset, #0xf
        mov     x19, x0
        bl      mmu_enable
        ldr     x0, =cpu_pages + CPU_PAGES_CPU
        mov     x1, #CPU_PAGES_SIZE
        madd    x0, x19, x1, x0
        msr     tpidr_el2, x0
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x19
        b       arch_start_core

wrong_level:                                    /* not EL2, or not loaded where we are linked: */
wrong_place:                                    /* nothing is safe to touch */
        wfe
        b       wrong_place

        .ltorg

        .section .data, "aw"
        .balign 8
        .global mullion_systab
mullion_systab:
        .quad   0                               /* the host tool writes the table's address */
