/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the analysis have of each other. */
#pragma once

#include "analysis.h"

#define FOR_EVER  (UINT64_MAX / 4)      /* longer than anything that is looked at */
#define ANALYSIS_HORIZON  16            /* so many deadlines, or periods, are looked at */

/* Sums and products end at FOR_EVER. */
static inline uint64_t plus(uint64_t a, uint64_t b)
{
    return a >= FOR_EVER || b >= FOR_EVER || a + b >= FOR_EVER ? FOR_EVER : a + b;
}
static inline uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) || product >= FOR_EVER ? FOR_EVER : product;
}
static inline uint64_t parts(uint64_t whole, uint64_t part)     /* rounded up */
{
    return whole / part + (whole % part != 0);
}

/*
 * Tables in force one after the other: `first` from some time in its frame on and
 * for `more` whole frames after that one, then `then` for ever.
 */
struct course {
    const struct analysis *a;
    uint32_t first, then;               /* of a->tables; NONE: there are no windows */
    uint64_t more;
};

/* Whether a partition is always in: 0, background ones, and all if there are no windows. */
bool supply_is_always(const struct analysis *a, uint32_t partition);
/* Whether a partition may run while another does, at some time of the course. */
bool supply_is_shared(const struct course *c, uint32_t partition, uint32_t other);
/* What of a window can be used: its start comes late, and `held` at its end is given away. */
uint64_t supply_usable(const struct analysis *a, const struct analysis_window *w, uint64_t held);
/* From `phase` of the first frame on, how long until a partition that is not
 * always in has had `want`; FOR_EVER if it never does. */
uint64_t supply_wait(const struct course *c, uint32_t core, uint32_t partition, uint64_t held, uint64_t phase, uint64_t want);
/* The n-th time in the first frame at which a usable window of the partition
 * ends, or the frame's start if it has none there; false: no more. */
bool supply_phase(const struct course *c, uint32_t core, uint32_t partition, uint64_t held, size_t n, uint64_t *phase);
