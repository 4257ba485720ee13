/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile cells stop it, start it and write its registers. */
#include <libmv/libmv.h>

int main(void)
{
    for (;;) {
        struct mv_words w;
        uint64_t source;

        (void)mv_wait_flags(&w, &source, MV_DEADLINE, mv_time_ns() + MV_MS, 0);
    }
}
