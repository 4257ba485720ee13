/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Budgets: who has one gets it in each period, to the tick, and no more; the three
 * ways of going on without; what is left is for others.
 */
#include "../../target/lib/guard.h"
#include "../lib/rt.h"

#include "cell.h"

#define PERIOD_NS  (100 * MV_US)
#define PERIODS    10000u
#define TICK_NS    16u                 /* what the counter resolves, at least */
#define KERNEL_NS  900u                /* an interrupt that takes a core from one and gives it to another, and its end */

enum { ABOVE = 1, PLAIN, SMALL, BACK, TOLD, FREE, LOW, FP_PLAIN, FP_BACK, FP_FREE };

static void start(unsigned n, uint32_t go, enum work work)
{
    WORKER(n)->stop = 0;
    EXPECT_STATUS(mv_virq_raise(go, work), MV_OK);
}

static void stop_all(void)
{
    for (unsigned n = 0; n < WORKERS; n++)
        WORKER(n)->stop = 1;
    mv_sleep(20 * PERIOD_NS);          /* the last of them has had time to see it */
}

static uint64_t run_ns(uint32_t vcpu)
{
    const struct mv_counters *c = mv_message_data();

    EXPECT_STATUS(mv_vcpu_counters(vcpu), MV_OK);
    return c->run_ns;
}

static uint64_t exhausted(uint32_t vcpu)
{
    const struct mv_counters *c = mv_message_data();

    EXPECT_STATUS(mv_vcpu_counters(vcpu), MV_OK);
    return c->exhausted;
}

static void wait_for(uint64_t line)
{
    struct mv_words w;
    uint64_t source;

    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_DEADLINE, test_now() + 20 * MV_S, UINT64_C(1) << line), MV_OK);
}

struct spread { uint64_t least, most; };

static void spread_add(struct spread *s, uint64_t value)
{
    s->least = value < s->least ? value : s->least;
    s->most = value > s->most ? value : s->most;
}

/*
 * `plain` spins, `low` sees each time for how long it has the core: so it is measured
 * by somebody else's reading of the counter, and by the kernel's account.
 */
static void each_period(void)
{
    struct spread length = { UINT64_MAX, 0 }, charged = { UINT64_MAX, 0 }, phase = { UINT64_MAX, 0 };
    const struct gap *first = &GAPS[4];
    uint64_t charged_all;

    test_start("budget: who spins gets it to the tick, 10,000 times");
    WORKER(LOW)->gap_least = rt_ticks_of(5 * MV_US);
    WORKER(LOW)->gaps_wanted = PERIODS + 5;
    start(PLAIN, CAP_PLAIN_GO, WORK_SPIN);
    start(LOW, CAP_LOW_GO, WORK_WATCH);
    wait_for(LINE_DONE);
    stop_all();
    EXPECT_EQ(WORKER(LOW)->gap_count, PERIODS + 5);
    for (unsigned i = 0; i < PERIODS; i++) {
        const struct gap *g = &first[i];

        spread_add(&length, rt_ns_of(g->again - g->end));
        spread_add(&charged, g[1].run_ns - g->run_ns);
        /* When it began, against a grid of periods half a one apart. */
        spread_add(&phase, rt_ns_of(g->end - first->end) + PERIOD_NS / 2 - i * PERIOD_NS);
    }
    charged_all = first[PERIODS].run_ns - first->run_ns;
    test_note("seen from below: %lu to %lu ns of each period, begun within %lu ns; charged %lu to %lu, %lu in all",
              length.least, length.most, phase.most - phase.least, charged.least, charged.most, charged_all);
    EXPECT_RANGE(charged.least, 20 * MV_US - TICK_NS, 20 * MV_US + TICK_NS);
    EXPECT_RANGE(charged.most, 20 * MV_US - TICK_NS, 20 * MV_US + TICK_NS);
    EXPECT_RANGE(charged_all, PERIODS * 20 * MV_US - TICK_NS, PERIODS * 20 * MV_US + TICK_NS);
    EXPECT_RANGE(length.most - length.least, 0, 4 * TICK_NS);
    EXPECT_RANGE(length.least, 20 * MV_US, 20 * MV_US + KERNEL_NS);
    EXPECT_RANGE(phase.most - phase.least, 0, 4 * TICK_NS);
}

