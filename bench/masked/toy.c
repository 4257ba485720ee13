/* SPDX-License-Identifier: BSD-2-Clause */
/* Four vCPUs under the control of the hostile cell: one answers late, one faults, two wait. */
#include <libmv/libmv.h>

#include "cell.h"

int main(void)
{
    struct mv_words w;
    uint64_t source;

    switch (mv_vcpu_index()) {
    case 0:
        for (;;) {
            (void)mv_wait(&w, &source);
            mv_sleep(10 * MV_US);
            (void)mv_reply(&w, 0);
        }
    case 1:
        mv_sleep(20 * MV_US);
        __asm__ volatile("udf #0");
        break;
    default:
        for (;;)
            (void)mv_wait(&w, &source);
    }
    return 0;
}
