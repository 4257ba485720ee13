/* SPDX-License-Identifier: BSD-2-Clause */
/* fp_load(state), fp_store(state): q0-q31, FPCR, FPSR; see fp.h. */
        .macro  each op
        \op     q0, q1, [x0]
        \op     q2, q3, [x0, #32]
        \op     q4, q5, [x0, #64]
        \op     q6, q7, [x0, #96]
        \op     q8, q9, [x0, #128]
        \op     q10, q11, [x0, #160]
        \op     q12, q13, [x0, #192]
        \op     q14, q15, [x0, #224]
        \op     q16, q17, [x0, #256]
        \op     q18, q19, [x0, #288]
        \op     q20, q21, [x0, #320]
        \op     q22, q23, [x0, #352]
        \op     q24, q25, [x0, #384]
        \op     q26, q27, [x0, #416]
        \op     q28, q29, [x0, #448]
        \op     q30, q31, [x0, #480]
        .endm

        .section .text.fp, "ax", %progbits
        .global fp_load
        .global fp_store
        .type   fp_load, %function
        .type   fp_store, %function
fp_load:
        ldr     x1, [x0, #512]
        ldr     x2, [x0, #520]
        msr     fpcr, x1
        msr     fpsr, x2
        each    ldp
        ret
fp_store:
        each    stp
        mrs     x1, fpcr
        mrs     x2, fpsr
        str     x1, [x0, #512]
        str     x2, [x0, #520]
        ret
