/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a virtual machine keeps to its budget, and gets it. */
#include "../../target/lib/test.h"
#include "../lib/rt.h"

#include "cell.h"

#define PERIODS   2000u
#define BUDGET_NS (20 * MV_US)
#define PERIOD_NS (100 * MV_US)
#define TICK_NS   16u
#define KERNEL_NS 1500u                /* a machine's registers come and go, too */

int main(void)
{
    uint64_t least = UINT64_MAX, most = 0, charged_least = UINT64_MAX, charged_most = 0, first, source;
    struct mv_words w;

    mv_sleep(20 * MV_MS);              /* the machine starts */
    test_start("machine: it has its budget in each period, to the tick");
    WORKER(1)->gap_least = rt_ticks_of(5 * MV_US);
    WORKER(1)->gaps_wanted = PERIODS + 5;
    EXPECT_STATUS(mv_virq_raise(CAP_LOW_GO, WORK_WATCH), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_DEADLINE, test_now() + 20 * MV_S, UINT64_C(1) << LINE_DONE), MV_OK);
    EXPECT_EQ(WORKER(1)->gap_count, PERIODS + 5);
    first = GAPS[4].end;
    for (unsigned i = 4; i < PERIODS + 4; i++) {
        uint64_t length = rt_ns_of(GAPS[i].again - GAPS[i].end), charged = GAPS[i + 1].run_ns - GAPS[i].run_ns;
        uint64_t phase = rt_ns_of(GAPS[i].end - first) + PERIOD_NS / 2 - (i - 4) * PERIOD_NS;

        least = length < least ? length : least;
        most = length > most ? length : most;
        charged_least = charged < charged_least ? charged : charged_least;
        charged_most = charged > charged_most ? charged : charged_most;
        EXPECT_RANGE(phase, PERIOD_NS / 2 - KERNEL_NS, PERIOD_NS / 2 + KERNEL_NS);
    }
    test_note("seen from below: %lu to %lu ns of each period; charged %lu to %lu", least, most, charged_least, charged_most);
    EXPECT_RANGE(charged_least, BUDGET_NS - TICK_NS, BUDGET_NS + TICK_NS);
    EXPECT_RANGE(charged_most, BUDGET_NS - TICK_NS, BUDGET_NS + TICK_NS);
    EXPECT_RANGE(least, BUDGET_NS, BUDGET_NS + KERNEL_NS);
    EXPECT_RANGE(most, BUDGET_NS, BUDGET_NS + KERNEL_NS);
    test_finish();
}
