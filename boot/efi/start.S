/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UEFI part's entry, and its way out: from the firmware's address space to
 * the kernel's first instruction as the arm64 boot protocol wants it.
 */
#include <mv/efistart.h>

/* Cleans and invalidates [\from, \to) to the point of coherency, \to included
 * when the last line goes beyond it. Clobbers x9, x10, x11. */
        .macro  clean from, to
        mrs     x9, ctr_el0
        ubfx    x9, x9, #16, #4                 /* DminLine: words in a line, log2 */
        mov     x10, #4
        lsl     x10, x10, x9
        sub     x11, x10, #1
        bic     x9, \from, x11
1:      dc      civac, x9
        add     x9, x9, x10
        cmp     x9, \to
        b.lo    1b
        .endm

        .section .text.start, "ax"
        .global efi_start
efi_start:
        b       efi_main
        .word   MV_EFI_MAGIC
        .quad   0, 0, 0                         /* the host tool writes them */

/*
 * x0: to, x1: from, x2: length, x3: end of the system, x4: device tree, x5: the
 * page with the copy of mover_start. Boot services have ended. Runs with the
 * firmware's tables, in memory that the mover may overwrite, so it ends there.
 */
        .section .text, "ax"
        .global leave
leave:
        msr     daifset, #0xf
        add     x6, x1, x2
        adr     x7, efi_start
        clean   x7, x6
        add     x6, x5, #(mover_end - mover_start)
        clean   x5, x6
        dsb     sy                              /* all is in memory before the caches are off ... */
        ic      iallu
        dsb     sy                              /* ... and no old instruction is fetched there */
        isb
        mrs     x6, sctlr_el2
        bic     x6, x6, #(1 << 0)               /* M */
        bic     x6, x6, #(1 << 2)               /* C */
        msr     sctlr_el2, x6
        isb                                     /* from here addresses are physical */
        br      x5

/*
 * In: x0 to x4 as above; MMU and data cache off. Position-independent, and in a
 * page outside both places.
 */
        .global mover_start, mover_end
mover_start:
        /* What the firmware had written there must not be written back over what
         * we write past the cache, nor be found when the kernel turns it on. */
        clean   x0, x3
        dsb     sy                              /* before the first store below */
        mov     x6, x0
        cmp     x0, x1
        b.hi    3f
        /* Upwards: what is overwritten has been read. */
2:      cbz     x2, 5f
        ldp     x7, x8, [x1], #16
        stp     x7, x8, [x6], #16
        sub     x2, x2, #16
        b       2b
        /* Downwards. */
3:      add     x1, x1, x2
        add     x6, x6, x2
4:      cbz     x2, 5f
        ldp     x7, x8, [x1, #-16]!
        stp     x7, x8, [x6, #-16]!
        sub     x2, x2, #16
        b       4b
5:      dsb     sy                              /* the stores, before they are fetched as instructions */
        ic      iallu
        tlbi    alle2
        dsb     sy                              /* both done before the kernel begins */
        isb
        mov     x6, x0
        mov     x0, x4
        mov     x1, xzr
        mov     x2, xzr
        mov     x3, xzr
        br      x6
mover_end:
        .if     mover_end - mover_start > 0x1000
        .error  "the mover does not fit in its page"
        .endif
