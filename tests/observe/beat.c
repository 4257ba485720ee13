/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes a beat each 5 ms, and is too slow with each tenth. */
#include <libmv/libmv.h>

#include "cell.h"

#define PERIOD_NS    (5 * MV_MS)
#define DEADLINE_NS  (2 * MV_MS)
#define SLOW_NS      (3 * MV_MS)

static struct mv_watch watch;

static void work(uint64_t turn)
{
    uint64_t end = mv_time_ns() + (turn % 10 == 9 ? SLOW_NS : 100 * MV_US);
    struct mv_words w = { { turn } };

    (void)mv_call(CAP_NEAR, &w);
#ifndef ALONE
    (void)mv_call(CAP_FAR, &w);
#endif
    while (mv_time_ns() < end)
        ;
}

static void beat(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    if (!mv_watch_beat(&watch, mv_time_ns()))
        return;
    work(watch.record->jitter.count - 1);
    (void)mv_watch_end(&watch, mv_time_ns());
}

int main(void)
{
    static struct mv_loop loop;

    mv_watch_start(&watch, (struct mv_watch_record *)SEGMENT_WATCHED_OF_ADDRESS, PERIOD_NS, DEADLINE_NS);
#ifdef CAP_TRACE
    watch.trace_cap = CAP_TRACE;
#endif
    watch.raise_cap = CAP_MISSED;
    watch.index = 5;
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_RELEASE, beat, NULL);
    watch.due = mv_time_ns() + PERIOD_NS;
    mv_assert(mv_timer_set(CAP_RELEASE, watch.due, PERIOD_NS) == MV_OK);
    mv_loop_run(&loop);
    return 0;
}
