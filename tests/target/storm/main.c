/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "account.h"

#ifdef TEST_ICOUNT
#define STORM (300 * MV_MS)
#else
#define STORM (2 * MV_S)
#endif

static const struct { uint32_t door, cell, vcpu; } worker[WORKERS] = {
    { CAP_W0_DOOR, CAP_CELL_W0, CAP_VCPU_W0_0 }, { CAP_W1_DOOR, CAP_CELL_W1, CAP_VCPU_W1_0 },
    { CAP_W2_DOOR, CAP_CELL_W2, CAP_VCPU_W2_0 }, { CAP_W3_DOOR, CAP_CELL_W3, CAP_VCPU_W3_0 },
    { CAP_W4_DOOR, CAP_CELL_W4, CAP_VCPU_W4_0 }, { CAP_W5_DOOR, CAP_CELL_W5, CAP_VCPU_W5_0 },
    { CAP_W6_DOOR, CAP_CELL_W6, CAP_VCPU_W6_0 }, { CAP_W7_DOOR, CAP_CELL_W7, CAP_VCPU_W7_0 },
};

static void expect_answer(unsigned i)
{
    struct mv_words w = { { i, 1, 2, 3, 4, 5, 6, 7 } };
    uint64_t running = 0, state = 99;
    mv_status_t st = mv_call_until(worker[i].door, &w, test_now() + MV_S);

    if (st == MV_OK && w.w[0] == ~(uint64_t)i && w.w[7] == ~UINT64_C(7))
        return;
    (void)mv_cell_inspect(worker[i].cell, &running);
    (void)test_plain(MV_CALL_vcpu_read, worker[i].vcpu, 0, 0, 0, 0, 0, &state);
    test_fail(__FILE__, __LINE__, "worker %u: %s, running %lu, state %lu", i, test_status_name(st),
              running, state);
}

int main(void)
{
    uint64_t calls = 0, answers = 0, ends[16] = { 0 };

    test_start("storm: whoever is answered is answered right");
    mv_sleep(STORM);
    ACCOUNT->calm = 1;
    mv_sleep(20 * MV_MS);
    for (unsigned i = 0; i < WORKERS + 2; i++) {
        if (ACCOUNT->of[i].wrong != 0)
            test_fail(__FILE__, __LINE__, "cell %u: %lu wrong, the first: what %lu, value 0x%lx", i,
                      ACCOUNT->of[i].wrong, ACCOUNT->of[i].what, ACCOUNT->of[i].value);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        calls += ACCOUNT->of[i].calls;
        answers += ACCOUNT->of[i].answers;
        for (unsigned k = 0; k < 16; k++)
            ends[k] += ACCOUNT->of[i].status[k];
        EXPECT_RANGE(ACCOUNT->of[i].starts, 2, UINT64_MAX);
        EXPECT_RANGE(ACCOUNT->of[i].served, 10, UINT64_MAX);
        EXPECT_RANGE(ACCOUNT->of[i].lines, 10, UINT64_MAX);
    }
    EXPECT_RANGE(answers, 100, UINT64_MAX);

    test_start("storm: afterwards everybody answers");
    for (unsigned i = 0; i < WORKERS; i++) {
        /* A killer may have left it stopped. */
        (void)mv_cell_stop(worker[i].cell);
        EXPECT_STATUS(mv_cell_start(worker[i].cell), MV_OK);
    }
    for (int round = 0; round < 5; round++) {
        for (unsigned i = 0; i < WORKERS; i++)
            expect_answer(i);
    }
    test_stop();
    test_note("%lu calls: %lu answered, %lu would block, %lu timed out, %lu cancelled, %lu circles",
              calls, ends[MV_OK], ends[MV_WOULD_BLOCK], ends[MV_TIMEOUT], ends[MV_CANCELLED],
              ends[MV_DEADLOCK]);
    test_finish();
}
