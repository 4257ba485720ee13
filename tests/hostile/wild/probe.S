/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wild_execute(x0 = code, x1 = value, x2 = results): branch to generated code
 * with x9 = results, x10 = value; whatever it does to x0-x18 and the thread
 * register is put right again afterwards.
 */
        .section .text.wild_execute, "ax", %progbits
        .global wild_execute
        .type   wild_execute, %function
wild_execute:
        stp     x29, x30, [sp, #-112]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        mrs     x3, tpidr_el0
        str     x3, [sp, #96]
        mov     x9, x2
        mov     x10, x1
        mov     x11, xzr
        blr     x0
        ldr     x3, [sp, #96]
        msr     tpidr_el0, x3
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #112
        ret

/* What EL0 does not have. Each may fault; the keeper skips it. */
        .global wild_instructions
        .type   wild_instructions, %function
wild_instructions:
        stp     x29, x30, [sp, #-16]!
        mov     x29, sp
        .inst   0xd4000002              /* hvc #0 */
        .inst   0xd41fffe2              /* hvc #0xffff */
        .inst   0xd4000003              /* smc #0 */
        movz    x0, #0x8400, lsl #16    /* PSCI_SYSTEM_OFF, by every door */
        movk    x0, #0x0008
        .inst   0xd4000003
        .inst   0xd4000002
        .inst   0xd69f03e0              /* eret */
        .inst   0xd69f0bff              /* eretaa */
        .inst   0xd6bf03e0              /* drps */
        .inst   0xd4200000              /* brk #0 */
        .inst   0xd43fffe0              /* brk #0xffff */
        .inst   0xd4400000              /* hlt #0 */
        .inst   0xd45e0000              /* hlt #0xf000: semihosting */
        .inst   0xd4a00001              /* dcps1 */
        .inst   0xd4a00002              /* dcps2 */
        .inst   0xd4a00003              /* dcps3 */
        .inst   0x00000000              /* udf */
        .inst   0xd503205f              /* wfe */
        .inst   0xd503207f              /* wfi */
        .inst   0xd503209f              /* sev */
        .inst   0xd50320bf              /* sevl */
        .inst   0xd5033f5f              /* clrex */
        .inst   0xd50346df              /* msr daifset, #6 */
        .inst   0xd50347df              /* msr daifset, #7 */
        .inst   0xd50341bf              /* msr spsel, #1 */
        .inst   0xd508831f              /* tlbi vmalle1is */
        .inst   0xd50c831f              /* tlbi alle2is */
        .inst   0xd50c839f              /* tlbi alle1is */
        .inst   0xd508751f              /* ic iallu */
        .inst   0xd5087640              /* dc isw, x0 */
        .inst   0xd5087c00              /* at s1e0r */
        .inst   0x9e6703e0              /* fmov d0, xzr */
        .inst   0x04e0e3e0              /* cntb: SVE */
        .inst   0xdac103e0              /* pacia: key instructions */
        .inst   0xdac143e0              /* xpaci */
        .inst   0xf9400000              /* ldr x0, [x0] */
        .inst   0xc85f7c00              /* ldxr x0, [x0] */
        .inst   0xd503201f
        ldp     x29, x30, [sp], #16
        ret
