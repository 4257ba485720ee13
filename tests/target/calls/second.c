/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers each call with its first word doubled. */
#include <libmv/libmv.h>

int main(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        w.w[0] *= 2;
        st = st == MV_OK ? mv_reply_wait(&w, &source) : mv_wait(&w, &source);
    }
}
