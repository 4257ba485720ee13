/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A native cell above the machines: runs each millisecond, works PERIODIC_WORK_US
 * there, for PERIODIC_TURNS turns; under a counting clock it must never begin
 * later than PERIODIC_LATE_US.
 */
#include "native.h"

#ifndef PERIODIC_WORK_US
#define PERIODIC_WORK_US 20
#endif
#ifndef PERIODIC_LATE_US
#define PERIODIC_LATE_US 20
#endif

int main(void)
{
    struct mv_period p;
    uint64_t missed = 0, latest = 0;

    mv_period_start(&p, MV_MS);
    for (unsigned turn = 0; turn < PERIODIC_TURNS; turn++) {
        missed += mv_period_wait(&p);

        uint64_t begin = mv_time_ns(), due = p.next - p.length;

        if (begin > due && begin - due > latest)
            latest = begin - due;
        while (mv_time_ns() < begin + PERIODIC_WORK_US * MV_US)
            ;
    }
    mv_print("cell: latest %lu ns\n", latest);
    if (TEST_ICOUNT)
        native_result("each turn in time", missed == 0 && latest <= PERIODIC_LATE_US * MV_US);
    else
        native_result("all turns", true);
    native_done();
    return 0;
}
