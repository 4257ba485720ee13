/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that works as long as its caller says. */
#include "bound.h"

#include "cell.h"

/* Where an instruction takes a nanosecond. */
static void work(int64_t ns)
{
    __asm__ volatile("1: subs %0, %0, #2\n\tb.gt 1b" : "+r"(ns) : : "cc");
}

static void __attribute__((noreturn)) serve(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        if (st == MV_OK) {
#ifdef CAP_GOOD_DOOR
            struct mv_words inner = { { w.w[0], w.w[1] } };

            if (mv_call(CAP_GOOD_DOOR, &inner) != MV_OK || inner.w[1] != w.w[1] + 1)
                w.w[1] = 0;
#else
            work((int64_t)w.w[0]);
#endif
            BOARD->served++;
            w.w[1]++;
            st = mv_reply_wait(&w, &source);
        } else {
            st = mv_wait(&w, &source);
        }
    }
}

#ifdef RECOVERS
/* A service has passed its bound: it is given up. */
void mv_recover(uint64_t vcpu) __attribute__((noreturn));
void mv_recover(uint64_t vcpu)
{
    BOARD->recoveries++;
    BOARD->recovered_vcpu = vcpu;
    serve();
}
#endif

int main(void)
{
    (void)work;
    serve();
}
