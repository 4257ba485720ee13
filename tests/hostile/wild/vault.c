/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that anybody may call, with data that nobody may change. */
#include "score.h"

#include "cell.h"

#define WORDS 1024
static uint64_t data[WORDS];

static uint64_t word(uint64_t i) { return i * UINT64_C(0x9e3779b97f4a7c15) ^ 0x7a317; }

int main(void)
{
    struct mv_words w;
    uint64_t source, at = 0;
    mv_status_t st;

    for (uint64_t i = 0; i < WORDS; i++)
        data[i] = word(i);
    st = mv_wait(&w, &source);
    for (;;) {
        uint64_t sum = 0;

        for (int i = 0; i < 64; i++, at++) {
            if (data[at % WORDS] != word(at % WORDS))
                SCORE->vault_wrong++;
        }
        if (st != MV_OK) {
            SCORE->vault_wrong += st != MV_CANCELLED;
            st = mv_wait(&w, &source);
            continue;
        }
        if ((source & MV_SOURCE_VIRQ) != 0) {
            SCORE->vault_lines++;
            st = mv_wait(&w, &source);
            continue;
        }
        for (int i = 0; i < MV_MESSAGE_WORDS; i++)
            sum += w.w[i];
        SCORE->vault_served++;
        w = (struct mv_words){ { sum, data[at % WORDS] } };
        st = mv_reply_wait_flags(&w, &source, at / 64 % 3, 0);
    }
}
