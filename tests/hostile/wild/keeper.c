/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts the faults of the hostile cells and lets them go on behind the
 * instruction; one that does not get on by that is stopped, and main starts it
 * again.
 */
#include "score.h"

#include "cell.h"

#define ROW_MAX 3000000    /* the sweep of the registers needs many */
#define ROW_EXECUTE 64     /* instructions that cannot be fetched */

int main(void)
{
    static uint64_t fetches[24];
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        if (st != MV_OK || (source & MV_SOURCE_VIRQ) != 0) {
            st = mv_wait(&w, &source);
            continue;
        }
        uint64_t cell = w.w[4] % 24, kind = w.w[0] % 16;
        bool stop;

        SCORE->cell[cell].faults++;
        SCORE->cell[cell].kinds[kind]++;
        fetches[cell] = kind == MV_FAULT_EXECUTE || kind == MV_FAULT_ALIGNMENT ? fetches[cell] + 1 : 0;
        stop = SCORE->cell[cell].row++ >= ROW_MAX || fetches[cell] >= ROW_EXECUTE ||
               SCORE->cell[cell].stop != 0;
        if (stop) {
            fetches[cell] = 0;
            SCORE->cell[cell].stopped++;
        }
        w.w[0] = stop ? MV_FAULT_STOP : MV_FAULT_RESUME_AT;
        w.w[1] += 4;
        st = mv_reply_wait(&w, &source);
    }
}
