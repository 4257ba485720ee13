/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Above all others: how long after its time a timer's interrupt lets this cell run, over and
 * over at times that nothing else here has to do with. Counts in a histogram; says
 * what it holds after each doubling of the samples.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define STEP    50u            /* ns */
#define STEPS   100u           /* and one for all that is later */
#define FIRST   2000u          /* samples */

static uint64_t histogram[STEPS + 1], worst;

/* The smallest delay that so many thousandths of the samples do not exceed, to a step. */
static uint64_t at_most(uint64_t samples, uint64_t thousandths)
{
    uint64_t seen = 0;

    for (unsigned i = 0; i <= STEPS; i++) {
        seen += histogram[i];
        if (seen * 1000 >= samples * thousandths)
            return (i + 1) * STEP;
    }
    return worst;
}

int main(void)
{
    uint64_t seed = 1, next_word = FIRST, when = mv_time_ns();

    mv_sleep(5 * MV_MS);
    for (uint64_t samples = 1;; samples++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        /* A whole tick of the counter, so that the interrupt is not late by a part of one. */
        when = (mv_time_ns() + 20 * MV_US + (seed >> 33) % (40 * MV_US)) & ~UINT64_C(15);
        mv_sleep_until(when);

        uint64_t late = mv_time_ns() - when;

        worst = late > worst ? late : worst;
        histogram[late / STEP < STEPS ? late / STEP : STEPS]++;
        if (samples == next_word) {
            mv_print("probe: samples %lu worst %lu half %lu most %lu\n", samples, worst, at_most(samples, 500),
                     at_most(samples, 990));
            next_word *= 2;
        }
    }
}
