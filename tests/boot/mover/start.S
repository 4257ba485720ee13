/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry, a call of leave() that returns, and semihosting's two calls. */

        .section .text.first, "ax"
        .global _start
_start:
        adrp    x0, stack_end
        add     x0, x0, :lo12:stack_end
        mov     sp, x0
        b       test_main

        .text
        .global leave_and_return
leave_and_return:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        msr     daifclr, #0xf
        b       leave

/* The moved system's first instruction comes here. */
        .global resume
resume:
        adrp    x9, entered
        add     x9, x9, :lo12:entered
        stp     x0, x1, [x9]
        stp     x2, x3, [x9, #16]
        mrs     x10, sctlr_el2
        mrs     x11, daif
        stp     x10, x11, [x9, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret

        .global print
print:
        mov     x1, x0
        mov     w0, #0x04                       /* SYS_WRITE0 */
        hlt     #0xf000
        ret

        .global finish
finish:
        adrp    x1, reason
        add     x1, x1, :lo12:reason
        mov     w0, #0x18                       /* SYS_EXIT */
        hlt     #0xf000
        b       finish

        .section .rodata
        .balign 8
reason: .quad   0x20026, 0                      /* ADP_Stopped_ApplicationExit */

        .bss
        .balign 16
        .global entered
entered:
        .zero   48
        .zero   4096
stack_end:
