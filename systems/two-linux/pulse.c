/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A periodic program above two virtual machines: takes a beat of a kernel timer
 * each 10 ms, and notes how late it was. What it has noted it says when
 * asked.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define PERIOD_NS (10 * MV_MS)

static struct {
    uint64_t due_ns;           /* when the next beat is due */
    uint64_t beats, missed;    /* taken; passed while it could not run */
    uint64_t late_min, late_max, late_sum;
} pulse;

static char line[32];
static struct mv_line_editor editor = { line, sizeof(line), 0, 0 };

static void pulse_reset(void)
{
    pulse.beats = pulse.missed = pulse.late_max = pulse.late_sum = 0;
    pulse.late_min = UINT64_MAX;
}

static void beat(void *context, uint64_t payload)
{
    uint64_t now = mv_time_ns(), late = now > pulse.due_ns ? now - pulse.due_ns : 0, behind = late / PERIOD_NS;

    (void)context;
    (void)payload;
    /* The kernel merges the beats that nobody took: go on with the last. */
    pulse.missed += behind;
    pulse.due_ns += (behind + 1) * PERIOD_NS;
    pulse.beats++;
    pulse.late_sum += late;
    pulse.late_min = late < pulse.late_min ? late : pulse.late_min;
    pulse.late_max = late > pulse.late_max ? late : pulse.late_max;
}

static void pulse_say(void)
{
    if (pulse.beats == 0)
        mv_print("no beat yet\n");
    else
        mv_print("%lu beats, %lu missed, late by %lu/%lu/%lu us (least/average/most)\n", pulse.beats, pulse.missed,
                 pulse.late_min / MV_US, pulse.late_sum / pulse.beats / MV_US, pulse.late_max / MV_US);
}

static void run_command(const char *text)
{
    if (strcmp(text, "reset") == 0)
        pulse_reset();
    else if (text[0] == '\0' || strcmp(text, "stats") == 0)
        pulse_say();
    else
        mv_print("stats (or Enter) says how exact the beats were, reset begins to count anew\n");
}

static void keyboard(void *context, uint64_t payload)
{
    int c;

    (void)context;
    (void)payload;
    while ((c = mv_get_char_try()) >= 0) {
        if (mv_line_editor_put(&editor, c)) {
            run_command(line);
            mv_print("> ");
        }
    }
}

int main(void)
{
    struct mv_loop loop;

    pulse_reset();
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_BEAT, beat, NULL);
    mv_loop_on_line(&loop, mv_cell.console->line, keyboard, NULL);
    mv_print("a beat each 10 ms; Enter asks how exact they are\n> ");
    keyboard(NULL, 0);
    pulse.due_ns = mv_time_ns() + PERIOD_NS;
    mv_assert(mv_timer_set(CAP_BEAT, pulse.due_ns, PERIOD_NS) == MV_OK);
    mv_loop_run(&loop);
    return 0;
}
