/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "cell.h"
#include "tape.h"

static struct tape *const tape = TAPE;

static void rewind_tape(void)
{
    for (size_t i = 0; i < sizeof(tape->letter); i++)
        tape->letter[i] = '\0';
    tape->length = 0;
}

static void expect_tape(unsigned line, const char *want)
{
    char got[256];

    for (size_t i = 0; i < sizeof(got); i++)
        got[i] = tape->letter[i];
    got[255] = '\0';
    if (strcmp(got, want) != 0)
        test_fail(__FILE__, line, "the tape says \"%s\", expected \"%s\"", got, want);
    rewind_tape();
}
#define EXPECT_TAPE(want) expect_tape(__LINE__, want)

static void raise(uint32_t cap, uint64_t work)
{
    EXPECT_STATUS(mv_virq_raise(cap, work), MV_OK);
}

static void preemption(void)
{
    test_start("sched: a higher priority runs at once, others when this one waits");
    (void)mv_yield();                /* its turn begins anew */
    tape_write('1');
    raise(CAP_HIGH_GO, WORK_NOTE);
    tape_write('2');
    raise(CAP_LOW_GO, WORK_NOTE);
    tape_write('3');
    raise(CAP_EQUAL_GO, WORK_NOTE);
    tape_write('4');
    raise(CAP_MID_GO, WORK_NOTE);
    tape_write('5');
    mv_sleep(MV_MS);
    tape_write('6');
    EXPECT_TAPE("1H234M5EL6");

    test_start("sched: yield lets equals run, but nobody lower");
    tape_write('1');
    (void)mv_yield();
    tape_write('2');
    raise(CAP_LOW_GO, WORK_NOTE);
    (void)mv_yield();
    tape_write('3');
    raise(CAP_EQUAL_GO, WORK_NOTE);
    tape_write('4');
    (void)mv_yield();
    tape_write('5');
    mv_sleep(MV_MS);
    EXPECT_TAPE("1234E5L");
    raise(CAP_A_GO, WORK_YIELD);
    raise(CAP_B_GO, WORK_YIELD);
    raise(CAP_C_GO, WORK_YIELD);
    mv_sleep(5 * MV_MS);
    EXPECT_TAPE("abcabcabcabcabcabcabcabc");
}

static void ceilings(void)
{
    struct mv_words w = { { 0 } };

    test_start("sched: a server works at its portal's ceiling");
    tape->serve_raises = 1;
    raise(CAP_LOW_GO, WORK_CALL);
    mv_sleep(2 * MV_MS);
    EXPECT_TAPE("L()ML");
    /* High is its equal there: it waits for its turn, and then comes before mid. */
    tape->serve_raises = 3;
    raise(CAP_LOW_GO, WORK_CALL);
    mv_sleep(2 * MV_MS);
    EXPECT_TAPE("L()HML");
    /* Main's own call. */
    tape_write('1');
    EXPECT_STATUS(mv_call(CAP_SERVER_DOOR, &w), MV_OK);
    tape_write('2');
    EXPECT_TAPE("1()HM2");
    tape->serve_raises = 0;
    raise(CAP_HIGH_GO, WORK_CALL);
    EXPECT_TAPE("H()H");
}

static uint64_t run_ns(uint32_t vcpu)
{
    const struct mv_counters *c = (const struct mv_counters *)mv_message_data();

    EXPECT_STATUS(mv_vcpu_counters(vcpu), MV_OK);
    return c->run_ns;
}

static void time_is_charged(void)
{
    struct mv_words w = { { 0 } };
    uint64_t server, own;

    test_start("sched: the caller pays for its server");
    tape->serve_ns = 10 * MV_MS;
    server = run_ns(CAP_VCPU_SERVER_0);
    own = run_ns(CAP_VCPU_MAIN_0);
    EXPECT_STATUS(mv_call(CAP_SERVER_DOOR, &w), MV_OK);
    EXPECT_RANGE(run_ns(CAP_VCPU_MAIN_0) - own, 10 * MV_MS, 200 * MV_MS);
    EXPECT_RANGE(run_ns(CAP_VCPU_SERVER_0) - server, 0, 1 * MV_MS);
    tape->serve_ns = 0;
    rewind_tape();
    own = run_ns(CAP_VCPU_MAIN_0);
    mv_sleep(20 * MV_MS);
    EXPECT_RANGE(run_ns(CAP_VCPU_MAIN_0) - own, 0, 10 * MV_MS);
}

static void spin_for(uint64_t ns)
{
    tape->stop = 0;
    for (int i = 0; i < 256; i++)
        tape->spins[i] = 0;
    mv_sleep(ns);
}

static void turns(void)
{
    const struct mv_counters *c = (const struct mv_counters *)mv_message_data();
    uint64_t a, b, switches;

    test_start("sched: equals take turns, a lower one gets nothing");
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_A_0), MV_OK);
    switches = c->switches;
    a = run_ns(CAP_VCPU_A_0);
    b = run_ns(CAP_VCPU_B_0);
    raise(CAP_UNDER_GO, WORK_SPIN);
    raise(CAP_A_GO, WORK_SPIN);
    raise(CAP_B_GO, WORK_SPIN);
    spin_for(60 * MV_MS);
    a = run_ns(CAP_VCPU_A_0) - a;
    b = run_ns(CAP_VCPU_B_0) - b;
    EXPECT_RANGE(a, 20 * MV_MS, 40 * MV_MS);
    EXPECT_RANGE(b, 20 * MV_MS, 40 * MV_MS);
    EXPECT_EQ(tape->spins['u'], 0);
    EXPECT(tape->spins['a'] != 0 && tape->spins['b'] != 0);
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_A_0), MV_OK);
    EXPECT_RANGE(c->switches - switches, 10, 60);

    test_start("sched: a third joins, and one who sleeps often loses nothing");
    raise(CAP_C_GO, WORK_SPIN);
    a = run_ns(CAP_VCPU_A_0);
    for (int i = 0; i < 60; i++)     /* main interrupts their turns each ms */
        mv_sleep(MV_MS);
    a = run_ns(CAP_VCPU_A_0) - a;
    EXPECT_RANGE(a, 10 * MV_MS, 40 * MV_MS);
    EXPECT(tape->spins['c'] != 0);
    tape->stop = 1;
    mv_sleep(2 * MV_MS);
    EXPECT(tape->spins['u'] == 0);
    rewind_tape();

    test_start("sched: a deadline ends the turn of a lower priority");
    raise(CAP_A_GO, WORK_SPIN);
    tape->stop = 0;
    for (uint64_t i = 0; i < 30; i++) {
        uint64_t at = test_now() + 300 * MV_US;

        mv_sleep_until(at);
        EXPECT_RANGE(test_now(), at, at + 30 * MV_MS);
    }
    tape->stop = 1;
    mv_sleep(MV_MS);
}

int main(void)
{
    mv_sleep(2 * MV_MS);             /* the others come to their waits */
    preemption();
    ceilings();
    time_is_charged();
    turns();
    test_finish();
}
