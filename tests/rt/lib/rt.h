/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Workers: cells that use time as main tells them, and note what they got, in
 * a segment that all see. Times are ticks of the counter, which a worker reads
 * by itself: what it gets is measured without the kernel's own account.
 */
#pragma once

#include <libmv/libmv.h>

enum work {
    WORK_SPIN = 1,           /* use the core until `stop`                                     */
    WORK_WATCH,              /* the same, and note when it was taken away: each such gap      */
    WORK_BURSTS,             /* use it and sleep in turns, each as long as chance will have it */
    WORK_FP,                 /* use it, and see that the FP registers stay what they are      */
};

#define GAPS_MOST 20000u

/* The worker had the core until `end`, and again from `again` on. */
struct gap {
    uint64_t end, again;
    uint64_t run_ns;         /* what the kernel has charged meanwhile to the one who is watched */
};

struct worker {
    volatile uint64_t stop, turns, wrong;
    volatile uint64_t gaps_wanted, gap_count, gap_least;   /* ticks */
};
#define WORKERS 16u

/* The segments `workers`, one page, and `gaps`. */
#define WORKER(n) (&((struct worker *)SEGMENT_WORKERS_ADDRESS)[n])
#define GAPS      ((struct gap *)SEGMENT_GAPS_ADDRESS)

static inline uint64_t rt_ticks(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

static inline uint64_t rt_frequency(void)
{
    uint64_t frequency;

    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    return frequency;
}

/* Rounded up, as the kernel does. */
static inline uint64_t rt_ticks_of(uint64_t ns) { return (ns * (rt_frequency() / 10000) + 99999) / 100000; }
static inline uint64_t rt_ns_of(uint64_t ticks) { return ticks * 100000 / (rt_frequency() / 10000); }

/*
 * An instant of the core. To an emulator that runs several cores on one thread
 * the hint says that it is the next one's turn.
 */
static inline void rt_pass(void)
{
    __asm__ volatile("yield" : : : "memory");
}
