/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses the FP registers in each second call, and keeps its own between calls. */
#include "fp.h"

int main(void)
{
    static struct fp_state mine;
    struct mv_words w;
    uint64_t source, round = 0;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        if (round++ % 2 == 0) {
            fp_pattern(&mine, 99, round);
            fp_load(&mine);
        }
        st = st == MV_OK ? mv_reply_wait(&w, &source) : mv_wait(&w, &source);
    }
}
