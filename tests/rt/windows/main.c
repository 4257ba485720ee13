/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether each partition has the core in its windows and at no other time: what the
 * cells have noted is compared with the plan. QEMU's option shift=4 makes a tick of the
 * counter one instruction.
 */
#include "../../target/lib/test.h"
#include "../lib/rt.h"

#include "calls.h"
#include "cell.h"
#include "plan.h"

#define FRAMES       10000u
#define LATE_MOST    1000u             /* ticks: how much later than planned a window may begin */
#define MAIN_TICKS   2000u             /* main, who is in all windows, at work */
#define SWITCHES     40u

struct window { uint64_t start_us, end_us; unsigned which; };
struct table { uint64_t frame_us; struct window window[2][7]; };   /* of each core; a window without an end ends it */

static const struct table tables[] = {
    [TABLE_EVEN] = { EVEN_US, {
        { { 0, 100, WHICH_REST }, { 100, 200, 0 }, { 200, 300, 1 }, { 300, 400, 2 }, { 400, 500, 3 }, { 500, 650, WHICH_REST } },
        { { 0, 150, WHICH_REST }, { 150, 250, 2 }, { 250, 350, 3 }, { 350, 450, 0 }, { 450, 550, 1 }, { 550, 650, WHICH_REST } } } },
    [TABLE_ODD] = { ODD_US, {
        { { 0, 50, WHICH_REST }, { 50, 110, 3 }, { 110, 200, 2 }, { 200, 250, WHICH_REST }, { 250, 300, 1 }, { 300, 400, 0 },
          { 400, 450, WHICH_REST } },
        { { 0, 75, WHICH_REST }, { 75, 125, 0 }, { 125, 175, 1 }, { 175, 225, WHICH_REST }, { 225, 275, 2 }, { 275, 325, 3 },
          { 325, 450, WHICH_REST } } } },
};

/* From when on which table is in force. */
static struct { uint64_t from_ns; unsigned table; } changes[SWITCHES + 2];
static unsigned change_count;
static uint32_t asleep;                /* bit n: the cells of partition n leave their time to the background */

/* What was found. */
static struct { uint64_t windows, late_most, late_least, outside, missing, early; } seen;

static void switch_to(unsigned table)
{
    uint64_t from = 0;

    EXPECT_STATUS(mv_schedule_switch(CAP_SCHEDULE, table, &from), MV_OK);
    EXPECT(from > test_now());
    changes[change_count].from_ns = from;
    changes[change_count++].table = table;
}

/* The present window of `which` on a core, or the first after that: its bounds in
 * ticks. They follow from the changes of the table. */
static struct run window_from(unsigned core, unsigned which, uint64_t ticks)
{
    uint64_t ns = rt_ns_of(ticks), frame;
    unsigned n = 0;

    while (n + 1 < change_count && changes[n + 1].from_ns <= ns)
        n++;
    const struct table *t = &tables[changes[n].table];

    frame = changes[n].from_ns + (ns - changes[n].from_ns) / (t->frame_us * MV_US) * t->frame_us * MV_US;
    for (;;) {
        for (const struct window *w = t->window[core]; w < t->window[core] + 7 && w->end_us != 0; w++) {
            uint64_t start = frame + w->start_us * MV_US, end = frame + w->end_us * MV_US;

            if ((asleep >> w->which & 1 ? WHICH_REST : w->which) == which && rt_ticks_of(end) > ticks)
                return (struct run){ rt_ticks_of(start), rt_ticks_of(end) };
        }
        frame += t->frame_us * MV_US;
        if (n + 1 < change_count && frame >= changes[n + 1].from_ns)
            t = &tables[changes[++n].table];
    }
}

/* Two windows of the background that follow each other are one. */
static struct run joined(unsigned core, unsigned which, struct run w)
{
    struct run next = window_from(core, which, w.to);

    while (next.from == w.to) {
        w.to = next.to;
        next = window_from(core, which, w.to);
    }
    return w;
}

/* Each run of a cell lies in one window of its partition, begins when that does, and there is
 * one for each window. */
static void look_at(unsigned core, unsigned which, uint64_t late_most)
{
    const struct log *log = LOG(core * 5 + which);
    uint64_t expected = 0;

    for (uint64_t i = 3; i + 1 < log->count; i++) {    /* the first ones and the last may not be whole */
        const struct run *r = &log->run[i];
        struct run w = joined(core, which, window_from(core, which, r->from));

        seen.windows++;
        seen.outside += r->to > w.to || r->from < w.from;
        if (r->from >= w.from && r->from - w.from > seen.late_most)
            seen.late_most = r->from - w.from;
        if (r->from >= w.from && r->from - w.from < seen.late_least)
            seen.late_least = r->from - w.from;
        seen.early += r->to + late_most < w.to;
        if (expected != 0 && w.from != expected)
            seen.missing++;
        expected = joined(core, which, window_from(core, which, w.to)).from;
    }
}

static void start_cells(void)
{
    static const uint32_t go[CELLS] = { CAP_A0_GO, CAP_B0_GO, CAP_C0_GO, CAP_D0_GO, CAP_REST0_GO,
                                        CAP_A1_GO, CAP_B1_GO, CAP_C1_GO, CAP_D1_GO, CAP_REST1_GO };

    for (unsigned n = 0; n < CELLS; n++) {
        LOG(n)->count = 0;
        LOG(n)->asleep = asleep >> n % 5 & 1;
        EXPECT_STATUS(mv_virq_raise(go[n], 1), MV_OK);
    }
}

