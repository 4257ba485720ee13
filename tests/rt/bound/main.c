/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Services that take longer than their caller can pay for. The hostile cell has 10 us
 * of each millisecond; main is the other client, whose calls must not wait longer
 * than that and the portal's bound.
 */
#include "../../target/lib/test.h"
#include "bound.h"

#include "cell.h"

#define HOSTILE_NS (10 * MV_US)        /* its budget */
#define BOUND_NS   (50 * MV_US)
#define OWN_NS     (2 * MV_US)         /* what main asks for */
#define KERNEL_NS  (5 * MV_US)         /* calls, replies, switches, the recovery */

static struct board *const board = BOARD;
static uint64_t seed = 3;

static void hostile(uint64_t what)
{
    board->stop = 0;
    board->calls = board->ok = board->timeouts = board->others = 0;
    board->recoveries = board->served = 0;
    board->recovered_vcpu = UINT64_MAX;
    EXPECT_STATUS(mv_virq_raise(CAP_HOSTILE_GO, what), MV_OK);
}

static void quiet(void)
{
    board->stop = 1;
    mv_sleep(20 * MV_MS);              /* what it owes is paid */
}

static mv_status_t call(uint32_t portal, uint64_t work_ns)
{
    struct mv_words w = { { work_ns, 41 } };
    mv_status_t st = mv_call(portal, &w);

    if (st == MV_OK)
        EXPECT_EQ(w.w[1], 42);
    return st;
}

/* The longest of `count` calls at any time. */
static uint64_t longest_call(uint32_t portal, unsigned count)
{
    uint64_t longest = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t start;

        mv_sleep(test_random(&seed) % (2 * MV_MS));
        start = test_now();
        EXPECT_STATUS(call(portal, OWN_NS), MV_OK);
        start = test_now() - start;
        longest = start > longest ? start : longest;
    }
    return longest;
}

static void expect_bounded(const char *name, uint32_t portal, uint64_t what)
{
    uint64_t longest;

    test_start(name);
    hostile(what);
    longest = longest_call(portal, 2000);
    test_note("%s: the longest call took %lu ns; %lu calls, %lu given up, %lu recoveries", name, longest, board->calls,
              board->timeouts, board->recoveries);
    EXPECT_RANGE(longest, OWN_NS, HOSTILE_NS + BOUND_NS + OWN_NS + KERNEL_NS);
    EXPECT(board->calls > 300);
    quiet();
}

static void recovery(void)
{
    test_start("bound: passed, the server recovers, its caller gives up");
    hostile(TO_GOOD);
    mv_sleep(100 * MV_MS + MV_MS / 2);
    EXPECT_RANGE(board->calls, 15, 20);         /* each takes what six periods give */
    EXPECT_RANGE(board->timeouts, board->calls - 1, board->calls);
    EXPECT_RANGE(board->recoveries, board->timeouts, board->timeouts + 1);
    EXPECT_EQ(board->ok + board->others, 0);
    EXPECT_EQ(board->recovered_vcpu, 0);
    EXPECT_EQ(board->served, 0);
    quiet();
    EXPECT_STATUS(call(CAP_GOOD_DOOR, 3 * BOUND_NS), MV_OK);    /* who can pay for more gets it */
}

static void without_recovery(void)
{
    const struct mv_vcpu_state *state = mv_message_data();

    test_start("bound: without a recovery entry the server stops");
    hostile(TO_BARE);
    mv_sleep(10 * MV_MS);
    EXPECT_EQ(board->timeouts, 1);
    EXPECT_EQ(board->ok, 0);
    quiet();
    EXPECT_STATUS(mv_vcpu_read(CAP_VCPU_BARE_0), MV_OK);
    EXPECT_EQ(state->run_state, MV_STATE_FAULTED);
    EXPECT_EQ(state->fault, MV_FAULT_BOUND);
    EXPECT_STATUS(call(CAP_BARE_DOOR, OWN_NS), MV_CANCELLED);
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_BARE), MV_OK);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_BARE), MV_OK);
    mv_sleep(MV_MS);
    EXPECT_STATUS(call(CAP_BARE_DOOR, OWN_NS), MV_OK);
}

static void without_bound(void)
{
    uint64_t longest;

    test_start("bound: without one, the server waits with its caller");
    hostile(TO_OPEN);
    longest = longest_call(CAP_OPEN_DOOR, 5);
    test_note("without a bound the longest call took %lu us", longest / MV_US);
    EXPECT_RANGE(longest, 10 * MV_MS, 120 * MV_MS);     /* 1 ms of work, 10 us of each ms */
    EXPECT_EQ(board->timeouts + board->others, 0);
    board->stop = 1;
    mv_sleep(150 * MV_MS);
    EXPECT(board->ok != 0);
    EXPECT_STATUS(call(CAP_OPEN_DOOR, OWN_NS), MV_OK);
}

static void through_another(void)
{
    test_start("bound: of a server that waits for another one");
    hostile(TO_MIDDLE);
    mv_sleep(100 * MV_MS + MV_MS / 2);
    EXPECT_RANGE(board->timeouts, 14, 20);
    EXPECT_EQ(board->ok + board->others, 0);
    EXPECT_RANGE(board->recoveries, board->timeouts, 2 * board->timeouts + 2);
    quiet();
    EXPECT_STATUS(call(CAP_MIDDLE_DOOR, OWN_NS), MV_OK);
    EXPECT_STATUS(call(CAP_GOOD_DOOR, OWN_NS), MV_OK);
}

/* Whoever stops a client, or starts it anew, at any moment: what it has asked for is
 * done then, on the portal's account. */
static void killed(void)
{
    uint64_t longest = 0;

    test_start("bound: the caller is stopped, started at any moment");
    for (unsigned i = 0; i < 100; i++) {
        uint64_t start;

        hostile(i % 2 ? TO_GOOD : TO_MIDDLE);
        mv_sleep(test_random(&seed) % (80 * MV_US));
        EXPECT_STATUS(mv_cell_stop(CAP_CELL_HOSTILE), MV_OK);
        start = test_now();
        EXPECT_STATUS(call(CAP_GOOD_DOOR, OWN_NS), MV_OK);
        EXPECT_STATUS(call(CAP_MIDDLE_DOOR, OWN_NS), MV_OK);
        start = test_now() - start;
        longest = start > longest ? start : longest;
        EXPECT_STATUS(mv_cell_start(CAP_CELL_HOSTILE), MV_OK);
        mv_sleep(7 * MV_MS);           /* what it owes is paid */
    }
    test_note("its caller was stopped: the longest call took %lu ns", longest);
    EXPECT_RANGE(longest, OWN_NS, MV_MS + OWN_NS + 2 * KERNEL_NS);
    quiet();
}

int main(void)
{
    mv_sleep(2 * MV_MS);
    recovery();
    expect_bounded("bound: a hostile client makes no other wait longer", CAP_GOOD_DOOR, TO_GOOD);
    expect_bounded("bound: nor with what is left of its budget", CAP_GOOD_DOOR, TO_GOOD | SPIN_FIRST);
    expect_bounded("bound: nor when it leaves its call", CAP_GOOD_DOOR, TO_GOOD | GIVE_UP);
    expect_bounded("bound: nor through another server", CAP_GOOD_DOOR, TO_MIDDLE | SPIN_FIRST);
    expect_bounded("bound: nor those who call that one", CAP_MIDDLE_DOOR, TO_MIDDLE | SPIN_FIRST);
    without_recovery();
    without_bound();
    through_another();
    killed();
    test_finish();
}
