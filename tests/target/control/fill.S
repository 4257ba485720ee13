/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fill_and_spin(x0 = counter): every register gets 0x5a00 plus its number,
 * flags N and C, then the counter is raised for ever. A controller finds all
 * that when it stops the vCPU, and may change it: x1 is added each time.
 */
        .section .text.fill, "ax", %progbits
        .global fill_and_spin
        .global fill_loop
        .global fill_loop_end
        .type   fill_and_spin, %function
fill_and_spin:
        .irp    n, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
        mov     x\n, #(0x5a00 + \n)
        .endr
        mov     x1, #1
        mov     x2, #(0xa << 28)
        msr     nzcv, x2
fill_loop:
        ldr     x2, [x0]
        add     x2, x2, x1
        str     x2, [x0]
        b       fill_loop
fill_loop_end:
