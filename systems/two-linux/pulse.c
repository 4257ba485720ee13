/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A periodic program above two virtual machines: takes a beat of a kernel timer
 * each 10 ms, and notes how late it was. What it has noted it says when
 * asked.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define PERIOD_NS (10 * MV_MS)

static struct mv_watch_record beats;
static struct mv_watch watch;
static struct mv_prompt prompt;

static void beat(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    if (mv_watch_beat(&watch, mv_time_ns()))
        (void)mv_watch_end(&watch, mv_time_ns());
}

static void pulse_say(void)
{
    const struct mv_histogram *late = &beats.jitter;

    if (late->count == 0)
        mv_print("no beat yet\n");
    else
        mv_print("%lu beats, %lu missed, late by %lu/%lu/%lu us (least/average/most)\n", late->count, beats.overruns,
                 late->min / MV_US, late->sum / late->count / MV_US, late->max / MV_US);
}

static void run_command(char *text)
{
    if (strcmp(text, "reset") == 0)
        mv_watch_reset(&watch);
    else if (text[0] == '\0' || strcmp(text, "stats") == 0)
        pulse_say();
    else
        mv_print("stats (or Enter) says how exact the beats were, reset begins to count anew\n");
}

int main(void)
{
    struct mv_loop loop;

    mv_watch_start(&watch, &beats, PERIOD_NS, 0);
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_BEAT, beat, NULL);
    mv_print("a beat each 10 ms; Enter asks how exact they are\n");
    mv_prompt_start(&prompt, &loop, run_command);
    watch.due = mv_time_ns() + PERIOD_NS;
    mv_assert(mv_timer_set(CAP_BEAT, watch.due, PERIOD_NS) == MV_OK);
    mv_loop_run(&loop);
    return 0;
}
