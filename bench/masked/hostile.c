/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does all the time what keeps the kernel busy longest: long messages, much memory mapped,
 * split and unmapped, cells stopped and started, raises, timers that end at
 * once, calls that end by their deadline, faults of others, a trace switched on and off.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define BLOCK  UINT64_C(0x200000)
#define WINDOW UINT64_C(0x40000000)
#define LARGE  (16 * BLOCK)

static uint64_t state = 7;

static uint64_t next(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return state >> 33;
}

static void messages(void)
{
    struct mv_words w = { { 1 } };

    for (int i = 0; i < 8; i++) {
        (void)mv_call_extended(CAP_SERVER_DOOR, &w);
        (void)mv_call_until(CAP_TOY_DOOR, &w, mv_time_ns() + next() % (20 * MV_US));
    }
}

static void memory(void)
{
    uint64_t at = WINDOW + next() % 64 * MV_PAGE_SIZE, size = (1 + next() % 600) * MV_PAGE_SIZE;

    (void)mv_space_map(CAP_SPACE_MAIN, CAP_LARGE, at, 0, size, MV_MAP_READ | MV_MAP_WRITE);
    (void)mv_space_protect(CAP_SPACE_MAIN, at, size, MV_MAP_READ);
    (void)mv_space_unmap(CAP_SPACE_MAIN, at, size);
    (void)mv_space_map(CAP_SPACE_MAIN, CAP_LARGE, WINDOW, 0, LARGE, MV_MAP_READ | MV_MAP_WRITE);
    (void)mv_space_protect(CAP_SPACE_MAIN, WINDOW + next() % 1024 * MV_PAGE_SIZE, next() % 2048 * MV_PAGE_SIZE, MV_MAP_READ);
    (void)mv_space_unmap(CAP_SPACE_MAIN, WINDOW, LARGE);
}

static void cells(void)
{
    (void)mv_cell_stop(CAP_CELL_TOY);
    (void)mv_cell_start(CAP_CELL_TOY);
}

static void lines(void)
{
    for (int i = 0; i < 20; i++)
        (void)mv_virq_raise(CAP_TOY_LINE, next());
    for (int i = 0; i < 4; i++) {
        (void)mv_timer_set(CAP_T0 + (uint32_t)i, mv_time_ns() + 2 * MV_US, 20 * MV_US);
        (void)mv_timer_set(CAP_T0 + (uint32_t)i, 1, 20 * MV_US);
    }
    mv_sleep(30 * MV_US);
    for (int i = 0; i < 4; i++)
        (void)mv_timer_set(CAP_T0 + (uint32_t)i, 0, 0);
}

int main(void)
{
    for (;;) {
        switch (next() % 4) {
        case 0: messages(); break;
        case 1: memory(); break;
        case 2: cells(); break;
        case 3: lines(); break;
        }
    }
}
