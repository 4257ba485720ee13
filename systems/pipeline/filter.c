/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Second stage: turns samples into one result per second: how many there were,
 * how many are missing, how late they were. It knows neither the device nor
 * the user.
 */
#include <libmv/libmv.h>

#include "cell.h"
#include "pipeline.h"

#define FLOOD_PART 16                  /* lines between two looks at the samples */

static struct mv_loop loop;
static struct mv_channel samples, results;
static uint64_t last_sequence, total;
static uint64_t flood_left, flood_line;

/* Of the present second. */
static struct second {
    uint64_t beats, lost, late_sum, late_min, late_max;
} second;

static void second_close(uint64_t number)
{
    struct result r = {
        .second = number, .samples = second.beats, .lost = second.lost,
        .late_min_ns = second.late_min, .late_max_ns = second.late_max,
        .late_average_ns = second.beats > 0 ? second.late_sum / second.beats : 0,
        .total = total,
    };

    (void)mv_channel_send_try(&results, &r);
    second = (struct second){ 0 };
}

static void second_add(const struct sample *s)
{
    uint64_t late = s->taken_ns > s->due_ns ? s->taken_ns - s->due_ns : 0;

    if (second.beats == 0 || late < second.late_min)
        second.late_min = late;
    if (late > second.late_max)
        second.late_max = late;
    second.late_sum += late;
    second.beats++;
}

static void take_sample(const struct sample *s)
{
    /* A lower number: the clock cell has started again. */
    if (s->sequence > last_sequence + 1 && last_sequence != 0)
        second.lost += s->sequence - last_sequence - 1;
    last_sequence = s->sequence;
    total++;
    if (s->due_ns != 0)
        second_add(s);
    else
        second_close(s->interrupts);
}

static void samples_event(void *context, uint64_t payload)
{
    struct sample s;

    (void)context;
    (void)payload;
    while (mv_channel_receive_try(&samples, &s) == MV_OK)
        take_sample(&s);
}

/* The end is said until it has been heard: the console may still be full. */
static void flood_over(void)
{
    uint64_t dropped = mv_print_dropped();

    mv_print("flood over: %lu lines, %lu bytes did not fit\n", flood_line, dropped);
    if (mv_print_dropped() != dropped)
        mv_loop_at(&loop, mv_time_ns() + 100 * MV_MS);
}

/* A part of the flood, then back to the loop. */
static void flood_event(void *context)
{
    (void)context;
    for (int i = 0; i < FLOOD_PART && flood_left > 0; i++, flood_left--)
        mv_print("flood line %lu: so much to say, and nobody is kept waiting\n", ++flood_line);
    if (flood_left > 0)
        mv_loop_at(&loop, mv_time_ns());
    else
        flood_over();
}

static uint64_t command(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    bool done = false;

    (void)context;
    (void)badge;
    (void)size;
    if (io->w[0] == COMMAND_FLOOD && io->w[1] >= 1 && io->w[1] <= FLOOD_MAX) {
        flood_left = io->w[1];
        flood_line = 0;
        mv_loop_at(&loop, mv_time_ns());
        done = true;
    } else if (io->w[0] == COMMAND_CRASH) {
        struct mv_words answer = { { 1 } };

        (void)mv_reply(&answer, MV_SIZE_SHORT);
        mv_write32(WILD_ADDRESS, 1);
        return MV_LOOP_NO_REPLY;
    }
    *io = (struct mv_words){ { done } };
    return MV_SIZE_SHORT;
}

int main(void)
{
    mv_assert(mv_channel_open(&samples, mv_channel_find("samples")) == MV_OK);
    mv_assert(mv_channel_open(&results, mv_channel_find("results")) == MV_OK);
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, samples.config->line, samples_event, NULL);
    mv_loop_on_call(&loop, command, NULL);
    mv_loop_on_time(&loop, flood_event, NULL);
    mv_print("ready\n");
    samples_event(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
