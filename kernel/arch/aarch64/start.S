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
        /* A loader may have put us elsewhere than where we are linked. */
        adr     x0, _start
        ldr     x1, =_start
        cmp     x0, x1
        b.ne    relocate

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

wrong_level:                                    /* not EL2: nothing we could do */
        wfe
        b       wrong_level

/* Clean and invalidate the data cache for [x0, x1) to the point of coherency. */
        function clean_invalidate
        mrs     x2, ctr_el0
        ubfx    x2, x2, #16, #4                 /* DminLine: log2 of words */
        mov     x3, #4
        lsl     x2, x3, x2
        sub     x3, x2, #1
        bic     x0, x0, x3
1:      dc      civac, x0
        add     x0, x0, x2
        cmp     x0, x1
        b.lo    1b
        dsb     sy                              /* done before memory is used with the cache off */
        ret

/*
 * Move [_start, _start + the bytes in the file) from x0 to x1. The two may
 * overlap and this code lies in both, so a copy of the loop runs from behind
 * whichever ends later. MMU and data cache are off.
 */
relocate:
        adr     x2, mullion_file_bytes
        ldr     x2, [x2]
        add     x2, x2, #15
        bic     x2, x2, #15
        cmp     x0, x1
        csel    x3, x0, x1, hi
        add     x3, x3, x2                      /* behind both */
        add     x3, x3, #4095
        bic     x3, x3, #4095
        adr     x4, move
        adr     x5, move_end
        mov     x6, x3
1:      ldr     w7, [x4], #4
        str     w7, [x6], #4
        cmp     x4, x5
        b.lo    1b
        dsb     sy                              /* the copied loop is in memory ... */
        ic      iallu
        dsb     sy
        isb                                     /* ... and fetched from there */
        br      x3
move:
        add     x4, x1, x2                      /* end of the destination */
        mov     x9, x1
        cmp     x0, x1
        b.lo    3f
2:      ldp     x7, x8, [x0], #16               /* moving down: forwards */
        stp     x7, x8, [x9], #16
        cmp     x9, x4
        b.lo    2b
        b       5f
3:      add     x0, x0, x2                      /* moving up: backwards */
        mov     x9, x4
4:      ldp     x7, x8, [x0, #-16]!
        stp     x7, x8, [x9, #-16]!
        cmp     x9, x1
        b.hi    4b
5:      /* Lines that a loader left for the destination would hide it later. */
        mov     x5, #16
        mov     x9, x1
6:      dc      ivac, x9
        add     x9, x9, x5
        cmp     x9, x4
        b.lo    6b
        dsb     sy                              /* all of it before it is executed */
        ic      iallu
        dsb     sy
        isb
        br      x1
move_end:
        .balign 8
        .global mullion_file_bytes
mullion_file_bytes:
        .quad   0                               /* the host tool writes it */

/* Turn the kernel's tables on; they map this code where it is. Keeps x19. */
mmu_enable:
        ldr     x0, =mmu_registers
        ldp     x1, x2, [x0]                    /* MAIR, TCR */
        ldp     x3, x4, [x0, #16]               /* TTBR0, SCTLR */
        msr     mair_el2, x1
        msr     tcr_el2, x2
        msr     ttbr0_el2, x3
        ldr     x5, =vectors
        msr     vbar_el2, x5
        tlbi    alle2                           /* nothing of ours is cached yet: firmware's may be */
        tlbi    alle1
        ic      iallu
        dsb     nsh                             /* both done ... */
        isb                                     /* ... before the tables count */
        msr     sctlr_el2, x4
        isb                                     /* the next fetch is translated */
        ret
        .ltorg

        .section .data, "aw"
        .balign 8
        .global mullion_systab
mullion_systab:
        .quad   0                               /* the host tool writes the table's address */
