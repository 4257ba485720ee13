/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

#include "cell.h"
#include "tape.h"

int main(void)
{
    for (;;) {
        struct mv_words w;
        uint64_t source, work;

        if (mv_wait(&w, &source) != MV_OK)
            continue;
        work = w.w[0];
        if ((work & WORK_NOTE) != 0)
            tape_write(NAME);
        if ((work & WORK_SPIN) != 0) {
            while (TAPE->stop == 0)
                TAPE->spins[(unsigned char)NAME]++;
        }
        if ((work & WORK_YIELD) != 0) {
            for (int i = 0; i < 8; i++) {
                tape_write(NAME);
                (void)mv_yield();
            }
        }
#ifdef CAP_SERVER_DOOR
        if ((work & WORK_CALL) != 0) {
            tape_write(NAME);
            (void)mv_call(CAP_SERVER_DOOR, &w);
            tape_write(NAME);
        }
#endif
    }
}