static void one_above_the_other(void)
{
    uint64_t above, plain, small, free, times;

    test_start("budget: each gets its own, the rest is for those below");
    above = run_ns(CAP_VCPU_ABOVE_0);
    plain = run_ns(CAP_VCPU_PLAIN_0);
    small = run_ns(CAP_VCPU_SMALL_0);
    free = run_ns(CAP_VCPU_FREE_0);
    times = exhausted(CAP_VCPU_PLAIN_0);
    start(ABOVE, CAP_ABOVE_GO, WORK_SPIN);
    start(PLAIN, CAP_PLAIN_GO, WORK_SPIN);
    start(SMALL, CAP_SMALL_GO, WORK_SPIN);
    start(FREE, CAP_FREE_GO, WORK_SPIN);
    mv_sleep(1000 * PERIOD_NS);
    above = run_ns(CAP_VCPU_ABOVE_0) - above;
    plain = run_ns(CAP_VCPU_PLAIN_0) - plain;
    small = run_ns(CAP_VCPU_SMALL_0) - small;
    free = run_ns(CAP_VCPU_FREE_0) - free;
    times = exhausted(CAP_VCPU_PLAIN_0) - times;
    stop_all();
    test_note("of 100 ms: %lu, %lu, %lu and %lu us", above / 1000, plain / 1000, small / 1000, free / 1000);
    EXPECT_RANGE(above, 999 * 30 * MV_US, 1001 * 30 * MV_US);
    EXPECT_RANGE(plain, 999 * 20 * MV_US, 1001 * 20 * MV_US);
    EXPECT_RANGE(small, 99 * 10 * MV_US, 102 * 10 * MV_US);
    EXPECT_RANGE(free, 48 * MV_MS, 50 * MV_MS);
    EXPECT_RANGE(times, 998, 1002);
    EXPECT(WORKER(SMALL)->turns != 0);
}

/*
 * Bursts and rests of any length: in no time of a period may it use more than its
 * budget, wherever that begins. It counts from when it wants the core: how long the
 * kernel needs until it has it comes back as much earlier.
 */
static void any_window(void)
{
    uint64_t most = 0, all = 0, count;

    test_start("budget: bursts, no more than it in any time of a period");
    WORKER(PLAIN)->gap_least = rt_ticks_of(2 * MV_US);
    WORKER(PLAIN)->gaps_wanted = 4000;
    start(PLAIN, CAP_PLAIN_GO, WORK_BURSTS);
    start(FREE, CAP_FREE_GO, WORK_SPIN);
    wait_for(LINE_DONE);
    stop_all();
    count = WORKER(PLAIN)->gap_count < GAPS_MOST ? WORKER(PLAIN)->gap_count : GAPS_MOST;
    EXPECT(count >= 4000);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t end = GAPS[i].end + rt_ticks_of(PERIOD_NS), used = 0;

        for (uint64_t k = i; k < count && GAPS[k].end < end; k++)
            used += (GAPS[k].again < end ? GAPS[k].again : end) - GAPS[k].end;
        most = used > most ? used : most;
        all += GAPS[i].again - GAPS[i].end;
    }
    test_note("%lu bursts of %lu ns on average; at most %lu ns in a period", count, rt_ns_of(all / count), rt_ns_of(most));
    EXPECT_RANGE(rt_ns_of(most), 15 * MV_US, 20 * MV_US + KERNEL_NS);
}

static void background(void)
{
    uint64_t back, free, turns;

    test_start("budget: in the background, it takes what nobody wants");
    back = run_ns(CAP_VCPU_BACK_0);
    start(BACK, CAP_BACK_GO, WORK_SPIN);
    mv_sleep(200 * PERIOD_NS);
    back = run_ns(CAP_VCPU_BACK_0) - back;
    EXPECT_RANGE(back, 198 * PERIOD_NS, 201 * PERIOD_NS);
    /* One of lower priority comes before it then. (What the kernel needs to see to that
     * is nobody's.) */
    free = run_ns(CAP_VCPU_FREE_0);
    start(FREE, CAP_FREE_GO, WORK_SPIN);
    mv_sleep(2 * PERIOD_NS);
    back = run_ns(CAP_VCPU_BACK_0);
    mv_sleep(200 * PERIOD_NS);
    back = run_ns(CAP_VCPU_BACK_0) - back;
    EXPECT_RANGE(back, 199 * 10 * MV_US, 201 * (10 * MV_US + KERNEL_NS));
    /* Without it, all of the time is its own again at once. */
    WORKER(FREE)->stop = 1;
    mv_sleep(PERIOD_NS);
    back = run_ns(CAP_VCPU_BACK_0);
    free = run_ns(CAP_VCPU_FREE_0);
    mv_sleep(100 * PERIOD_NS);
    EXPECT_RANGE(run_ns(CAP_VCPU_BACK_0) - back, 98 * PERIOD_NS, 101 * PERIOD_NS);
    EXPECT_EQ(run_ns(CAP_VCPU_FREE_0), free);
    turns = WORKER(BACK)->turns;
    stop_all();
    mv_sleep(10 * PERIOD_NS);
    EXPECT_RANGE(WORKER(BACK)->turns, turns, turns + 1000);
}

