/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls a server of another partition, at any time in its own windows. */
#include "../lib/rt.h"

#include "calls.h"
#include "cell.h"

int main(void)
{
    uint64_t seed = 9;

    struct mv_words go;
    uint64_t source;

    while (mv_wait(&go, &source) != MV_OK)
        ;
    for (;;) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        /* Not while it sleeps: it uses its window. */
        for (uint64_t n = (seed >> 40) % 2000; n > 0; n--)
            rt_pass();

        uint64_t made = rt_ticks(), n = CALLS->count;
        struct mv_words w = { { 0 } };
        mv_status_t st = mv_call(CAP_SERVER_DOOR, &w);

        if (st != MV_OK) {
            CALLS->wrong++;
        } else if (n < CALLS_MOST) {
            CALLS->call[n].made = made;
            CALLS->call[n].begun = w.w[0];
            CALLS->call[n].ended = w.w[1];
            CALLS->call[n].back = rt_ticks();
            CALLS->count = n + 1;
        }
    }
}
