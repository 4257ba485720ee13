/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where every vCPU of a cell begins: x0 is its index in the cell, sp the top
 * of its stack, TPIDR_EL0 its message buffer. Ends the chain of frames for
 * debuggers.
 */
        .section .text.start, "ax", %progbits
        .global _start
        .type   _start, %function
_start:
        mov     x29, xzr
        mov     x30, xzr
        b       mv_start
        .size   _start, . - _start
