/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

int main(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        if (mv_wait(&w, &source) != MV_OK || (source & MV_SOURCE_VIRQ) != 0)
            continue;
        /* Line 0 is the only one. */
        (void)mv_wait_flags(&w, &source, MV_LINES, 0, 1);
        w.w[0] = 0;
        (void)mv_reply(&w, 0);
    }
}
