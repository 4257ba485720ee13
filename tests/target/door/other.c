/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers each call with its words in reverse order, and its badge. */
#include <libmv/libmv.h>

int main(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        struct mv_words r;

        if (st != MV_OK || (source & MV_SOURCE_VIRQ) != 0) {
            st = mv_wait(&w, &source);
            continue;
        }
        for (int i = 0; i < MV_MESSAGE_WORDS; i++)
            r.w[i] = w.w[MV_MESSAGE_WORDS - 1 - i];
        r.w[7] = MV_SOURCE_BADGE(source);
        w = r;
        st = mv_reply_wait(&w, &source);
    }
}
