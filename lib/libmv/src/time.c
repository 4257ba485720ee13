/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/time.h>

uint64_t mv_time_ns(void)
{
    uint64_t ticks, frequency;

    /* Without the barrier the counter could be read before earlier code. */
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return ticks / frequency * MV_S + ticks % frequency * MV_S / frequency;
}
