/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes its core for 3 ms of each 10 ms. */
#include <libmv/libmv.h>

int main(void)
{
    struct mv_period p;

    mv_period_start(&p, 10 * MV_MS);
    for (;;) {
        uint64_t end = mv_time_ns() + 3 * MV_MS;

        while (mv_time_ns() < end)
            ;
        (void)mv_period_wait(&p);
    }
}
