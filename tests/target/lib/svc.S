/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_svc(x0 = number, x1 = struct test_regs): every general register and the
 * flags hold the caller's values at the SVC, and are stored after it. sp and
 * the frame below it must survive, or the way back is lost.
 */
        .altmacro
        .macro  body instruction:vararg
        stp     x29, x30, [sp, #-128]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        str     x1, [sp, #96]
        ldr     x0, [x1, #248]
        msr     nzcv, x0
        ldp     x2, x3, [x1, #16]
        ldp     x4, x5, [x1, #32]
        ldp     x6, x7, [x1, #48]
        ldp     x8, x9, [x1, #64]
        ldp     x10, x11, [x1, #80]
        ldp     x12, x13, [x1, #96]
        ldp     x14, x15, [x1, #112]
        ldp     x16, x17, [x1, #128]
        ldp     x18, x19, [x1, #144]
        ldp     x20, x21, [x1, #160]
        ldp     x22, x23, [x1, #176]
        ldp     x24, x25, [x1, #192]
        ldp     x26, x27, [x1, #208]
        ldp     x28, x29, [x1, #224]
        ldr     x30, [x1, #240]
        ldp     x0, x1, [x1]
        \instruction
        b       store
        .endm

        .section .text.test_svc, "ax", %progbits
store:
        str     x0, [sp, #104]
        ldr     x0, [sp, #96]
        str     x1, [x0, #8]
        stp     x2, x3, [x0, #16]
        stp     x4, x5, [x0, #32]
        stp     x6, x7, [x0, #48]
        stp     x8, x9, [x0, #64]
        stp     x10, x11, [x0, #80]
        stp     x12, x13, [x0, #96]
        stp     x14, x15, [x0, #112]
        stp     x16, x17, [x0, #128]
        stp     x18, x19, [x0, #144]
        stp     x20, x21, [x0, #160]
        stp     x22, x23, [x0, #176]
        stp     x24, x25, [x0, #192]
        stp     x26, x27, [x0, #208]
        stp     x28, x29, [x0, #224]
        str     x30, [x0, #240]
        mrs     x1, nzcv
        str     x1, [x0, #248]
        ldr     x1, [sp, #104]
        str     x1, [x0]
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #128
        ret

        .macro  try number
        movz    w2, #\number
        cmp     w0, w2
        b.ne    1f
        body    svc #\number
1:
        .endm

        .global test_svc
        .type   test_svc, %function
test_svc:
        .set    n, 0
        .rept   48
        try     %n
        .set    n, n + 1
        .endr
        try     48
        try     63
        try     64
        try     255
        try     256
        try     4096
        try     32768
        try     65535
        brk     #1                      /* a number that is not known here */

/* test_undefined(-, x1 = struct test_regs): the same around a fault. */
        .global test_undefined
        .type   test_undefined, %function
test_undefined:
        body    udf #3

        .section .rodata.test_svc_numbers, "a", %progbits
        .global test_svc_numbers
        .balign 2
test_svc_numbers:
        .hword  48, 63, 64, 255, 256, 4096, 32768, 65535
