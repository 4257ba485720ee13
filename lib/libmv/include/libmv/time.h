/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time is nanoseconds since the counter started, the same in all cells and in
 * the kernel's deadlines.
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MV_US UINT64_C(1000)
#define MV_MS UINT64_C(1000000)
#define MV_S  UINT64_C(1000000000)

uint64_t mv_time_ns(void);

/* Sleep; calls and vIRQs that arrive wait until it is over. */
void mv_sleep_until(uint64_t deadline_ns);
void mv_sleep(uint64_t ns);

/* A loop at a fixed rate, without drift. */
struct mv_period {
    uint64_t next;             /* when the next turn begins */
    uint64_t length;           /* ns */
};
void mv_period_start(struct mv_period *p, uint64_t length_ns);

/* Sleep to the next turn. Returns how many turns were missed, 0 normally;
 * missed turns are skipped, the phase is kept. */
uint64_t mv_period_wait(struct mv_period *p);

#ifdef __cplusplus
}
#endif
