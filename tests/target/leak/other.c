/* SPDX-License-Identifier: BSD-2-Clause */
/* An equal of the main cell, busy with all its registers, on demand. */
#include "mark.h"

#include "cell.h"

void load(uint64_t rounds, uint64_t result[31]);

int main(void)
{
    static uint64_t want[31], got[31];
    struct mv_words w;
    uint64_t source;

    load(3000, want);
    for (;;) {
        if (mv_wait(&w, &source) != MV_OK)
            continue;
        for (uint64_t end = mv_time_ns() + w.w[0]; mv_time_ns() < end;) {
            load(3000, got);
            FOUND->cell[CELL_INDEX].checks++;
            for (unsigned i = 1; i < 31; i++) {
                if (got[i] != want[i] && FOUND->cell[CELL_INDEX].wrong++ == 0) {
                    FOUND->cell[CELL_INDEX].where = i;
                    FOUND->cell[CELL_INDEX].value = got[i];
                }
            }
        }
    }
}
