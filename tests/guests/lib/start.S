/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a guest begins: an arm64 Image by the Linux boot protocol, its
 * exception vectors, and its translation table. Memory is used only with the
 * MMU on, so nothing here depends on what the caches held before.
 */
#define STACK_BYTES 0x4000

        /* MAIR: 0 device nGnRE, 1 write-back. TCR: 39 bits below, none above,
         * 4 KiB, walks write-back and inner shareable. */
        .equ    MAIR, 0xff04
        .equ    TCR, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23
        .equ    SCTLR, 0x30d00800 | 1 << 12 | 1 << 3 | 1 << 2 | 1 << 0

        .section .head, "ax"
        .global guest_head
guest_head:
        b       start_first
        .long   0
        .quad   guest_text_offset               /* where in RAM it lies, with its MMU off too */
        .quad   guest_end - guest_head
        .quad   0xa                             /* little-endian, 4 KiB, anywhere */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

/* The MMU goes on: x0 is kept, x9 and x10 are lost. */
mmu_on:
        mov     x9, #MAIR
        msr     mair_el1, x9
        ldr     x9, =TCR
        mrs     x10, id_aa64mmfr0_el1
        and     x10, x10, #0xf
        bfi     x9, x10, #32, #3
        msr     tcr_el1, x9
        adrp    x9, guest_table
        msr     ttbr0_el1, x9
        adr     x9, vectors
        msr     vbar_el1, x9
        mov     x9, #3 << 20
        msr     cpacr_el1, x9
        tlbi    vmalle1
        ic      iallu
        dsb     nsh
        isb
        ldr     x9, =SCTLR
        msr     sctlr_el1, x9
        isb
        ret

start_first:
        msr     daifset, #0xf
        bl      mmu_on
        adrp    x9, guest_bss
        add     x9, x9, :lo12:guest_bss
        adrp    x10, guest_end
        add     x10, x10, :lo12:guest_end
1:      stp     xzr, xzr, [x9], #16
        cmp     x9, x10
        b.lo    1b
        adrp    x9, stacks + STACK_BYTES
        add     sp, x9, :lo12:stacks + STACK_BYTES
        mov     x29, xzr
        mov     x30, xzr
        b       guest_first

/* PSCI brings the CPU's number as the context. */
        .global guest_start_other
guest_start_other:
        msr     daifset, #0xf
        bl      mmu_on
        add     x10, x0, #1
        mov     x11, #STACK_BYTES
        adrp    x9, stacks
        add     x9, x9, :lo12:stacks
        madd    x9, x10, x11, x9
        mov     sp, x9
        mov     x29, xzr
        mov     x30, xzr
        b       guest_other

/* Every register goes into a struct frame on the stack. */
        .macro  vector number
        .balign 0x80
        sub     sp, sp, #288
        stp     x0, x1, [sp]
        mov     x0, #\number
        b       trap
        .endm

        .section .text.vectors, "ax"
        .balign 0x800
        .global guest_vectors
guest_vectors:
vectors:
        .set    n, 0
        .rept   16
        vector  n
        .set    n, n + 1
        .endr

trap:
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x2, elr_el1
        stp     x30, x2, [sp, #240]
        mrs     x2, spsr_el1
        mrs     x3, esr_el1
        stp     x2, x3, [sp, #256]
        mrs     x2, far_el1
        str     x2, [sp, #272]
        mov     x1, x0
        mov     x0, sp
        bl      guest_trap
        ldp     x30, x2, [sp, #240]
        ldr     x3, [sp, #256]
        msr     elr_el1, x2
        msr     spsr_el1, x3
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldp     x0, x1, [sp], #288
        eret

/*
 * One level of 1 GiB blocks: [0] devices, [1] RAM, [3] RAM again, for EL0 (and
 * never executed at EL1), all others the same addresses as devices.
 */
        .section .rodata.table, "a"
        .balign 0x1000
        .global guest_table
guest_table:
        .quad   0x0060000000000401
        .quad   0x0000000040000705
        .quad   0x0060000080000401
        .quad   0x0020000040000f45
        .set    n, 4
        .rept   508
        .quad   0x0060000000000401 + (n << 30)
        .set    n, n + 1
        .endr

        .section .bss.stacks, "aw", @nobits
        .balign 16
stacks: .skip   STACK_BYTES * 8
