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
#include GIC_INC

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
/*
 * Names what follows, up to the next symbol, for the benchmark's breakdown:
 * entry, lookup, checks, link, save, switch, restore, clear, exit.
 */
        .macro  phase name
phase.\name\().\@:
        .endm
/* To the cell. The barriers are never executed: they end what a core may
 * speculate in a straight line past ERET. */
        .macro  return
        eret
        dsb     nsh
        isb
        .endm
/* Stores 0 as registers first to last of the frame. */
        .macro  zero_pair base, number
        stp     xzr, xzr, [\base, #FRAME_X + 8 * \number]
        .endm
        .macro  zero_pairs base, first, last
        .set    reg, \first
        .rept   (\last - \first + 1) / 2
        zero_pair \base, %reg
        .set    reg, reg + 2
        .endr
        .endm
/* sp's vCPU leaves by a call, which keeps no more of its registers than these. */
        .macro  save_caller
        mrs     x9, sp_el0
        mrs     x10, elr_el2
        mrs     x11, tpidr_el0
        stp     x9, x10, [sp, #FRAME_SP]
        str     x11, [sp, #FRAME_TLS]
        pairs   stp, sp, 19, 30
        .endm
/* Where the vCPU at `base` runs, and whether it may use FP. */
        .macro  load_space base
        ldp     x9, x10, [\base, #VCPU_VTTBR]
        msr     vttbr_el2, x9
        msr     vtcr_el2, x10
        ldr     x11, [\base, #VCPU_CPTR]
        msr     cptr_el2, x11
        .endm
/* To `otherwise` if sp's guest, which leaves, has caused a bus error; see
 * arch_bus_error_take(). A GICv2's virtual CPU interface is a device too. */
        .macro  check_bus otherwise
#if MV_GIC_VERSION == 3
        ldrb    w9, [sp, #VCPU_HAS_DEVICE]
        cbz     w9, 2f
#endif
        dsb     sy
        isb
        mrs     x9, isr_el1
        tbnz    x9, #8, \otherwise
2:
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
\name:
        .endm

/* A vector begins at its place or does not assemble: what stands in a slot
 * must fit in its 32 instructions, for .org does not go backwards. */
        .macro  vector number, name
        .org    vectors + 0x80 * \number
\name:
        .endm

        .section .text.vectors, "ax"
        .balign 0x800
        .global vectors
vectors:
/*
 * Slots 0-7, from the kernel itself: only its own faults arrive here. What is
 * left of a slot holds code that has nothing to do with it, which saves a
 * twentieth of the kernel's text.
 *
 * Slots 0-3 are for a kernel that runs on SP_EL0, which this one never does.
 * Slot 0 is the kernel's first word: loaders enter there, at LINK_BASE, with
 * what the Linux arm64 boot protocol promises.
 */
        .global _start
        vector  0, _start
        b       boot

/* x9: current, x10: run, sp: core. Leaves current, for good or not. */
        function switch
        phase   save
        cbz     x9, 1f
        pairs   stp, x9, 19, 28
        str     x29, [x9, #FRAME_X + 8 * 29]
1:
        phase   switch
        mov     x0, sp
        bl      sched_switch
        /* x0: the vCPU whose hardware state is loaded. */
        phase   restore
        mov     sp, x0
        pairs   ldp, sp, 2, 29
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        pairs   ldp, sp, 0, 1
        return

        vector  1, own_1
        mov     x16, #1
        b       own_exception

/* w16: the call's number; x0-x10 its arguments. */
        function do_message
        phase   save
        pairs   stp, sp, 0, 9
        str     x10, [sp, #FRAME_X + 8 * 10]
        str     x30, [sp, #FRAME_X + 8 * 30]
        phase   entry
        mov     x0, sp
        ldr     x9, [sp, #VCPU_CORE]
        mov     w1, w16
        mov     sp, x9
        stp     x0, x0, [x9, #CORE_CURRENT]
        bl      door_message
        phase   exit
        ldp     x9, x10, [sp, #CORE_CURRENT]
        cmp     x9, x10
        b.ne    switch
        phase   restore
        mov     sp, x9
        pairs   ldp, sp, 0, 9
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        b       clear_rest

        vector  2, own_2
        mov     x16, #2
        b       own_exception

/* w16: the call's number; x1-x6 its arguments. */
        function do_plain
        phase   entry
        str     x30, [sp, #FRAME_X + 8 * 30]
        mov     x0, sp
        ldr     x9, [sp, #VCPU_CORE]
        mov     w7, w16
        mov     sp, x9
        stp     x0, x0, [x9, #CORE_CURRENT]
        bl      door_plain
        phase   exit
        ldp     x9, x10, [sp, #CORE_CURRENT]
        cmp     x9, x10
        b.ne    1f
        mov     sp, x9
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        phase   clear
        clear   2, 9
        b       clear_rest
1:
        phase   exit
        mov     x2, x1
        mov     x1, x0
        mov     x0, x9
        bl      door_store
        ldp     x9, x10, [sp, #CORE_CURRENT]
        b       switch

        vector  3, own_3
        mov     x16, #3
        b       own_exception

/* void arch_copy(to, from, bytes): 64 bytes a turn, then 1. */
        function arch_copy
1:      subs    x2, x2, #64
        b.lo    2f
        ldp     x3, x4, [x1]
        ldp     x5, x6, [x1, #16]
        ldp     x7, x8, [x1, #32]
        ldp     x9, x10, [x1, #48]
        add     x1, x1, #64
        stp     x3, x4, [x0]
        stp     x5, x6, [x0, #16]
        stp     x7, x8, [x0, #32]
        stp     x9, x10, [x0, #48]
        add     x0, x0, #64
        b       1b
2:      adds    x2, x2, #64
        b.eq    4f
3:      ldrb    w3, [x1], #1
        strb    w3, [x0], #1
        subs    x2, x2, #1
        b.ne    3b
4:      ret

        function do_null
        phase   clear
        mov     x0, xzr
        clear   16, 17
        phase   exit
        return

        vector  4, own_4
        mov     x16, #4
        b       own_exception

/* void arch_zero(to, bytes) */
        function arch_zero
1:      subs    x1, x1, #64
        b.lo    2f
        stp     xzr, xzr, [x0]
        stp     xzr, xzr, [x0, #16]
        stp     xzr, xzr, [x0, #32]
        stp     xzr, xzr, [x0, #48]
        add     x0, x0, #64
        b       1b
2:      adds    x1, x1, #64
        b.eq    4f
3:      strb    wzr, [x0], #1
        subs    x1, x1, #1
        b.ne    3b
4:      ret

/* uint64_t smc(function, a1, a2, a3): SMC calling convention, Arm DEN 0028. */
        function smc
        smc     #0
        ret

/* Start this core: x0 is its core, nothing is current. */
        function arch_enter
        mov     sp, x0
        mov     x9, xzr
        b       switch

        .arch_extension fp
        .arch_extension simd
        .macro  fp_pair op, number
        fp_pair_ \op, \number, %(\number + 1)
        .endm
        .macro  fp_pair_ op, one, two
        \op     q\one, q\two, [x0, #16 * \one]
        .endm
        .macro  fp_pairs op
        .set    reg, 0
        .rept   16
        fp_pair \op, %reg
        .set    reg, reg + 2
        .endr
        .endm

#ifndef MV_NO_FASTPATH
/* A device's interrupt wakes its driver, as wake_check left it. */
irq_commit:
        phase   interrupt
        gic_drop
        mov     w5, #1
        ldr     x3, [x14, #VCPU_INTERRUPTS]
        strb    w5, [x12, #VIRQ_ACTIVE]
        add     x3, x3, #1
        mrs     x4, spsr_el2
        str     x3, [x14, #VCPU_INTERRUPTS]
        str     x4, [sp, #FRAME_PSTATE]
        mov     x2, #1                          /* the payload */
        b       wake
#endif

        vector  5, own_5
        mov     x16, #5
        b       own_exception

        function fp_save
        fp_pairs stp
        mrs     x1, fpcr
        mrs     x2, fpsr
        add     x0, x0, #512
        stp     x1, x2, [x0]
        ret

        vector  6, own_6
        mov     x16, #6
        b       own_exception

        function fp_load
        fp_pairs ldp
        add     x0, x0, #512
        ldp     x1, x2, [x0]
        msr     fpcr, x1
        msr     fpsr, x2
        ret

/*
 * A bus error that arch_bus_error_take() let in: note it and go on. Any other
 * one cannot be attributed. The stack is good: interrupts are masked but there.
 */
        vector  7, own_serror
        stp     x0, x1, [sp, #-16]!
        mrs     x0, tpidr_el2
        ldr     w1, [x0, #CPU_BUS_ERROR_EXPECTED]
        cbz     w1, 1f
        str     wzr, [x0, #CPU_BUS_ERROR_EXPECTED]
        ldp     x0, x1, [sp], #16
        return
1:      mov     x16, #7

/* x16: which vector. The stack may be what failed: start it anew. */
own_exception:
        mov     x0, x16
        mov     x1, sp
        mov     x2, x30
        mrs     x3, tpidr_el2
        mov     sp, x3
        b       trap_own

#ifndef MV_NO_FASTPATH
/*
 * A guest's access to bell x9, when its vIRQ's sink waits as wake_check wants
 * it. What it does then is vm_bell() and cpu_leave_vm(), and as for fast_raise.
 * As fast_exit left it, with the flags of x9's bound.
 */
fast_bell:
        phase   lookup
        tbz     w16, #6, no_bell                /* a load */
        csel    x9, x9, xzr, lo
        csdb                                    /* a mispredicted bound reads index 0 */
        ldr     x12, [x17, #VM_BELLS]
        ldr     x12, [x12, x9, lsl #3]
        cbz     x12, no_bell
        mov     x2, #1
        lsl     x2, x2, x3                      /* the payload: the value modulo 64 */
        adr     x17, exit_c
        adr     x18, bell_commit
        ldr     w10, [sp, #VCPU_REPLY_KEY]      /* of a guest, the state of one that waits */
        b       wake_check_key
exit_c:
        adr     x17, trap_vm
        mov     x1, sp
        b       call_c
#endif

/* Slots 8-11, from a cell. sp is its vCPU. */
        vector  8, cell_sync
        phase   entry
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        mrs     x16, esr_el2
        movz    w17, #0x5600, lsl #16           /* EC: SVC from AArch64; the rest is its number */
        sub     w16, w16, w17
#ifndef MV_NO_FASTPATH
        cbz     w16, fast_call
        cmp     w16, #CALL_NULL
        b.lo    fast_reply_wait_or_message
        b.eq    do_null
        cmp     w16, #CALL_RAISE
        b.eq    fast_raise
#else
        cmp     w16, #CALL_NULL
        b.lo    do_message
#endif
        lsr     w17, w16, #16
        cbz     w17, do_plain
        ldr     x17, [sp, #VCPU_VM]
        cbnz    x17, guest_sync
        adr     x17, trap_sync
        b       interrupted

#ifndef MV_NO_FASTPATH
/* A raise wakes the sink, as wake_check left it. */
raise_commit:
        phase   clear                           /* the raiser's result: MV_OK, the rest 0 */
        zero_pairs sp, 0, 17
        str     xzr, [sp, #FRAME_X + 8 * 18]
        str     xzr, [sp, #FRAME_PSTATE]
raise_count:
        ldr     x3, [sp, #VCPU_RAISES]
        mov     w5, #1
        add     x3, x3, #1
        str     x3, [sp, #VCPU_RAISES]
        b       wake
#endif

        vector  9, cell_irq
        phase   entry
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        b       do_irq

/* Anything but a system call or an interrupt: every register is the cell's.
 * x17: what to call, with the core and the vCPU. */
interrupted:
        phase   save
        pairs   stp, sp, 0, 15
        str     x18, [sp, #FRAME_X + 8 * 18]
        str     x30, [sp, #FRAME_X + 8 * 30]
        mov     x1, sp
/* The same when that is done. x1: the second argument. */
call_c:
        phase   entry
        mov     x9, sp
        ldr     x0, [sp, #VCPU_CORE]
        mov     sp, x0
        stp     x9, x9, [x0, #CORE_CURRENT]
        blr     x17
        phase   exit
        ldp     x9, x10, [sp, #CORE_CURRENT]
        cmp     x9, x10
        b.ne    switch
        phase   restore
        mov     sp, x9
        ldr     x18, [sp, #FRAME_X + 8 * 18]
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        b       load_0_17

        vector  10, cell_fiq
        phase   entry
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        b       do_irq                          /* nothing is routed as FIQ: taken as spurious */

load_0_17:
        phase   restore
        pairs   ldp, sp, 0, 17
        phase   exit
        return

clear_rest:
        phase   clear
        clear   10, 18
        phase   exit
        return

        vector  11, cell_serror
        phase   entry
        stp     x16, x17, [sp, #FRAME_X + 8 * 16]
        adr     x17, trap_serror
        b       interrupted

/* Every core, MMU off: x0 its index. */
        function secondary_boot
        msr     daifset, #0xf
        mov     x19, x0
        bl      mmu_enable
        adr     x0, cpu_pages + CPU_PAGES_CPU
        mov     x1, #CPU_PAGES_SIZE
        madd    x0, x19, x1, x0
        msr     tpidr_el2, x0
        mov     sp, x0
        mov     x29, xzr
        mov     x30, xzr
        mov     x0, x19
        b       arch_start_core

/* Not at EL2, or not where we are linked: nothing is safe to touch. */
wrong_place:
        wfe
        b       wrong_place

#ifndef MV_NO_FASTPATH
/* A bell wakes the sink, as wake_check left it. */
bell_commit:
        check_bus exit_c
        phase   save
        mrs     x3, elr_el2
        mrs     x4, spsr_el2
        add     x3, x3, #4                      /* behind the instruction */
        str     x4, [sp, #FRAME_PSTATE]
        msr     elr_el2, x3
        ldr     x17, [sp, #VCPU_VM]
        bl      leave_guest
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        b       raise_count
#endif

/* Slots 12-15, from AArch32 below: HCR_EL2.RW and SPSR_EL2 make that impossible. */
        vector  12, aarch32_12
        mov     x16, #12
        b       own_exception

/* Clean and invalidate the data cache for [x0, x1) to the point of coherency. */
        function clean_invalidate
        mrs     x2, ctr_el0
        ubfx    x2, x2, #16, #4                 /* DminLine: log2 of words */
        mov     x3, #4
        lsl     x2, x3, x2
        sub     x3, x2, #1
        bic     x0, x0, x3
1:      dc      civac, x0
        add     x0, x0, x2
        cmp     x0, x1
        b.lo    1b
        dsb     sy                              /* done before memory is used with the cache off */
        ret

#ifndef MV_NO_FASTPATH
/* The registers of the guest whose struct vm x17 is make way for a native cell's.
 * Loses x0, x5, x6, x9, x12, x16. */
leave_guest:
        phase   guest
        mrs     x0, sctlr_el1
        mrs     x5, tcr_el1
        mrs     x6, cpacr_el1
        mrs     x9, cntkctl_el1
        mrs     x12, tpidrro_el0
        stp     x0, x5, [x17, #VM_ENTERED]
        stp     x6, x9, [x17, #VM_ENTERED + 16]
        str     x12, [x17, #VM_ENTERED + 32]
        adr     x16, native_registers
        ldp     x0, x5, [x16]
        ldp     x6, x9, [x16, #16]
        msr     sctlr_el1, x0
        msr     tcr_el1, xzr
        msr     cpacr_el1, x5
        msr     cntkctl_el1, x6
        msr     tpidrro_el0, xzr
        msr     hcr_el2, x9
        ret
#endif

        vector  13, aarch32_13
        mov     x16, #13
        b       own_exception

/* Turn the kernel's tables on; they map this code where it is. Keeps x19. */
        function mmu_enable
        adr     x0, mullion_start
        ldp     x1, x2, [x0, #8]                /* MAIR, TCR */
        ldp     x3, x4, [x0, #24]               /* TTBR0, SCTLR */
        msr     mair_el2, x1
        msr     tcr_el2, x2
        msr     ttbr0_el2, x3
        adr     x5, vectors
        msr     vbar_el2, x5
        tlbi    alle2                           /* nothing of ours is cached yet: firmware's may be */
        tlbi    alle1
        ic      iallu
        dsb     nsh                             /* both done ... */
        isb                                     /* ... before the tables count */
        msr     sctlr_el2, x4
        isb                                     /* the next fetch is translated */
        ret

#ifndef MV_NO_FASTPATH
/* See cpu_enter_native(); what a guest has instead of the last. */
        .balign 8
native_registers:
        .quad   NATIVE_SCTLR, NATIVE_CPACR, NATIVE_CNTKCTL, NATIVE_HCR
guest_hcr:
        .quad   GUEST_HCR
#endif

        vector  14, aarch32_14
        mov     x16, #14
        b       own_exception

/*
 * From the boot loader to C: MMU and data cache off, x0 a device tree we do
 * not need, the image cleaned to the point of coherency. All that the kernel
 * has is in it, zeros too, and so are the tables of its address space.
 */
        function boot
        msr     daifset, #0xf
        msr     spsel, #1
        mrs     x0, currentel
        cmp     x0, #(2 << 2)
        b.ne    wrong_place
        /* U-Boot and QEMU put an Image text_offset behind the start of RAM, where
         * we are linked; we do not run anywhere else. */
        adr     x0, _start
        mov     x1, #LINK_BASE
        cmp     x0, x1
        b.ne    wrong_place
        mov     x0, xzr
        b       secondary_boot

/* From a guest. HVC #n, n not 0, is a kernel call as SVC #n is a native cell's. */
guest_sync:
        lsr     w17, w16, #16
        cmp     w17, #0x400                     /* EC: HVC from AArch64, one above SVC's */
        b.ne    1f
        ands    w16, w16, #0xffff
        b.eq    1f
        cmp     w16, #CALL_NULL
        b.eq    do_null
        b       do_plain
1:      phase   save
        pairs   stp, sp, 18, 29
#ifndef MV_NO_FASTPATH
        lsr     w17, w16, #24
        cmp     w17, #0x93 - 0x56               /* data abort, of an instruction of 32 bits that it describes */
        b.eq    fast_exit
#endif
slow_exit:
        adr     x17, trap_vm
        b       interrupted

        vector  15, aarch32_15
        mov     x16, #15
        b       own_exception

/* ---- interrupts -------------------------------------------------------------------- */

        function do_irq
        phase   save
        pairs   stp, sp, 0, 15
        str     x18, [sp, #FRAME_X + 8 * 18]
        str     x30, [sp, #FRAME_X + 8 * 30]
        phase   interrupt
        gic_acknowledge                         /* x1: token, w3: number */
#ifndef MV_NO_FASTPATH
/*
 * A device interrupt, when its sink waits as wake_check wants it. What it does
 * then is irq_taken() and irq_handle(), and as for fast_raise.
 */
        adr     x17, slow_irq
        adr     x18, irq_commit
        adr     x4, system_irqs
        ldp     x5, x6, [x4]                    /* slots; first, count */
        sub     w7, w3, w6
        lsr     x6, x6, #32
        cmp     w7, w6
        b.hs    slow_irq
        ldr     x12, [x5, w7, uxtw #3]
        cbnz    x12, wake_check
slow_irq:
#endif
        adr     x17, irq_taken
        b       call_c

/* ---- the fast path -------------------------------------------------------------- */
#ifndef MV_NO_FASTPATH

/*
 * call, when: short, waits as long as it takes; the capability is good; the
 * server waits on this core with nothing special about either. What it does
 * then is call_portal() and arrive() in ipc.c. x0-x7 message, x8 capability,
 * x9 flags.
 */
        function fast_call
        phase   lookup
        cbnz    x9, do_message
        ldp     x10, x11, [sp, #VCPU_CAPS]
        cmp     x8, x11
        csel    x8, x8, xzr, lo
        csdb                                    /* a mispredicted bound reads index 0 */
        add     x10, x10, x8, lsl #4
        ldp     x12, x13, [x10]                 /* the portal; rights, badge */
        tbz     x13, #RIGHT_CALL_BIT, do_message
        phase   checks
        ldp     x14, x15, [x12, #PORTAL_SERVER] /* server; ceiling */
        ldr     w10, [x14, #VCPU_STATE]
        ldr     w11, [sp, #VCPU_WAIT_KEY]
        cmp     w10, w11
        b.ne    do_message

        phase   link
        add     w9, w11, #STATE_CALLING - STATE_WAITING
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
        phase   clear
        lsr     x13, x13, #32                   /* the source: badge, short */

/*
 * From sp's vCPU, saved as far as its call lets us, to x14's, which gets x0-x7,
 * MV_OK and the source in x13. Whoever makes a vCPU saved here run again sets
 * its x0-x18 and PSTATE.
 */
fast_switch:
        phase   save
        save_caller
fast_load:
        phase   switch
        load_space x14
        ldp     x9, x10, [x14, #FRAME_SP]
        msr     sp_el0, x9
        msr     elr_el2, x10
        ldr     x11, [x14, #FRAME_TLS]
        msr     tpidr_el0, x11
        msr     spsr_el2, xzr                   /* EL0t, flags clear: the other's do not leak */
        phase   restore
        pairs   ldp, x14, 19, 30
        mov     sp, x14
        phase   clear
        mov     x8, xzr                         /* MV_OK */
        mov     x9, x13
        clear   10, 18
        phase   exit
        return

        function fast_reply_wait_or_message
        phase   lookup
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
        phase   checks
        ldp     w10, w11, [sp, #VCPU_ATTENTION] /* attention, reply key */
        ldp     w12, w13, [x14, #VCPU_STATE]    /* state, rank */
        cbnz    w10, do_message
        cmp     w11, w12
        ldr     x10, [sp, #VCPU_CORE]
        b.ne    fast_resume_or_message
        ldr     w15, [x10, #CORE_PREEMPT_KEY]
        cmp     w15, w13
        b.hi    do_message

        phase   link
        sub     w9, w11, #STATE_CALLING - STATE_WAITING
        str     xzr, [sp, #VCPU_CALLER]
        mov     w10, #STATE_RUNNABLE
        str     w9, [sp, #VCPU_STATE]           /* waiting */
        str     w10, [x14, #VCPU_STATE]
        mov     x13, xzr                        /* the source: short */
        b       fast_switch

/*
 * A guest's load or store where nothing is mapped: its VMM is called, when it
 * waits on this core with nothing special about either. What it does then is
 * trap_vm(), vm_exit(), call_portal(), arrive() and cpu_leave_vm(). x16, x17
 * and x18 up are saved; w16: the syndrome less SVC's. But first: is it a bell?
 */
        function fast_exit
        phase   checks
        mov     w17, #0x7bc                     /* FAR valid, no bus error, no maintenance, no walk: */
        and     w17, w16, w17
        cmp     w17, #4                         /* translation fault */
        b.ne    slow_exit
        phase   save
        pairs   stp, sp, 0, 15
        str     x30, [sp, #FRAME_X + 8 * 30]
        phase   message
        mrs     x4, far_el2
        mrs     x2, hpfar_el2
        ldr     x17, [sp, #VCPU_VM]
        and     x9, x4, #0xfff
        lsr     x2, x2, #4
        orr     x2, x9, x2, lsl #12             /* the guest-physical address */
        ubfx    w10, w16, #16, #5               /* SRT */
        add     x9, sp, w10, uxtw #3
        ldr     x3, [x9, #FRAME_X]
        cmp     w10, #31
        csel    x3, x3, xzr, ne
        phase   bell
        ldp     x9, x10, [x17, #VM_BELL_ADDRESS]    /* and how many */
        sub     x9, x2, x9
        ror     x9, x9, #BELL_SHIFT
        cmp     x9, x10
        b.lo    fast_bell
no_bell:
        phase   checks
        ldr     x12, [sp, #VCPU_FAULT_PORTAL]
        ldr     w11, [sp, #VCPU_REPLY_KEY]
        ldp     x14, x15, [x12, #PORTAL_SERVER] /* server; ceiling */
        ldr     w10, [x14, #VCPU_STATE]
        cmp     w10, w11
        b.ne    exit_c
#if MV_GIC_VERSION == 2
        ldr     x9, [x17, #VM_VGIC]
        ldr     x9, [x9, #VGIC_SYS]
        ldr     x9, [x9, #SYS_SGI_REGISTER]
        cmp     x9, x2
        b.eq    exit_c
#endif
        check_bus exit_c
        phase   message
        mov     w1, #0x56000000
        mrs     x7, elr_el2
        add     w1, w1, w16                     /* the syndrome */

        phase   link
        add     w9, w11, #STATE_CALLING - STATE_WAITING
        orr     w9, w9, #VCPU_EXIT
        ldr     x10, [sp, #VCPU_CALLS]
        ldr     x11, [sp, #VCPU_CONTEXT]
        ldr     x13, [sp, #VCPU_SYS]
        add     x10, x10, #1
        str     w9, [sp, #VCPU_STATE]           /* calling, an exit */
        stp     x14, x10, [sp, #VCPU_CALLEE]
        mov     w9, #1
        str     x2, [sp, #VCPU_FAULT_ADDRESS]
        str     x1, [sp, #VCPU_FAULT_SYNDROME]
        strb    w9, [sp, #VCPU_IS_FAULT_CALL]
        ldr     x10, [x14, #VCPU_SERVED]
        mov     x0, sp
        ldr     w13, [x13, #SYS_FAULT_BADGE]    /* the source: badge, short */
        stp     x0, x11, [x14, #VCPU_CALLER]    /* and its context is lent */
        add     x10, x10, #1
        stp     w9, w15, [x14, #VCPU_STATE]     /* runnable, which is 1, at the ceiling */
        stp     x12, x10, [x14, #VCPU_SERVING]
        phase   save
        mrs     x9, sp_el0
        mrs     x10, spsr_el2
        mrs     x11, tpidr_el0
        stp     x9, x7, [sp, #FRAME_SP]         /* and pc */
        stp     x10, x11, [sp, #FRAME_PSTATE]   /* and tls */
        bl      leave_guest
        mov     x0, #EXIT_MEMORY
        mov     x5, xzr
        mov     x6, xzr
        b       fast_load

/*
 * reply_wait to a guest that still owns this core's registers, when it goes on
 * behind the load or store that exited. What it does then is answer(),
 * vm_answered() and cpu_enter_vm(). As fast_reply_wait left it; keeps x0-x9.
 */
fast_resume_or_message:
        phase   checks
        eor     w12, w11, w12
        eor     w12, w12, #VCPU_EXIT
        cbnz    w12, do_message
        ldr     w15, [x10, #CORE_PREEMPT_KEY]
        ldr     x12, [x10, #CORE_OWNER]
        cmp     w15, w13
        b.hi    do_message
        cmp     x12, x14
        b.ne    do_message
        orr     x12, x0, #EXIT_SET
        ldr     w17, errata_speculative_at
        cmp     x12, #EXIT_RESUME | EXIT_SKIP | EXIT_SET
        b.ne    do_message
        ldr     w15, [x14, #VCPU_FAULT_SYNDROME]
        cbnz    w17, do_message
        lsr     w12, w15, #24
        cmp     w12, #0x93                      /* as fast_exit sends it */
        b.ne    do_message

        phase   link
        sub     w10, w11, #STATE_CALLING - STATE_WAITING
        str     xzr, [sp, #VCPU_CALLER]
        mov     w12, #STATE_RUNNABLE
        str     w10, [sp, #VCPU_STATE]          /* waiting */
        str     w12, [x14, #VCPU_STATE]
        strb    wzr, [x14, #VCPU_IS_FAULT_CALL]
        ubfx    w9, w15, #16, #5                /* SRT */
        tbz     w0, #EXIT_SET_BIT, 1f
        cmp     w9, #31
        b.eq    1f
        add     x9, x14, w9, uxtw #3
        str     x1, [x9, #FRAME_X]
1:      phase   save
        save_caller
        phase   guest
        ldr     x17, [x14, #VCPU_VM]
        ldr     x8, guest_hcr
        ldp     x9, x10, [x17, #VM_ENTERED]
        ldp     x11, x12, [x17, #VM_ENTERED + 16]
        ldr     x13, [x17, #VM_ENTERED + 32]
        msr     sctlr_el1, x9
        msr     tcr_el1, x10
        msr     cpacr_el1, x11
        msr     cntkctl_el1, x12
        msr     tpidrro_el0, x13
        msr     hcr_el2, x8
        phase   switch
        mov     sp, x14
        load_space sp
        ldp     x9, x10, [sp, #FRAME_SP]
        msr     sp_el0, x9
        add     x10, x10, #4                    /* behind the instruction */
        msr     elr_el2, x10
        ldp     x9, x10, [sp, #FRAME_PSTATE]    /* and tls */
        msr     spsr_el2, x9
        msr     tpidr_el0, x10
        phase   restore
        pairs   ldp, sp, 18, 29
        ldr     x30, [sp, #FRAME_X + 8 * 30]
        b       load_0_17

/*
 * virq_raise, when its sink waits as wake_check wants it. What it does then is
 * call_virq_raise(), virq_raise_local(), deliver() and ipc_wait_ended().
 * x1 capability, x2 payload.
 */
        function fast_raise
        phase   lookup
        mov     w9, w1
        ldp     x10, x11, [sp, #VCPU_CAPS]
        cmp     x9, x11
        csel    x9, x9, xzr, lo
        csdb                                    /* a mispredicted bound reads index 0 */
        add     x10, x10, x9, lsl #4
        ldp     x12, x13, [x10]                 /* the vIRQ; rights */
        tbz     x13, #RIGHT_RAISE_BIT, do_plain
        adr     x17, do_plain
        adr     x18, raise_commit

/*
 * To x18 if the sink of the vIRQ x12 waits on this core with nothing special
 * about it or sp's vCPU, has nothing pending, takes the line, and outranks
 * sp's vCPU, of which no equal is ready, on a context without limits; else to x17. Leaves x14: the sink,
 * w15: the line, x8: the core, w11: the rank, w10: the priority, x7: that ring.
 * Keeps x0-x3 and x16.
 */
wake_check:
        ldr     w10, [sp, #VCPU_WAIT_KEY]
wake_check_key:
        phase   checks
        ldr     x14, [x12, #VIRQ_SINK]
        ldr     w11, [x14, #VCPU_STATE]
        ldr     w15, [x12, #VIRQ_LINE]
        cmp     w10, w11
        b.ne    1f
        ldp     x9, x10, [x14, #VCPU_PENDING]   /* pending, enabled */
        cbnz    x9, 1f
        lsr     x10, x10, x15
        tbz     x10, #0, 1f
        ldr     x9, [x14, #VCPU_OWN + CONTEXT_RANK]         /* and limits */
        ldr     w11, [sp, #VCPU_RANK]
        lsr     x6, x9, #32
        cbnz    x6, 1f
        cmp     w9, w11
        b.ls    1f
        ldr     x8, [sp, #VCPU_CORE]
        lsr     w10, w11, #1
        add     x7, x8, x10, lsl #1
        ldrh    w6, [x7, #CORE_READY_HEAD]
        cbnz    w6, 1f
        br      x18
1:      br      x17

/*
 * sp's vCPU, whose x0-x18 and PSTATE are saved, makes way for the sink: this
 * is enqueue() and change_context() in sched.c. As wake_check left it; w5: 1;
 * x2: the payload.
 */
wake:
        phase   queue                           /* it is alone in its ring, and the highest */
        ldrh    w6, [sp, #VCPU_INDEX]
        mov     x3, sp
        add     w6, w6, #1
        stp     x3, x3, [sp, #VCPU_NEXT]
        strh    w6, [x7, #CORE_READY_HEAD]
        strb    w5, [sp, #VCPU_QUEUED]
        lsr     w6, w10, #6
        add     x6, x8, x6, lsl #3
        ldr     x7, [x6, #CORE_READY_BITS]
        lsl     x5, x5, x10                     /* by the priority modulo 64 */
        orr     x7, x7, x5
        str     x7, [x6, #CORE_READY_BITS]
        add     w6, w10, #1
        sub     w7, w11, #1
        stp     w7, w6, [x8, #CORE_PREEMPT_KEY] /* and ready_top */
        strb    wzr, [x8, #CORE_SLICE_EXPIRED]

        phase   time
        ldr     x9, [x8, #CORE_CONTEXT]
        mrs     x3, cntpct_el0
        ldp     x4, x5, [x8, #CORE_SINCE]       /* and slice_end */
        ldr     x6, [x9, #CONTEXT_CONSUMED]
        sub     x4, x3, x4
        sub     x5, x5, x3
        cmp     x5, #0
        add     x6, x6, x4
        csinc   x5, x5, xzr, gt                 /* a turn that has just ended: 1 tick */
        stp     x6, x5, [x9, #CONTEXT_CONSUMED] /* and slice_left */
        add     x9, x14, #VCPU_OWN
        ldr     x6, [x9, #CONTEXT_SLICE_LEFT]
        ldr     x7, sched_slice_ticks
        cmp     x6, #0
        csel    x6, x6, x7, gt
        add     x6, x6, x3
        stp     x9, x3, [x8, #CORE_CONTEXT]     /* and since */
        str     x6, [x8, #CORE_SLICE_END]

        phase   link
        ldr     w7, [x9, #CONTEXT_RANK]
        mov     w6, #STATE_RUNNABLE
        str     x9, [x14, #VCPU_CONTEXT]
        stp     w6, w7, [x14, #VCPU_STATE]
        ldp     x4, x5, [x14, #VCPU_VIRQS]      /* and switches */
        add     x4, x4, #1
        add     x5, x5, #1
        stp     x4, x5, [x14, #VCPU_VIRQS]
        phase   clear
        orr     x13, x15, #SOURCE_VIRQ
        mov     x0, x2
        clear   1, 7
        b       fast_switch
#endif
