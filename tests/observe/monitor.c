/* SPDX-License-Identifier: BSD-2-Clause */
/* Hears of each deadline that beat misses, and reads its record, which it cannot write. */
#include <libmv/libmv.h>

#include "cell.h"

static struct mv_watch_record copy;

static void missed(void *context, uint64_t payload)
{
    char text[128];

    (void)context;
    if (!mv_watch_read((const struct mv_watch_record *)SEGMENT_WATCHED_OF_ADDRESS, &copy)) {
        mv_print("the record is never whole\n");
        return;
    }
    (void)mv_watch_text(&copy, text, sizeof(text));
    mv_print("watch 0x%lx: %s; half in %lu us, all in %lu us\n", payload, text,
             mv_histogram_quantile(&copy.response, 500000) / MV_US, mv_histogram_quantile(&copy.response, 1000000) / MV_US);
}

int main(void)
{
    static struct mv_loop loop;

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_MISSED, missed, NULL);
    mv_loop_run(&loop);
    return 0;
}
