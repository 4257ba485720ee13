/* SPDX-License-Identifier: BSD-2-Clause */
#include "fp.h"

#include "cell.h"

static void compare(const struct fp_state *got, const struct fp_state *want)
{
    const uint64_t *g = (const uint64_t *)got, *w = (const uint64_t *)want;

    for (uint64_t i = 0; i < sizeof(*got) / 8; i++) {
        if (g[i] != w[i]) {
            FP_BOARD->cell[CELL_INDEX].where = i;
            FP_BOARD->cell[CELL_INDEX].got = g[i];
            FP_BOARD->cell[CELL_INDEX].want = w[i];
            FP_BOARD->cell[CELL_INDEX].wrong++;
            return;
        }
    }
}

int main(void)
{
    static struct fp_state want, got;
    struct mv_words w;

    /* A cell starts with all of it zero, whoever ran before. */
    fp_store(&got);
    for (uint64_t i = 0; i < sizeof(got) / 8; i++) {
        if (((uint64_t *)&got)[i] != 0)
            FP_BOARD->cell[CELL_INDEX].dirty++;
    }
    FP_BOARD->cell[CELL_INDEX].starts++;
    for (uint64_t round = 0;; round++) {
        uint64_t end;

        fp_pattern(&want, CELL_INDEX + 1, round);
        fp_load(&want);
        switch (round % 5) {
        case 0:
            (void)mv_yield();
            break;
        case 1:
            mv_sleep(50 * MV_US);
            break;
        case 2:
            end = mv_time_ns() + 100 * MV_US;
            while (mv_time_ns() < end)
                ;
            break;
        case 3:
            w = (struct mv_words){ { 1 } };
            (void)mv_call(CAP_SERVER_DOOR, &w);
            break;
        case 4:
            (void)mv_null();
            break;
        }
        fp_store(&got);
        compare(&got, &want);
        FP_BOARD->cell[CELL_INDEX].rounds++;
    }
}
