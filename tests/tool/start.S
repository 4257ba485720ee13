/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that a program needs to start. */
        .section .text.start, "ax"
        .globl  _start
_start:
        bl      cell_main
        svc     #0
        b       _start
