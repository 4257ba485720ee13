/* SPDX-License-Identifier: BSD-2-Clause */
#include "virq.h"

mv_status_t raiser(uint64_t what, uint64_t a, uint64_t b, uint64_t c, uint64_t delay)
{
    struct mv_words w = { { what, a, b, c, delay } };

    return mv_call(CAP_RAISER_DOOR, &w);
}

unsigned take(uint64_t *payload)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait_flags(&w, &source, MV_NOWAIT, 0, 0);

    if (st != MV_OK) {
        EXPECT_STATUS(st, MV_WOULD_BLOCK);
        return 64;
    }
    EXPECT_EQ(source >> 40, 1);
    for (int i = 1; i < MV_MESSAGE_WORDS; i++)
        EXPECT_EQ(w.w[i], 0);
    *payload = w.w[0];
    return MV_SOURCE_LINE(source);
}

static void expect_line(unsigned at, unsigned line, uint64_t payload)
{
    uint64_t got = 0;
    unsigned l = take(&got);

    if (l != line || (line != 64 && got != payload))
        test_fail(__FILE__, at, "took line %u, payload 0x%lx; expected line %u, payload 0x%lx", l,
                  got, line, payload);
}
#define EXPECT_LINE(line, payload) expect_line(__LINE__, line, payload)
#define EXPECT_NO_LINE() expect_line(__LINE__, 64, 0)

/* ---- raise and take ------------------------------------------------------------ */

static void payloads(void)
{
    struct mv_words w;
    uint64_t source, payload;

    test_start("virq: payloads are ORed, the lowest line is first");
    EXPECT_NO_LINE();
    EXPECT_STATUS(raiser(RAISE, 1, 0, 0, 0), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 4, 2, UINT64_C(1) << 63, 0), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 8, 0, 0, 0), MV_OK);
    EXPECT_LINE(LINE_A, 13);
    EXPECT_LINE(LINE_B, 2);
    EXPECT_LINE(LINE_C, UINT64_C(1) << 63);
    EXPECT_NO_LINE();
    EXPECT_STATUS(raiser(RAISE_MANY, 64, 0, 0, 0), MV_OK);
    EXPECT_LINE(LINE_A, UINT64_MAX);
    EXPECT_NO_LINE();

    test_start("virq: acknowledge takes the payload without waiting");
    EXPECT_STATUS(raiser(RAISE, 5, 6, 0, 0), MV_OK);
    EXPECT_STATUS(mv_virq_ack(CAP_B, &payload), MV_OK);
    EXPECT_EQ(payload, 6);
    EXPECT_STATUS(mv_virq_ack(CAP_B, &payload), MV_OK);
    EXPECT_EQ(payload, 0);
    EXPECT_LINE(LINE_A, 5);
    EXPECT_NO_LINE();

    test_start("virq: a masked line stays pending");
    EXPECT_STATUS(mv_virq_mask(CAP_A), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 1, 2, 0, 0), MV_OK);
    EXPECT_LINE(LINE_B, 2);
    EXPECT_NO_LINE();
    EXPECT_STATUS(raiser(RAISE, 2, 0, 0, 0), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_NOWAIT, 0, LINE_BIT(A)), MV_WOULD_BLOCK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, test_now() + MV_MS, 0), MV_TIMEOUT);
    EXPECT_STATUS(mv_virq_mask(CAP_A), MV_OK);
    EXPECT_STATUS(mv_virq_unmask(CAP_A), MV_OK);
    EXPECT_LINE(LINE_A, 3);
    EXPECT_STATUS(mv_virq_unmask(CAP_A), MV_OK);
    EXPECT_NO_LINE();
    /* Masked and acknowledged: nothing is left. */
    EXPECT_STATUS(mv_virq_mask(CAP_A), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 1, 0, 0, 0), MV_OK);
    EXPECT_STATUS(mv_virq_ack(CAP_A, &payload), MV_OK);
    EXPECT_EQ(payload, 1);
    EXPECT_STATUS(mv_virq_unmask(CAP_A), MV_OK);
    EXPECT_NO_LINE();

    test_start("virq: waiting for certain lines");
    EXPECT_STATUS(raiser(RAISE, 1, 2, 4, 0), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES, 0, LINE_BIT(C) | LINE_BIT(B)), MV_OK);
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_B);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES, 0, LINE_BIT(C)), MV_OK);
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_C);
    EXPECT_EQ(w.w[0], 4);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_NOWAIT, 0, LINE_BIT(C)), MV_WOULD_BLOCK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_NOWAIT, 0, 0), MV_WOULD_BLOCK);
    EXPECT_LINE(LINE_A, 1);

    test_start("virq: one that comes while its sink waits");
    for (uint64_t i = 1; i < 50; i++) {
        EXPECT_STATUS(raiser(RAISE_LATER, 0, i, 0, 50 * MV_US), MV_OK);
        EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
        EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_B);
        EXPECT_EQ(w.w[0], i);
    }
    /* While it listens to another line, it is not woken. */
    EXPECT_STATUS(raiser(RAISE_LATER, 1, 0, 0, MV_MS), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_DEADLINE, test_now() + PATIENCE,
                                LINE_BIT(B)), MV_TIMEOUT);
    EXPECT_LINE(LINE_A, 1);
    /* While it calls, it is not lost. */
    EXPECT_STATUS(raiser(RAISE_LATER, 9, 0, 0, MV_MS), MV_OK);
    EXPECT_STATUS(raiser(RAISED, 0, 0, 0, 0), MV_OK);
    EXPECT_LINE(LINE_A, 9);

    test_start("virq: raised at another cell");
    for (uint64_t i = 0; i < 64; i++)
        EXPECT_STATUS(mv_virq_raise(CAP_RAISER_LINE, UINT64_C(1) << i), MV_OK);
    mv_sleep(MV_MS);
    w = (struct mv_words){ { RAISED } };
    EXPECT_STATUS(mv_call(CAP_RAISER_DOOR, &w), MV_OK);
    EXPECT_EQ(w.w[0], UINT64_MAX);
}

