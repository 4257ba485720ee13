/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs each millisecond, and notes how late it ever was. */
#include "score.h"

#include "cell.h"

#define PERIOD MV_MS

int main(void)
{
    /* periodic0 and periodic1 follow each other. */
    unsigned me = mv_cell.name[8] == '1';
    uint64_t next = mv_time_ns() + PERIOD;

    for (;;) {
        uint64_t late;

        mv_sleep_until(next);
        late = mv_time_ns() - next;
        if (late > SCORE->periodic[me].worst_ns)
            SCORE->periodic[me].worst_ns = late;
        SCORE->periodic[me].beats++;
        next += PERIOD;
        while (next < mv_time_ns())
            next += PERIOD;
    }
}
