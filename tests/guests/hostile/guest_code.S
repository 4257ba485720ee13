/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hostile guest does that C cannot say. */
        .arch_extension fp
        .arch_extension simd
        .section .text.hostile, "ax"

/* uint64_t call_with(code, const uint64_t x[8], uint64_t *out): calls code that may
 * lose every register but sp, with x0-x7 from x; returns its x0. */
        .global call_with
call_with:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        mov     x9, x0
        mov     x8, x1
        ldp     x0, x1, [x8]
        ldp     x2, x3, [x8, #16]
        ldp     x4, x5, [x8, #32]
        ldp     x6, x7, [x8, #48]
        blr     x9
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret

/* void enter_el0(uint64_t pc, uint64_t pstate): returns when the handler of an
 * exception goes to el0_left, at EL1 again. */
        .global enter_el0, el0_left
enter_el0:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        msr     elr_el1, x0
        msr     spsr_el1, x1
        isb
        eret
el0_left:
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #96
        ret

/* Loads and stores that the hardware does not describe to a hypervisor, or only in
 * part: each is a function of the address in x0 (and 8 bytes of room at x1). */
        .macro  odd name, insn:vararg
        .balign 16
\name:  \insn
        ret
        .endm
        odd     odd_0, ldp x2, x3, [x0]
        odd     odd_1, ldr x2, [x0], #8
        odd     odd_2, ldr x2, [x0, #8]!
        odd     odd_3, ldxr x2, [x0]
        odd     odd_4, ldaxr w2, [x0]
        odd     odd_5, stp x2, x3, [x0]
        odd     odd_6, str x2, [x0], #8
        odd     odd_7, stxr w3, x2, [x0]
        odd     odd_8, ldr q0, [x0]
        odd     odd_9, str d0, [x0]
        odd     odd_10, ld1 {v0.4s, v1.4s}, [x0]
        odd     odd_11, dc zva, x0
        odd     odd_12, dc civac, x0
        odd     odd_13, dc ivac, x0
        odd     odd_14, at s1e1r, x0
        odd     odd_15, prfm pldl1keep, [x0]
        odd     odd_16, ldnp x2, x3, [x0]
        odd     odd_17, ldpsw x2, x3, [x0]
        odd     odd_18, ldar x2, [x0]
        odd     odd_19, stlr x2, [x0]
        odd     odd_20, ldrsw x2, [x0]
        odd     odd_21, ldrsb w2, [x0, #1]
        odd     odd_22, ldurh w2, [x0, #1]
        odd     odd_23, ldtr x2, [x0]
        odd     odd_24, str xzr, [x0]
        .balign 16
        .global odd_begin, odd_end
        .equ    odd_begin, odd_0
odd_end:

/* At EL0: what it may not do, then the end. */
        .global el0_code, el0_code_end
        .balign 16
el0_code:
        hvc     #0
        smc     #0
        hvc     #6
        msr     sctlr_el1, x0
        mrs     x0, sctlr_el1
        mrs     x0, vbar_el1
        mrs     x0, id_aa64pfr0_el1
        mrs     x0, midr_el1
        tlbi    vmalle1
        at      s1e0r, x0
        ic      iallu
        mrs     x0, cntvct_el0
        mrs     x0, pmccntr_el0
        mrs     x0, s3_3_c14_c2_1
        msr     s3_0_c12_c11_5, x0
        brk     #1
        .inst   0
        svc     #1
el0_code_end:
