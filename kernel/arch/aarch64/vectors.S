/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry from cells and exit to them. While a cell runs, SP_EL2 points at its
 * vCPU, whose first member is the frame; the kernel's stack ends where the
 * vCPU's struct core begins. Everything is saved in the frame, C is called
 * with interrupts masked, and core->run tells who goes on.
 *
 * A system call is to the cell like a function call, so x19-x30 need not be
 * saved for C, which preserves them itself; x8-x18 are lost to the caller.
 */
#include "offsets.h"

        .altmacro
        .macro  pair op, base, number
        pair_   \op, \base, \number, %(\number + 1)
        .endm
        .macro  pair_ op, base, one, two
        \op     x\one, x\two, [\base, #FRAME_X + 8 * \one]
        .endm
        .macro  pairs op, base, first, last
        .set    reg, \first
        .rept   (\last - \first + 1) / 2
        pair    \op, \base, %reg
        .set    reg, reg + 2
        .endr
        .endm
        .macro  clear_ number
        mov     x\number, xzr
        .endm
/* Clears x<first> to x<last>. */
        .macro  clear first, last
        .set    reg, \first
        .rept   \last - \first + 1
        clear_  %reg
        .set    reg, reg + 1
        .endr
        .endm

        .macro  function name
        .global \name
        .type   \name, %function
        .balign 16
\name:
        .endm

        .macro  vector name
        .balign 0x80
\name:
        .endm
        .macro  end_vector name
        .if     (. - \name) > 0x80
        .error  "a vector does not fit in its 32 instructions"
        .endif
        .endm

        .section .text.vectors, "ax"
        .balign 0x800
        .global vectors
vectors:
/* From the kernel itself: only its own faults arrive here. */
        .irp    kind, 0, 1, 2, 3, 4, 5, 6
        vector  v_own_\kind
        mov     x16, #\kind
        b       own_exception
        end_vector v_own_\kind
        .endr
        vector  v_own_serror
        b       own_serror
        end_vector v_own_serror

/* From a cell. */
        vector  v_sync
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        mrs     x16, esr_el2
        movz    w17, #0x5600, lsl #16           /* EC: SVC from AArch64; the rest is its number */
        sub     w16, w16, w17
        cbz     w16, fast_call
        cmp     w16, #CALL_NULL
        b.lo    fast_reply_wait_or_message
        b.eq    do_null
        lsr     w17, w16, #16
        cbz     w17, do_plain
        b       do_trap
        end_vector v_sync
        vector  v_irq
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        b       do_irq
        end_vector v_irq
        vector  v_fiq
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        b       do_irq                          /* nothing is routed as FIQ: taken as spurious */
        end_vector v_fiq
        vector  v_serror
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        b       do_serror
        end_vector v_serror

/* From AArch32 below: HCR_EL2.RW and SPSR_EL2 make that impossible. */
        .irp    kind, 12, 13, 14, 15
        vector  v_aarch32_\kind
        mov     x16, #\kind
        b       own_exception
        end_vector v_aarch32_\kind
        .endr

/* ---- exits ---------------------------------------------------------------- */

/* x9: current, x10: run, sp: core. Leaves current, for good or not. */
        function switch
        cbz     x9, 1f
        pairs   stp, x9, 19, 28
        str     x29, [x9, #FRAME_X + 8 * 29]
1:      mov     x0, sp
        bl      sched_switch
        /* x0: the vCPU whose hardware state is loaded. */
        mov     sp, x0
        pairs   ldp, sp, 2, 29
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        pairs   ldp, sp, 0, 1
        eret

/* Start this core: x0 is its core, nothing is current. */
        function arch_enter
        mov     sp, x0
        mov     x9, xzr
        b       switch

/* ---- interrupts, traps, bus errors ------------------------------------------ */

        .macro  interrupted handler, wants_vcpu
        pairs   stp, sp, 0, 15
        str     x18, [sp, #FRAME_X + 8 * 18]
        str     x30, [sp, #FRAME_X + 8 * 30]
        mov     x9, sp
        ldr     x0, [sp, #VCPU_CORE]
        mov     sp, x0
        stp     x9, x9, [x0, #CORE_CURRENT]
        .if     \wants_vcpu
        mov     x0, x9
        .endif
        bl      \handler
        ldp     x9, x10, [sp, #CORE_CURRENT]
        cmp     x9, x10
        b.ne    switch
        mov     sp, x9
        pairs   ldp, sp, 0, 17
        ldr     x18, [sp, #FRAME_X + 8 * 18]
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        eret
        .endm

        function do_irq
        interrupted arch_irq_take, 0
        function do_trap
        interrupted trap_sync, 1
        function do_serror
        interrupted trap_serror, 1

/* ---- system calls ------------------------------------------------------------- */

/* w16: the call's number. */
        function do_plain
        str     x30, [sp, #FRAME_X + 8 * 30]
        mov     x0, sp
        ldr     x9, [sp, #VCPU_CORE]
        mov     w7, w16
        mov     sp, x9
        stp     x0, x0, [x9, #CORE_CURRENT]
        bl      door_plain
        ldp     x9, x10, [sp, #CORE_CURRENT]
        cmp     x9, x10
        b.ne    1f
        mov     sp, x9
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        clear   2, 18
        eret
1:      mov     x2, x1
        mov     x1, x0
        mov     x0, x9
        bl      door_store
        ldp     x9, x10, [sp, #CORE_CURRENT]
        b       switch

        function do_null
        mov     x0, xzr
        clear   16, 17
        eret

        function do_message
        pairs   stp, sp, 0, 9
        str     x10, [sp, #FRAME_X + 8 * 10]
        str     x30, [sp, #FRAME_X + 8 * 30]
        mov     x0, sp
        ldr     x9, [sp, #VCPU_CORE]
        mov     w1, w16
        mov     sp, x9
        stp     x0, x0, [x9, #CORE_CURRENT]
        bl      door_message
        ldp     x9, x10, [sp, #CORE_CURRENT]
        cmp     x9, x10
        b.ne    switch
        mov     sp, x9
        pairs   ldp, sp, 0, 9
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        clear   10, 18
        eret

/* ---- the fast path -------------------------------------------------------------- */

/*
 * Save sp's vCPU as far as its call lets us, load x14's vCPU, keep x0-x7.
 * Whoever makes a vCPU saved here run again sets its x0-x18 and PSTATE.
 * Clobbers x9-x11.
 */
        .macro  fast_save
        mrs     x9, sp_el0
        mrs     x10, elr_el2
        mrs     x11, tpidr_el0
        stp     x9, x10, [sp, #FRAME_SP]
        str     x11, [sp, #FRAME_TLS]
        pairs   stp, sp, 19, 30
        .endm
        .macro  fast_load
        ldp     x9, x10, [x14, #VCPU_VTTBR]
        msr     vttbr_el2, x9
        msr     vtcr_el2, x10
        ldr     x11, [x14, #VCPU_CPTR]
        msr     cptr_el2, x11
        ldp     x9, x10, [x14, #FRAME_SP]
        msr     sp_el0, x9
        msr     elr_el2, x10
        ldr     x11, [x14, #FRAME_TLS]
        msr     tpidr_el0, x11
        msr     spsr_el2, xzr                   /* EL0t, flags clear: the caller's do not leak */
        pairs   ldp, x14, 19, 30
        mov     sp, x14
        .endm

/*
 * call, when: short, waits as long as it takes; the capability is good; the
 * server waits on this core with nothing special about either. What it does
 * then is call_portal() and arrive() in ipc.c. x0-x7 message, x8 capability,
 * x9 flags.
 */
        function fast_call
        cbnz    x9, do_message
        ldp     x10, x11, [sp, #VCPU_CAPS]
        cmp     x8, x11
        csel    x8, x8, xzr, lo
        csdb                                    /* a mispredicted bound reads index 0 */
        add     x10, x10, x8, lsl #4
        ldp     x12, x13, [x10]                 /* the portal; rights, badge */
        tbz     x13, #RIGHT_CALL_BIT, do_message
        ldp     x14, x15, [x12, #PORTAL_SERVER] /* server; ceiling */
        ldr     w10, [x14, #VCPU_STATE]
        ldr     w11, [sp, #VCPU_WAIT_KEY]
        cmp     w10, w11
        b.ne    do_message

        ldr     w9, [sp, #VCPU_REPLY_KEY]
        ldr     x10, [sp, #VCPU_CALLS]
        ldr     x11, [sp, #VCPU_CONTEXT]
        add     x10, x10, #1
        str     w9, [sp, #VCPU_STATE]           /* calling */
        stp     x14, x10, [sp, #VCPU_CALLEE]
        mov     x9, sp
        ldr     x10, [x14, #VCPU_SERVED]
        stp     x9, x11, [x14, #VCPU_CALLER]    /* and its context is lent */
        mov     w9, #STATE_RUNNABLE
        add     x10, x10, #1
        stp     w9, w15, [x14, #VCPU_STATE]     /* runnable, at the ceiling */
        stp     x12, x10, [x14, #VCPU_SERVING]
        fast_save
        fast_load
        mov     x8, xzr                         /* MV_OK */
        lsr     x9, x13, #32                    /* badge, short */
        clear   10, 18
        eret

        function fast_reply_wait_or_message
        cmp     w16, #CALL_REPLY_WAIT
        b.ne    do_message
/*
 * reply_wait, when: short, no deadline; a caller waits on this core with
 * nothing special about it; the server has nothing else to take; nobody more
 * urgent than the caller is ready. What it does then is answer() and
 * end_call() in ipc.c.
 */
        cbnz    x9, do_message
        ldr     x14, [sp, #VCPU_CALLER]
        cbz     x14, do_message
        ldp     w10, w11, [sp, #VCPU_ATTENTION] /* attention, reply key */
        ldp     w12, w13, [x14, #VCPU_STATE]    /* state, rank */
        cbnz    w10, do_message
        cmp     w11, w12
        ldr     x10, [sp, #VCPU_CORE]
        b.ne    do_message
        ldr     w11, [x10, #CORE_PREEMPT_KEY]
        cmp     w11, w13
        b.hi    do_message

        ldr     w9, [sp, #VCPU_WAIT_KEY]
        str     xzr, [sp, #VCPU_CALLER]
        mov     w10, #STATE_RUNNABLE
        str     w9, [sp, #VCPU_STATE]           /* waiting */
        str     w10, [x14, #VCPU_STATE]
        fast_save
        fast_load
        clear   8, 18                           /* MV_OK, short */
        eret

/* ---- the kernel's own exceptions --------------------------------------------------- */

/*
 * A bus error that arch_bus_error_take() let in: note it and go on. Any other
 * one cannot be attributed. The stack is good: interrupts are masked but there.
 */
        function own_serror
        stp     x0, x1, [sp, #-16]!
        mrs     x0, tpidr_el2
        ldr     w1, [x0, #CPU_BUS_ERROR_EXPECTED]
        cbz     w1, 1f
        str     wzr, [x0, #CPU_BUS_ERROR_EXPECTED]
        ldp     x0, x1, [sp], #16
        eret
1:      mov     x16, #7

/* x16: which vector. The stack may be what failed: start it anew. */
        function own_exception
        mov     x0, x16
        mov     x1, sp
        mov     x2, x30
        mrs     x3, tpidr_el2
        mov     sp, x3
        b       trap_own
