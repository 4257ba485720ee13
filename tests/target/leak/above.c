/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts everybody every 100 us, with marked registers. */
#include "mark.h"

#include "cell.h"

int main(void)
{
    uint64_t turn = 0;

    if (mv_timer_set(CAP_BEAT, mv_time_ns(), 100 * MV_US) != MV_OK)
        return 1;
    for (;;) {
        struct test_regs r, before;

        mark_fill(&r, turn++);
        r.x[8] = 0;
        r.x[9] = 0;
        before = r;
        test_svc(MV_CALL_wait, &r);
        if (r.x[0] == 1)
            r.x[0] = 0;           /* the payload */
        mark_check(&before, &r, MV_CALL_wait, false);
    }
}
