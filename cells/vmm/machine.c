/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

void machine_relax(void)
{
    __asm__ volatile("yield" : : : "memory");
}

uint64_t machine_counter(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

void machine_flush(uint64_t address, uint64_t size)
{
    uint64_t type, line;

    __asm__("mrs %0, ctr_el0" : "=r"(type));
    line = UINT64_C(4) << (type >> 16 & 0xf);
    for (uint64_t at = address & ~(line - 1); at < address + size; at += line)
        __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
    /* Before the guest goes on: its next accesses may bypass the caches. */
    __asm__ volatile("dsb sy" : : : "memory");
}
