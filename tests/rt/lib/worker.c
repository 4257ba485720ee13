/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worker: waits for its line, whose payload is the work, does that until it is
 * to stop, and waits again. NUMBER is its place in the segment.
 */
#include "rt.h"

#include "cell.h"

#ifdef WORKER_FP
#include "../../target/fp/fp.h"
#endif

static struct worker *const self = WORKER(NUMBER);

static void note_gap(uint64_t end, uint64_t again, uint64_t run_ns)
{
    uint64_t n = self->gap_count;

    if (n < GAPS_MOST)
        GAPS[n] = (struct gap){ end, again, run_ns };
    self->gap_count = n + 1;
}

static void spin(void)
{
    while (self->stop == 0) {
        self->turns++;
        rt_pass();
    }
}

#ifdef CAP_VCPU_PLAIN_0
static uint64_t watched_ns(void)
{
    const struct mv_counters *c = mv_message_data();

    return mv_vcpu_counters(CAP_VCPU_PLAIN_0) == MV_OK ? c->run_ns : 0;
}
#else
static uint64_t watched_ns(void) { return 0; }
#endif

static void watch(void)
{
    uint64_t last, now;

    self->gap_count = 0;
    for (last = rt_ticks(); self->gap_count < self->gaps_wanted && self->stop == 0; last = now) {
        now = rt_ticks();
        if (now - last < self->gap_least)
            continue;
        note_gap(last, now, watched_ns());
        now = rt_ticks();
    }
#ifdef CAP_MAIN_DONE
    (void)mv_virq_raise(CAP_MAIN_DONE, 1);
#endif
}

/* Its gaps are its bursts here: from `end`, when it began, to `again`. What
 * takes the core away from it meanwhile ends a burst as well. */
static void bursts(void)
{
    uint64_t seed = 1, now, last, start;

    self->gap_count = 0;
    while (self->stop == 0 && self->gap_count < self->gaps_wanted) {
        uint64_t length;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        length = rt_ticks_of(1000 + (seed >> 33) % 24000);
        for (start = last = now = rt_ticks(); last - start < length; last = now) {
            now = rt_ticks();
            if (now - last > self->gap_least) {
                note_gap(start, last, 0);
                length -= last - start < length ? last - start : length;
                start = now;
            }
        }
        note_gap(start, last, 0);
        mv_sleep(1000 + (seed >> 20) % 40000);
    }
#ifdef CAP_MAIN_DONE
    (void)mv_virq_raise(CAP_MAIN_DONE, 1);
#endif
}

#ifdef WORKER_FP
static void keep_fp(void)
{
    static struct fp_state want, got;

    for (uint64_t round = 0; self->stop == 0; round++) {
        fp_pattern(&want, NUMBER, round);
        fp_load(&want);
        for (unsigned i = 0; i < 200; i++)
            rt_pass();
        fp_store(&got);
        self->turns++;
        self->wrong += memcmp(&want, &got, sizeof(got)) != 0;
    }
}
#else
static void keep_fp(void) { }
#endif

int main(void)
{
    for (;;) {
        struct mv_words w;
        uint64_t source;

        if (mv_wait(&w, &source) != MV_OK)
            continue;
        switch (w.w[0]) {
        case WORK_SPIN:   spin();    break;
        case WORK_WATCH:  watch();   break;
        case WORK_BURSTS: bursts();  break;
        case WORK_FP:     keep_fp(); break;
        }
    }
}
