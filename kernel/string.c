/* SPDX-License-Identifier: BSD-2-Clause */
/* The two functions that the compiler may call by itself. */
#include "base.h"
#include "arch/arch.h"

__attribute__((used)) void *memset(void *to, int value, size_t size);
__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size);

void *memset(void *to, int value, size_t size)
{
    volatile uint8_t *p = to;     /* volatile: or the loop becomes a call of memset */

    while (size-- > 0)
        *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    arch_copy(to, from, size);
    return to;
}
