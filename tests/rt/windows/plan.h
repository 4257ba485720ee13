/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan of the windows, as system.dts has it and as main looks at it, and what
 * each cell notes: when it had the core.
 */
#pragma once

#include <stdint.h>

/* Table "even": windows of 100 us on both cores, core 1's 50 us later, in another
 * order. Table "odd": others, in a shorter frame. */
#define EVEN_US    650
#define ODD_US     450

#define RUNS_MOST  20500u
#define CELLS      10u                 /* a-d and the background on each core: core * 5 + which */
#define WHICH_REST 4u

struct run { uint64_t from, to; };     /* ticks: the first and the last reading of the counter */

struct log {
    volatile uint64_t asleep;          /* written by main: wait until it is 0 */
    volatile uint64_t count;
    struct run run[RUNS_MOST];
};
#define LOG_BYTES 0x60000u
#define LOG(n) ((struct log *)(SEGMENT_LOGS_ADDRESS + (uint64_t)(n) * LOG_BYTES))

_Static_assert(sizeof(struct log) <= LOG_BYTES, "a log lies in its place");
