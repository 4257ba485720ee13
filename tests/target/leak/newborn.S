/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes the place of the library's start: stores all registers as they are at
 * the first instruction, then stops. The stack holds x0 and x1 meanwhile.
 */
#include "cell.h"

#define NEWBORN   (16 * 40)             /* in struct found */
#define CALL_EXIT 7

        .section .text.start, "ax", %progbits
        .global _start
        .type   _start, %function
_start:
        stp     x0, x1, [sp, #-16]!
        ldr     x0, =SEGMENT_FOUND_ADDRESS + NEWBORN
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
        str     x1, [x0, #256]
        ldp     x2, x3, [sp], #16
        stp     x2, x3, [x0]
        mov     x1, sp
        str     x1, [x0, #248]
        mrs     x1, tpidr_el0
        str     x1, [x0, #264]
        mrs     x1, tpidrro_el0
        str     x1, [x0, #272]
        add     x1, x0, #280
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        str     q\n, [x1], #16
        .endr
        mrs     x2, fpcr
        mrs     x3, fpsr
        stp     x2, x3, [x1]
        ldr     x2, [x1, #16]
        add     x2, x2, #1
        str     x2, [x1, #16]           /* newborn_done */
1:      svc     #CALL_EXIT
        b       1b
        .size   _start, . - _start
