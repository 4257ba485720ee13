/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

#include "cell.h"
#include "raiser.h"

static void raise(const struct mv_words *w)
{
    if (w->w[1] != 0)
        (void)mv_virq_raise(CAP_MAIN_A, w->w[1]);
    if (w->w[2] != 0)
        (void)mv_virq_raise(CAP_MAIN_B, w->w[2]);
    if (w->w[3] != 0)
        (void)mv_virq_raise(CAP_MAIN_C, w->w[3]);
}

int main(void)
{
    uint64_t payload = 0;

    for (;;) {
        struct mv_words w, copy;
        uint64_t source;

        if (mv_wait(&w, &source) != MV_OK)
            continue;
        if ((source & MV_SOURCE_VIRQ) != 0) {
            payload |= w.w[0];
            continue;
        }
        copy = w;
        switch (w.w[0]) {
        case RAISE:
            raise(&w);
            (void)mv_reply(&w, 0);
            break;
        case RAISE_LATER:
            (void)mv_reply(&w, 0);
            mv_sleep(copy.w[4]);
            raise(&copy);
            break;
        case RAISE_MANY:
            for (uint64_t i = 0; i < copy.w[1]; i++)
                (void)mv_virq_raise(CAP_MAIN_A, UINT64_C(1) << i % 64);
            (void)mv_reply(&w, 0);
            break;
        default:
            w.w[0] = payload;
            payload = 0;
            (void)mv_reply(&w, 0);
            break;
        }
    }
}
