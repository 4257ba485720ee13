/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell of a partition: uses its core whenever it gets it, and notes when that was.
 */
#include "../lib/rt.h"

#include "cell.h"
#include "plan.h"

#define AWAY_TICKS 3000u               /* a shorter gap is the other core at work: they take turns on one thread */

int main(void)
{
    struct log *log = LOG(NUMBER);
    uint64_t first = 0, last = 0, now, source;
    struct mv_words w;

    for (;;) {
        while (log->asleep != 0)
            (void)mv_wait(&w, &source);
        now = rt_ticks();
        if (now - last > AWAY_TICKS) {
            if (first != 0 && log->count < RUNS_MOST) {
                log->run[log->count] = (struct run){ first, last };
                log->count++;
            }
            first = now;
        }
        last = now;
        rt_pass();
    }
}