static void stop_cells(void)
{
    for (unsigned n = 0; n < CELLS; n++)
        LOG(n)->asleep = 1;
    mv_sleep(5 * MV_MS);
}

/* All cells take what they get for so long, and note it. */
static void run_all(uint64_t ns)
{
    start_cells();
    mv_sleep(ns);
    stop_cells();
}

static void expect_plan(uint64_t windows, uint64_t late_most)
{
    seen.windows = seen.late_most = seen.outside = seen.missing = seen.early = 0;
    seen.late_least = UINT64_MAX;
    for (unsigned core = 0; core < 2; core++)
        for (unsigned which = 0; which <= WHICH_REST; which++)
            if ((asleep >> which & 1) == 0)
                look_at(core, which, late_most);
    test_note("%lu windows, begun %lu to %lu instructions after the plan", seen.windows, seen.late_least, seen.late_most);
    EXPECT(seen.windows >= windows);
    EXPECT_EQ(seen.outside, 0);
    EXPECT_EQ(seen.missing, 0);
    EXPECT_EQ(seen.early, 0);
    EXPECT_RANGE(seen.late_most, 0, late_most);
}

static void plan(void)
{
    test_start("windows: 10,000 frames, 4 partitions, 2 cores");
    EXPECT_EQ(rt_frequency(), 62500000);
    change_count = 0;
    switch_to(TABLE_EVEN);
    mv_sleep(2 * MV_MS);
    run_all((FRAMES + 4) * EVEN_US * MV_US);
    for (unsigned n = 0; n < CELLS; n++)
        EXPECT_RANGE(LOG(n)->count, FRAMES, FRAMES + 5);
    expect_plan(CELLS * (FRAMES - 2), LATE_MOST);
}

static void slack(void)
{
    test_start("windows: what a partition leaves is the background's");
    asleep = 1u << 1 | 1u << 3;
    run_all(200 * EVEN_US * MV_US);
    for (unsigned n = 0; n < CELLS; n++)
        EXPECT_EQ(LOG(n)->count == 0, asleep >> n % 5 & 1);
    expect_plan(900, LATE_MOST + MAIN_TICKS);
    asleep = 0;
}

/* Other tables, at any time. */
static void changes_of_table(void)
{
    uint64_t seed = 1;

    test_start("windows: another table from one frame on, on both cores");
    start_cells();
    for (unsigned i = 0; i < SWITCHES; i++) {
        mv_sleep(1400 * MV_US + test_random(&seed) % (2 * MV_MS));   /* not before the last one is in force */
        switch_to(i % 2 == 0 ? TABLE_ODD : TABLE_EVEN);
    }
    stop_cells();
    expect_plan(700, LATE_MOST + MAIN_TICKS);
    EXPECT_STATUS(mv_schedule_switch(CAP_SCHEDULE, 2, NULL), MV_BAD_ARG);
    EXPECT_STATUS(mv_schedule_switch(CAP_SCHEDULE, UINT64_MAX, NULL), MV_BAD_ARG);
    EXPECT_STATUS(mv_schedule_switch(0, 0, NULL), MV_BAD_CAP);
    EXPECT_STATUS(mv_schedule_switch(CAP_JUDGE_REPORT, 0, NULL), MV_BAD_CAP);
}

/*
 * A client in windows of a, a server of d: served in the client's windows, and
 * never beyond their end. A call that could go beyond waits for the next window.
 */
static void held_calls(void)
{
    uint64_t bound = rt_ticks_of(40 * MV_US), held = 0, outside = 0, late = 0, early = 0;

    test_start("windows: calls out of a partition stay in its windows");
    switch_to(TABLE_EVEN);
    EXPECT_STATUS(mv_virq_raise(CAP_CALLER_GO, 1), MV_OK);
    mv_sleep(CALLS_MOST * 2 * EVEN_US * MV_US);
    EXPECT_EQ(CALLS->count, CALLS_MOST);
    EXPECT_EQ(CALLS->wrong, 0);
    for (unsigned i = 0; i < CALLS_MOST; i++) {
        struct run w = window_from(0, 0, CALLS->call[i].begun), made = window_from(0, 0, CALLS->call[i].made);

        outside += CALLS->call[i].begun < w.from || CALLS->call[i].ended > w.to;
        if (w.from == made.from) {
            late += CALLS->call[i].begun - CALLS->call[i].made > 1000;
            early += CALLS->call[i].made + bound > w.to;
        } else {
            held++;
            late += CALLS->call[i].begun - w.from > LATE_MOST + MAIN_TICKS;
            early += CALLS->call[i].made + bound + 1000 < made.to;      /* held without need */
        }
    }
    test_note("%lu of %u calls were held back", held, CALLS_MOST);
    EXPECT(held > 50);
    EXPECT_EQ(outside, 0);
    EXPECT_EQ(late, 0);
    EXPECT_EQ(early, 0);
}

int main(void)
{
    stop_cells();
    plan();
    slack();
    changes_of_table();
    held_calls();
    test_finish();
}
