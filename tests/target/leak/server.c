/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers calls; every wait and reply is made with all registers marked, and
 * what comes back is checked. It answers in each of the ways there are.
 */
#include "mark.h"

#include "cell.h"

static uint64_t turn;

/* A MESSAGE call with the words that are given and all else marked. */
static mv_status_t marked(unsigned number, uint64_t x8, uint64_t x9, struct mv_words *io,
                          uint64_t *source)
{
    struct test_regs r, before;

    mark_fill(&r, turn++);
    for (int i = 0; i < MV_MESSAGE_WORDS; i++)
        r.x[i] = io->w[i];
    r.x[8] = x8;
    r.x[9] = x9;
    before = r;
    test_svc(number, &r);
    mark_check(&before, &r, number, true);
    for (int i = 0; i < MV_MESSAGE_WORDS; i++)
        io->w[i] = r.x[i];
    *source = r.x[9];
    return r.x[8];
}

int main(void)
{
    struct mv_words w = { { 0 } };
    uint64_t source;
    mv_status_t st = marked(MV_CALL_wait, 0, 0, &w, &source);

    for (;;) {
        uint64_t way = turn % 4, size = MV_SOURCE_SIZE(source);

        if (st != MV_OK || (source & MV_SOURCE_VIRQ) != 0) {
            st = marked(MV_CALL_wait, 0, 0, &w, &source);
            continue;
        }
        for (int i = 0; i < MV_MESSAGE_WORDS; i++)
            w.w[i] = ~w.w[i];
        if (way == 0)
            (void)mv_virq_raise(CAP_MAIN_LINE, 1);
        if (way == 1) {
            (void)marked(MV_CALL_reply, 0, size, &w, &source);
            st = marked(MV_CALL_wait, 0, 0, &w, &source);
        } else {
            st = marked(MV_CALL_reply_wait, 0, size, &w, &source);
        }
    }
}
