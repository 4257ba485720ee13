/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* A CHECK fails: the report of trap_own() has the line in its syndrome's low
 * 16 bits, and the place. */
#define arch_check_failed()                                  \
    do {                                                     \
        __asm__ volatile("brk %0" : : "i"(__LINE__));        \
        __builtin_unreachable();                             \
    } while (0)
