/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's vectors, with a mark where its IRQ handler begins. */
        .section .text.bench_vectors, "ax"
        .balign 0x800
        .global bench_vectors
bench_vectors:
        .set    n, 0
        .rept   16
        .balign 0x80
        .if     n == 5
        .global mark_guest_irq
mark_guest_irq:
        .endif
        b       guest_vectors + n * 0x80
        .set    n, n + 1
        .endr
