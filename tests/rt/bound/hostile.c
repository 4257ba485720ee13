/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks for a millisecond of a server's work each time, with a budget of 10 us. */
#include "bound.h"

#include "cell.h"

static mv_status_t call(uint32_t portal, bool give_up)
{
    struct mv_words w = { { MV_MS, 7 } };

    return give_up ? mv_call_until(portal, &w, mv_time_ns() + 5 * MV_US) : mv_call(portal, &w);
}

int main(void)
{
    uint64_t seed = 5, source;
    struct mv_words w;

    for (;;) {
        if (mv_wait(&w, &source) != MV_OK)
            continue;
        uint64_t what = w.w[0];
        uint32_t portal = what & TO_GOOD ? CAP_GOOD_DOOR : what & TO_BARE ? CAP_BARE_DOOR :
                          what & TO_OPEN ? CAP_OPEN_DOOR : CAP_MIDDLE_DOOR;

        while (BOARD->stop == 0) {
            mv_status_t st;

            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            if (what & SPIN_FIRST)
                for (uint64_t end = mv_time_ns() + (seed >> 40) % 9000; mv_time_ns() < end;)
                    ;
            BOARD->calls++;
            st = call(portal, (what & GIVE_UP) != 0);
            BOARD->ok += st == MV_OK;
            BOARD->timeouts += st == MV_TIMEOUT;
            BOARD->others += st != MV_OK && st != MV_TIMEOUT;
            if (st == MV_CANCELLED)
                mv_sleep(100 * MV_US);
        }
    }
}
