/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the kernel delivers upcalls: x0 line, x1 payload, sp the upcall stack.
 * Everything the interrupted code had is in the frame, so nothing is saved
 * here, and TPIDR_EL0 leads to the handler.
 */
        .section .text.mv_upcall_entry, "ax", %progbits
        .global mv_upcall_entry
        .type   mv_upcall_entry, %function
mv_upcall_entry:
        mov     x29, xzr
        mrs     x2, tpidr_el0
        ldr     x2, [x2, #0xff8]        /* struct mv_local: upcall */
        blr     x2
        b       mv_upcall_return
        .size   mv_upcall_entry, . - mv_upcall_entry
