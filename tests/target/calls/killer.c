/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

#include "cell.h"
#include "protocol.h"

int main(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        if (mv_wait(&w, &source) != MV_OK)
            continue;
        uint64_t delay = w.w[1];

        switch (w.w[0]) {
        case KILL_LATER:
            (void)mv_reply(&w, 0);
            mv_sleep(delay);
            (void)mv_cell_stop(CAP_CELL_SERVER);
            break;
        case KILL_NOW:
            w.w[0] = mv_cell_stop(CAP_CELL_SERVER);
            (void)mv_reply(&w, 0);
            break;
        default:
            w.w[0] = mv_cell_start(CAP_CELL_SERVER);
            (void)mv_reply(&w, 0);
            break;
        }
    }
}
