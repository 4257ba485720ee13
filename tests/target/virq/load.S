/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load(x0 = rounds, x1 = result): a computation that keeps all registers but
 * sp busy, so that any register an interruption changes shows in the result:
 * each round rotates the values through x2 to x30 and the flags.
 */
        .section .text.load, "ax", %progbits
        .global load
        .type   load, %function
load:
        stp     x29, x30, [sp, #-112]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        str     x1, [sp, #96]
        mov     x1, #1
        .irp    n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        mov     x\n, #(\n * 257)
        .endr
        cmp     x0, x0
1:      adcs    x2, x2, x30
        .irp    n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        ror     x\n, x\n, #7
        .endr
        adcs    x3, x3, x2
        eor     x4, x4, x3
        adcs    x5, x5, x4
        eor     x6, x6, x5
        adcs    x7, x7, x6
        eor     x8, x8, x7
        adcs    x9, x9, x8
        eor     x10, x10, x9
        adcs    x11, x11, x10
        eor     x12, x12, x11
        adcs    x13, x13, x12
        eor     x14, x14, x13
        adcs    x15, x15, x14
        eor     x16, x16, x15
        adcs    x17, x17, x16
        eor     x18, x18, x17
        adcs    x19, x19, x18
        eor     x20, x20, x19
        adcs    x21, x21, x20
        eor     x22, x22, x21
        adcs    x23, x23, x22
        eor     x24, x24, x23
        adcs    x25, x25, x24
        eor     x26, x26, x25
        adcs    x27, x27, x26
        eor     x28, x28, x27
        adcs    x29, x29, x28
        eor     x30, x30, x29
        sub     x0, x0, #1
        cbnz    x0, 1b
        ldr     x0, [sp, #96]
        .irp    n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        str     x\n, [x0, #(\n * 8)]
        .endr
        mrs     x1, nzcv
        stp     xzr, x1, [x0]
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #112
        ret

/*
 * wait_for_flags(x0 = address): waits, by looking at the word there, until
 * it is not 0; returns the flags as they are then.
 */
        .global wait_for_flags
        .type   wait_for_flags, %function
wait_for_flags:
        msr     nzcv, xzr
1:      ldr     x1, [x0]
        cbz     x1, 1b
        mrs     x0, nzcv
        ret
