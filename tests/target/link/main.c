/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links between cells: frames go and come back, whoever is stopped and started
 * in between; none comes from another life or session, none is changed, and no
 * side finds that the other breaks rules.
 */
#include "test.h"

#include "exchange.h"

#include "cell.h"

#define ROUNDS 40

static struct exchange *const box = EXCHANGE;
static uint64_t seed = 1;

/* Sleep until this many more frames have come back. */
static bool goes_on(uint64_t frames)
{
    uint64_t goal = box->good + frames;

    for (int i = 0; i < 10000 && box->good < goal; i++)
        mv_sleep(MV_MS);
    return box->good >= goal;
}

static void again(uint32_t cell)
{
    EXPECT_STATUS(mv_cell_stop(cell), MV_OK);
    mv_sleep(test_random(&seed) % (2 * MV_MS));
    EXPECT_STATUS(mv_cell_start(cell), MV_OK);
}

static void nothing_wrong(void)
{
    EXPECT_EQ(box->wrong, 0);
    EXPECT_EQ(box->client_broken, 0);
    EXPECT_EQ(box->server_broken, 0);
}

static void steady(uint64_t pace)
{
    uint64_t wakes, good;

    box->pace = pace;
    EXPECT(goes_on(100));
    wakes = box->client_wakes + box->server_wakes;
    good = box->good;
    EXPECT(goes_on(2000));
    test_note("%lu frames under way: %lu frames, %lu wakes", pace, box->good - good,
              box->client_wakes + box->server_wakes - wakes);
    EXPECT_EQ(box->sessions, 1);
    EXPECT_EQ(box->resets, 0);
    nothing_wrong();
}

int main(void)
{
    test_start("link: frames go and come back");
    steady(1);
    steady(24);

    test_start("link: the server stops and starts");
    for (int i = 0; i < ROUNDS; i++) {
        again(CAP_CELL_SERVER);
        EXPECT(goes_on(50));
    }
    EXPECT_RANGE(box->sessions, ROUNDS + 1, UINT64_MAX);
    nothing_wrong();

    test_start("link: the client stops and starts");
    for (int i = 0; i < ROUNDS; i++) {
        again(CAP_CELL_CLIENT);
        EXPECT(goes_on(50));
    }
    EXPECT_RANGE(box->sessions, 2 * ROUNDS + 1, UINT64_MAX);
    nothing_wrong();

    test_start("link: both stop and start at any time");
    for (int i = 0; i < ROUNDS; i++) {
        for (uint64_t n = test_random(&seed) % 4; n > 0; n--) {
            again(test_random(&seed) & 1 ? CAP_CELL_CLIENT : CAP_CELL_SERVER);
            mv_sleep(test_random(&seed) % MV_MS);
        }
        EXPECT(goes_on(20));
    }
    nothing_wrong();
    test_note("%lu sessions, %lu resets, %lu frames", box->sessions, box->resets, box->good);
    test_finish();
}
