/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include "cell.h"
#include "fp.h"

/* Cells of the description before the users: judge, guard, main, server. */
#define FIRST_USER 4
#define USERS 4

int main(void)
{
    static const uint32_t cap[USERS] = { CAP_CELL_ONE, CAP_CELL_TWO, CAP_CELL_THREE, CAP_CELL_FOUR };
    struct guard_slot *g = GUARD_SLOT(FIRST_USER + USERS, 0);

    test_start("fp: nothing is lost or mixed up");
    mv_sleep(150 * MV_MS);
    for (int i = 0; i < 20; i++) {
        mv_sleep(2 * MV_MS);
        EXPECT_STATUS(mv_cell_stop(cap[i % USERS]), MV_OK);
        while (mv_cell_start(cap[i % USERS]) == MV_BUSY)
            mv_sleep(100 * MV_US);
    }
    mv_sleep(20 * MV_MS);
    /* On a host that is busy the last one may need longer to begin. */
    for (int i = FIRST_USER; i < FIRST_USER + USERS; i++)
        for (int n = 0; n < 100 && FP_BOARD->cell[i].starts < 6; n++)
            mv_sleep(20 * MV_MS);
    for (int i = FIRST_USER; i < FIRST_USER + USERS; i++) {
        if (FP_BOARD->cell[i].wrong != 0)
            test_fail(__FILE__, __LINE__, "cell %d: word %lu was 0x%lx, expected 0x%lx", i,
                      FP_BOARD->cell[i].where, FP_BOARD->cell[i].got, FP_BOARD->cell[i].want);
        EXPECT_RANGE(FP_BOARD->cell[i].rounds, 20, UINT64_MAX);
    }
    test_start("fp: a cell starts with zeros");
    for (int i = FIRST_USER; i < FIRST_USER + USERS; i++) {
        EXPECT_EQ(FP_BOARD->cell[i].dirty, 0);
        EXPECT_EQ(FP_BOARD->cell[i].starts, 6);
    }
    test_start("fp: a cell without FP faults");
    EXPECT_STATUS(mv_cell_start(CAP_CELL_NONE), MV_OK);
    for (int i = 0; i < 200 && FP_BOARD->none_after == 0; i++)
        mv_sleep(5 * MV_MS);
    EXPECT_EQ(g->count, 3);
    EXPECT_EQ(g->kind, MV_FAULT_FP);
    EXPECT_EQ(FP_BOARD->none_after, 1);
    test_finish();
}
