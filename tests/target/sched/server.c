/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

#include "cell.h"
#include "tape.h"

int main(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        if (st != MV_OK) {
            st = mv_wait(&w, &source);
            continue;
        }
        tape_write('(');
        if ((TAPE->serve_raises & 1) != 0)
            (void)mv_virq_raise(CAP_MID_GO, WORK_NOTE);
        if ((TAPE->serve_raises & 2) != 0)
            (void)mv_virq_raise(CAP_HIGH_GO, WORK_NOTE);
        for (uint64_t end = mv_time_ns() + TAPE->serve_ns; mv_time_ns() < end;)
            ;
        tape_write(')');
        st = mv_reply_wait(&w, &source);
    }
}
