/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that does nothing, for ever: the header of an arm64 Image, and a loop with
 * FP registers in use. */
        .text
        .globl  _start
_start:
        b       1f
        .word   0
        .quad   0, 0x4000, 2, 0, 0, 0
        .word   0x644d5241, 0
1:      mov     x0, #(3 << 20)
        msr     cpacr_el1, x0
        isb
2:      fmov    d0, x0
        fmov    x1, d0
        cmp     x0, x1
        b.eq    2b
3:      wfi                     /* lost: it does not use its budget any more, which is seen */
        b       3b