/* ---- time ------------------------------------------------------------------------- */

/* Before a timer that must not have fired yet: the host can stop QEMU for a while. */
#define LEAD (200 * MV_MS)

static void timers(void)
{
    struct mv_counters *c = (struct mv_counters *)mv_message_data();
    struct mv_words w;
    uint64_t source, at, payload, before;

    test_start("virq: sleeping until a time");
    for (uint64_t ns = 1; ns < 20 * MV_MS; ns = ns * 3 + 7) {
        at = test_now() + ns;
        mv_sleep_until(at);
        EXPECT_RANGE(test_now(), at, at + LATE);
    }
    mv_sleep_until(0);
    mv_sleep_until(test_now() - 1);

    test_start("virq: a timer that fires once");
    at = test_now() + LEAD;
    EXPECT_STATUS(mv_timer_set(CAP_TICK, at, 0), MV_OK);
    EXPECT_NO_LINE();
    EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
    EXPECT_RANGE(test_now(), at, at + LATE);
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_TICK);
    EXPECT_EQ(w.w[0], 1);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, test_now() + 5 * MV_MS, 0), MV_TIMEOUT);
    /* In the past: at once. */
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 1, 0), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, test_now() + LATE, 0), MV_OK);
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_TICK);
    /* Set again, and stopped. */
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now() + LEAD, 0), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now() + 60 * MV_S, 0), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, test_now() + LEAD + 4 * MV_MS, 0), MV_TIMEOUT);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now() + LEAD, 0), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, test_now() + LEAD + 4 * MV_MS, 0), MV_TIMEOUT);

    test_start("virq: a timer that fires again and again");
    at = test_now() + MV_MS;
    EXPECT_STATUS(mv_timer_set(CAP_TICK, at, MV_MS), MV_OK);
    for (uint64_t i = 0; i < 30; i++) {
        EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
        EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_TICK);
        EXPECT(test_now() >= at + i * MV_MS);
    }
    EXPECT_RANGE(test_now(), at + 29 * MV_MS, at + 29 * MV_MS + LATE);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    (void)take(&payload);
    EXPECT_NO_LINE();

    test_start("virq: two timers, the earlier first");
    at = test_now();
    EXPECT_STATUS(mv_timer_set(CAP_TICK, at + 4 * MV_MS, 0), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TOCK, at + 2 * MV_MS, 0), MV_OK);
    EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_TOCK);
    EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_TICK);

    test_start("virq: periods that nobody served are counted");
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
    before = c->overruns;
    /* All of them are over when the timer is set. */
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now() - 10 * MV_MS, MV_MS), MV_OK);
    EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    (void)take(&payload);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
    EXPECT_RANGE(c->overruns - before, 10, 10 + LATE / MV_MS);
    /* The sink is busy while they pass. */
    before = c->overruns;
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now(), MV_MS), MV_OK);
    test_spin(10 * MV_MS);
    EXPECT_LINE(LINE_TICK, 1);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
#ifdef TEST_ICOUNT
    EXPECT_RANGE(c->overruns - before, 8, 10);
#endif
    (void)take(&payload);
}

int main(void)
{
    payloads();
    timers();
    device_tests();
    upcall_tests();
    test_finish();
}
