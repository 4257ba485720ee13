/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns in the registers that C does not name. */
        .arch_extension fp
        .arch_extension simd

        .macro  save_callee
        stp     x29, x30, [sp, #-112]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        str     x0, [sp, #96]
        .endm
        .macro  restore_callee
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #112
        .endm

/* uint64_t pattern_wait(uint64_t seed): WFI with a pattern in x0-x30 and the flags;
 * 0 if it is still there. */
        .section .text.patterns, "ax"
        .global pattern_wait
pattern_wait:
        save_callee
        .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        add     x\n, x0, #\n
        .endr
        msr     nzcv, x0
        dsb     sy
        wfi
        sub     x30, x30, x0
        sub     x30, x30, #30
        str     x30, [sp, #104]
        mrs     x30, nzcv
        eor     x30, x30, x0
        and     x30, x30, #0xf0000000
        .irp    n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
        sub     x\n, x\n, x0
        sub     x\n, x\n, #\n
        orr     x30, x30, x\n
        .endr
        ldp     x1, x2, [sp, #96]
        orr     x30, x30, x2
        eor     x0, x0, x1
        orr     x0, x0, x30
        restore_callee
        ret

/* void pattern_fp_set(uint64_t seed) */
        .global pattern_fp_set
pattern_fp_set:
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        add     x1, x0, #\n
        fmov    d\n, x1
        mvn     x1, x1
        mov     v\n\().d[1], x1
        .endr
        and     x1, x0, #0x07c00000
        msr     fpcr, x1
        and     x1, x0, #0x1f
        msr     fpsr, x1
        ret

/* uint64_t pattern_fp_check(uint64_t seed): 0 if they are still there. */
        .global pattern_fp_check
pattern_fp_check:
        mov     x3, xzr
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        add     x1, x0, #\n
        fmov    x2, d\n
        eor     x2, x2, x1
        orr     x3, x3, x2
        mov     x2, v\n\().d[1]
        mvn     x2, x2
        eor     x2, x2, x1
        orr     x3, x3, x2
        .endr
        mrs     x1, fpcr
        eor     x1, x1, x0
        and     x1, x1, #0x07c00000
        orr     x3, x3, x1
        mrs     x1, fpsr
        eor     x1, x1, x0
        and     x1, x1, #0x1f
        orr     x0, x3, x1
        ret
