/* SPDX-License-Identifier: BSD-2-Clause */
#include "fp.h"

#include "cell.h"

int main(void)
{
    __asm__ volatile(".inst 0x9e6703e0");   /* fmov d0, xzr */
    __asm__ volatile(".inst 0xd53b4400" : : : "x0");   /* mrs x0, fpcr */
    __asm__ volatile(".inst 0x3dc00001");   /* ldr q1, [x0] */
    FP_BOARD->none_after++;
    return 0;
}