static void told(void)
{
    struct guard_slot *g = GUARD_SLOT(CELL_INDEX + 5, 0);   /* the fifth cell after this one */
    uint64_t count, used;

    test_start("budget: its end is a fault, once each time; then it waits");
    g->action = GUARD_RETRY;
    count = g->count;
    used = run_ns(CAP_VCPU_TOLD_0);
    start(TOLD, CAP_TOLD_GO, WORK_SPIN);
    start(FREE, CAP_FREE_GO, WORK_SPIN);
    mv_sleep(200 * PERIOD_NS);
    EXPECT_RANGE(g->count - count, 199, 201);
    EXPECT_EQ(g->kind, MV_FAULT_BUDGET);
    EXPECT_EQ(g->address, 0);
    EXPECT_RANGE(run_ns(CAP_VCPU_TOLD_0) - used, 199 * 10 * MV_US, 201 * 10 * MV_US);
    /* The handler may stop it instead. */
    g->action = GUARD_STOP;
    mv_sleep(3 * PERIOD_NS);
    count = g->count;
    used = run_ns(CAP_VCPU_TOLD_0);
    mv_sleep(10 * PERIOD_NS);
    EXPECT_EQ(g->count, count);
    EXPECT_EQ(run_ns(CAP_VCPU_TOLD_0), used);
    stop_all();
    /* And its cell may start afresh, with a budget of its own. */
    g->action = GUARD_RETRY;
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_TOLD), MV_OK);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_TOLD), MV_OK);
    mv_sleep(PERIOD_NS);
    count = g->count;
    start(TOLD, CAP_TOLD_GO, WORK_SPIN);
    mv_sleep(100 * PERIOD_NS);
    EXPECT_RANGE(g->count - count, 99, 101);
    stop_all();
}

static void stopped(void)
{
    uint64_t used;

    test_start("budget: stopped and started without any, or in the background");
    start(PLAIN, CAP_PLAIN_GO, WORK_SPIN);
    start(BACK, CAP_BACK_GO, WORK_SPIN);
    for (uint64_t i = 0; i < 200; i++) {
        mv_sleep((10 + i % 70) * MV_US);
        EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_PLAIN_0), MV_OK);
        EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_BACK_0), MV_OK);
        EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_PLAIN_0), MV_OK);
        EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_BACK_0), MV_OK);
    }
    used = run_ns(CAP_VCPU_PLAIN_0);
    mv_sleep(100 * PERIOD_NS);
    EXPECT_RANGE(run_ns(CAP_VCPU_PLAIN_0) - used, 98 * 20 * MV_US, 101 * 20 * MV_US);
    /* Stopping and starting gives nobody more than its budget. */
    used = run_ns(CAP_VCPU_PLAIN_0);
    for (uint64_t i = 0; i < 1000; i++) {
        mv_sleep(10 * MV_US);
        EXPECT_STATUS(mv_vcpu_stop(CAP_VCPU_PLAIN_0), MV_OK);
        EXPECT_STATUS(mv_vcpu_start(CAP_VCPU_PLAIN_0), MV_OK);
    }
    EXPECT_RANGE(run_ns(CAP_VCPU_PLAIN_0) - used, 0, 140 * 20 * MV_US);
    stop_all();
    stop_all();
}

static void fp(void)
{
    test_start("budget: FP registers are kept when it is used up");
    start(FP_PLAIN, CAP_FP_PLAIN_GO, WORK_FP);
    start(FP_BACK, CAP_FP_BACK_GO, WORK_FP);
    start(FP_FREE, CAP_FP_FREE_GO, WORK_FP);
    start(PLAIN, CAP_PLAIN_GO, WORK_SPIN);
    mv_sleep(1000 * PERIOD_NS);
    WORKER(FP_FREE)->stop = 1;          /* then there is time in the background */
    mv_sleep(1000 * PERIOD_NS);
    stop_all();
    for (unsigned n = FP_PLAIN; n <= FP_FREE; n++) {
        EXPECT(WORKER(n)->turns > 1000);
        EXPECT_EQ(WORKER(n)->wrong, 0);
    }
}

int main(void)
{
    mv_sleep(2 * MV_MS);               /* the others come to their waits */
    each_period();
    one_above_the_other();
    any_window();
    background();
    told();
    stopped();
    fp();
    test_finish();
}
