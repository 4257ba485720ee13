/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include "cell.h"

int main(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        if (st != MV_OK || (source & MV_SOURCE_VIRQ) != 0) {
            st = mv_wait(&w, &source);
            continue;
        }
        struct guard_slot *g = GUARD_SLOT(w.w[4], w.w[5]);
        uint64_t action = g->action;

        g->kind = w.w[0];
        g->pc = w.w[1];
        g->address = w.w[2];
        g->syndrome = w.w[3];
        g->badge = MV_SOURCE_BADGE(source);
        g->count++;
        if (action == GUARD_SKIP) {
            w.w[1] = g->resume != 0 ? g->resume : w.w[1] + 4;
            w.w[0] = MV_FAULT_RESUME_AT;
        } else {
            w.w[0] = action == GUARD_RETRY ? MV_FAULT_RESUME : MV_FAULT_STOP;
        }
        st = mv_reply_wait(&w, &source);
    }
}
