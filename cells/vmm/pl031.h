/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PrimeCell Real Time Clock (PL031, DDI 0224) at MV_GUEST_RTC: seconds since
 * 1970, from what the builder of the system knew of the time.
 */
#pragma once

#include <stdint.h>

/* The clock goes on, alarm and interrupt are off. */
void pl031_reset(void);
uint64_t pl031_read(uint64_t offset);
void pl031_write(uint64_t offset, uint64_t value);

/*
 * When the VMM's vCPU `self` must look after the alarm by pl031_event()
 * (absolute ns), 0: not at all. The vCPU that wrote a register last has to.
 */
extern uint64_t pl031_alarm_at;
extern uint32_t pl031_alarm_by;
static inline uint64_t pl031_alarm(uint32_t self)
{
    uint64_t at = __atomic_load_n(&pl031_alarm_at, __ATOMIC_RELAXED);

    return at != 0 && __atomic_load_n(&pl031_alarm_by, __ATOMIC_RELAXED) == self ? at : 0;
}
void pl031_event(void);
