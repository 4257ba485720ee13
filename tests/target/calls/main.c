/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "cell.h"
#include "protocol.h"

#define SAME_CORE (CORE_COUNT == 1)

/* After this the others have come as far as they can; QEMU may lose the
 * processor for a while where instructions are not the clock. */
#ifdef TEST_ICOUNT
#define SETTLE (2 * MV_MS)
#else
#define SETTLE (15 * MV_MS)
#endif

static uint64_t *const no_source;

static uint64_t word(size_t i) { return (i + 1) * UINT64_C(0x0101010101010101) ^ i << 40; }

static mv_status_t ask(uint32_t portal, uint64_t what, uint64_t number, struct mv_words *w)
{
    *w = (struct mv_words){ { what, number } };
    return mv_call(portal, w);
}

static void expect_log(unsigned line, unsigned count, const uint64_t *want)
{
    struct mv_words w;

    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_LOG, 0, &w), MV_OK);
    if (w.w[0] != count)
        test_fail(__FILE__, line, "%lu entries in the log, expected %u", w.w[0], count);
    for (unsigned i = 0; i < count && i < 7; i++) {
        if (w.w[i + 1] != want[i])
            test_fail(__FILE__, line, "log entry %u is %lu, expected %lu", i, w.w[i + 1], want[i]);
    }
}
#define EXPECT_LOG(...) \
    do { \
        static const uint64_t want_[] = { __VA_ARGS__ }; \
        expect_log(__LINE__, sizeof(want_) / sizeof(want_[0]), want_); \
    } while (0)

/* ---- messages ------------------------------------------------------------------ */

static const size_t bytes[] = { 0, MV_FULL_BYTES, MV_EXTENDED_BYTES };

static void sizes(uint32_t portal, uint32_t badge)
{
    uint64_t *data = (uint64_t *)mv_message_data();

    for (uint64_t size = MV_SIZE_SHORT; size <= MV_SIZE_EXTENDED; size++) {
        struct mv_words w = { { DO_ECHO, 11, 22, 33, 44, 55, 66, 77 } };
        uint64_t source;

        for (size_t i = 0; i < MV_EXTENDED_BYTES / 8; i++)
            data[i] = word(i);
        EXPECT_STATUS(test_message(MV_CALL_call, portal, size, 0, &w, &source), MV_OK);
        EXPECT_EQ(source, size << MV_SOURCE_SIZE_SHIFT);
        EXPECT_EQ(w.w[0], ~(uint64_t)DO_ECHO);
        for (uint64_t i = 1; i < 7; i++)
            EXPECT_EQ(w.w[i], ~(i * 11));
        EXPECT_EQ(w.w[7], badge);
        for (size_t i = 0; i < MV_EXTENDED_BYTES / 8; i++) {
            uint64_t want = i < bytes[size] / 8 ? ~word(i) : word(i);

            if (data[i] != want) {
                test_fail(__FILE__, __LINE__, "size %lu: word %lu is 0x%lx, expected 0x%lx", size,
                          i, data[i], want);
                break;
            }
        }
    }
}

static void reply_sizes(void)
{
    uint64_t *data = (uint64_t *)mv_message_data();

    for (uint64_t ask_size = 0; ask_size < 3; ask_size++) {
        for (uint64_t size = 0; size < 3; size++) {
            struct mv_words w = { { DO_SIZE, size } };
            uint64_t source;

            for (size_t i = 0; i < MV_EXTENDED_BYTES / 8; i++)
                data[i] = word(i);
            EXPECT_STATUS(test_message(MV_CALL_call, CAP_SERVER_DOOR, ask_size, 0, &w, &source),
                          MV_OK);
            EXPECT_EQ(source, size << MV_SOURCE_SIZE_SHIFT);
            EXPECT_EQ(w.w[2], 0x1234 | ask_size << MV_SOURCE_SIZE_SHIFT);
            /* The server's buffer holds what came with this call, and after
             * that what earlier ones brought: the same words. */
            for (size_t i = 0; i < bytes[size < ask_size ? size : ask_size] / 8; i++)
                EXPECT_EQ(data[i], word(i));
        }
    }
}

static void messages(void)
{
    struct mv_words w;

    test_start("calls: sizes and badges");
    sizes(CAP_SERVER_DOOR, 0x1234);
    sizes(CAP_SERVER_AGAIN, 0xffff);
    test_start("calls: the reply has a size of its own");
    reply_sizes();

    test_start("calls: a thousand in a row");
    for (uint64_t i = 0; i < 1000; i++) {
        w = (struct mv_words){ { DO_ECHO, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6 } };
        EXPECT_STATUS(mv_call(CAP_SERVER_DOOR, &w), MV_OK);
        EXPECT_EQ(w.w[1], ~i);
        EXPECT_EQ(w.w[6], ~(i + 5));
    }

    test_start("calls: a reply answers once");
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_TWICE, 0, &w), MV_OK);
    EXPECT_LOG(MV_OK, MV_NO_CALLER);

    test_start("calls: no wait while serving");
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_WAIT, 0, &w), MV_OK);
    EXPECT_STATUS(w.w[0], MV_BUSY);

    test_start("calls: a server calls on");
    for (uint64_t i = 1; i < 50; i++) {
        EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_NEST, i, &w), MV_OK);
        EXPECT_STATUS(w.w[0], MV_OK);
        EXPECT_EQ(w.w[1], 2 * i);
    }
    EXPECT_STATUS(ask(CAP_FAR_DOOR, 21, 0, &w), MV_OK);
    EXPECT_EQ(w.w[0], 42);
}

/* ---- no wait, and time-outs -------------------------------------------------------- */

static void hold(void)
{
    struct mv_words w;

    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_HOLD, 0, &w), MV_OK);
}

static void release(void)
{
    EXPECT_STATUS(mv_virq_raise(CAP_SERVER_LINE, 1), MV_OK);
}

static void expect_timeout(mv_status_t st, uint64_t deadline, unsigned line)
{
    uint64_t now = test_now();

    if (st != MV_TIMEOUT)
        test_fail(__FILE__, line, "%s, expected MV_TIMEOUT", test_status_name(st));
    if (now < deadline)
        test_fail(__FILE__, line, "%lu ns before the deadline", deadline - now);
    if (now > deadline + 400 * MV_MS)
        test_fail(__FILE__, line, "%lu ns after the deadline", now - deadline);
}

static void timeouts(void)
{
    struct mv_words w = { { 0 } };
    uint64_t source, deadline;

    test_start("calls: a wait ends at its deadline");
    deadline = test_now() + 3 * MV_MS;
    expect_timeout(mv_wait_flags(&w, &source, MV_DEADLINE, deadline, 0), deadline, __LINE__);
    deadline = test_now() + 3 * MV_MS;
    expect_timeout(mv_wait_flags(&w, &source, MV_DEADLINE | MV_LINES, deadline, 1), deadline,
                   __LINE__);
    deadline = test_now() + 3 * MV_MS;
    expect_timeout(mv_reply_wait_flags(&w, &source, MV_DEADLINE, deadline), deadline, __LINE__);
    /* Deadlines in the past, also 0. */
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, test_now() - 1, 0), MV_TIMEOUT);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE, 0, 0), MV_TIMEOUT);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_DEADLINE | MV_LINES, 0, 0), MV_TIMEOUT);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_NOWAIT, 0, 0), MV_WOULD_BLOCK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_NOWAIT | MV_LINES, 0, UINT64_MAX), MV_WOULD_BLOCK);

    test_start("calls: one that is queued ends at its deadline");
    hold();
    for (int i = 0; i < 3; i++) {
        w = (struct mv_words){ { DO_NOTE, 1 } };
        deadline = test_now() + 2 * MV_MS;
        expect_timeout(mv_call_until(CAP_SERVER_DOOR, &w, deadline), deadline, __LINE__);
    }
    release();
    expect_log(__LINE__, 0, NULL);           /* none of them arrived */

    test_start("calls: one that is served ends at its deadline");
    w = (struct mv_words){ { DO_REPLY_LATER } };
    deadline = test_now() + 2 * MV_MS;
    expect_timeout(mv_call_until(CAP_SERVER_DOOR, &w, deadline), deadline, __LINE__);
    release();
    EXPECT_LOG(MV_NO_CALLER);
    w = (struct mv_words){ { DO_LISTEN } };
    deadline = test_now() + 2 * MV_MS;
    expect_timeout(mv_call_until(CAP_SERVER_DOOR, &w, deadline), deadline, __LINE__);
    release();                               /* the answer finds nobody */
    /* A server that uses the core all the time. */
    w = (struct mv_words){ { DO_SPIN, 10 * SETTLE } };
    deadline = test_now() + 5 * MV_MS;
    expect_timeout(mv_call_until(CAP_SERVER_DOOR, &w, deadline), deadline, __LINE__);

    test_start("calls: a deadline that is not reached does nothing");
    for (int i = 0; i < 20; i++) {
        w = (struct mv_words){ { DO_ECHO, (uint64_t)i } };
        EXPECT_STATUS(mv_call_until(CAP_SERVER_DOOR, &w, test_now() + 500 * MV_MS), MV_OK);
        EXPECT_EQ(w.w[1], ~(uint64_t)i);
    }
    mv_sleep(3 * MV_MS);
    deadline = test_now() + MV_S * 1000;
    w = (struct mv_words){ { DO_ECHO, 3 } };
    EXPECT_STATUS(mv_call_until(CAP_SERVER_DOOR, &w, deadline), MV_OK);
    w = (struct mv_words){ { DO_ECHO, 3 } };
    EXPECT_STATUS(mv_call_until(CAP_SERVER_DOOR, &w, UINT64_MAX), MV_OK);

    test_start("calls: no wait for a busy server");
    w = (struct mv_words){ { DO_ECHO, 5 } };
    EXPECT_STATUS(test_message(MV_CALL_call, CAP_SERVER_DOOR, MV_NOWAIT, 0, &w, no_source), MV_OK);
    EXPECT_EQ(w.w[1], ~UINT64_C(5));
    hold();
    w = (struct mv_words){ { DO_NOTE, 1 } };
    EXPECT_STATUS(test_message(MV_CALL_call, CAP_SERVER_DOOR, MV_NOWAIT, 0, &w, no_source),
                  MV_WOULD_BLOCK);
    EXPECT_STATUS(test_message(MV_CALL_call, CAP_SERVER_DOOR, MV_NOWAIT | MV_DEADLINE,
                               test_now() + MV_S, &w, no_source), MV_WOULD_BLOCK);
    release();
    expect_log(__LINE__, 0, NULL);
}

/* ---- circles ----------------------------------------------------------------------- */

static void circles(void)
{
    struct mv_words w;

    test_start(SAME_CORE ? "calls: a circle is refused" : "calls: a circle of two cores times out");
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_BACK, test_now() + 3 * MV_MS, &w), MV_OK);
    EXPECT_STATUS(w.w[0], SAME_CORE ? MV_DEADLOCK : MV_TIMEOUT);
}

/* ---- queues -------------------------------------------------------------------------- */

static void queues(void)
{
    struct mv_words w;

    test_start("calls: the most urgent caller is served first");
    hold();
    EXPECT_STATUS(mv_virq_raise(CAP_C1_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_STATUS(mv_virq_raise(CAP_C3_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_STATUS(mv_virq_raise(CAP_C4_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_STATUS(mv_virq_raise(CAP_C2_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    release();
    mv_sleep(SETTLE);
    EXPECT_LOG(3, 4, 2, 1);

    test_start("calls: a caller that is stopped leaves the queue");
    hold();
    EXPECT_STATUS(mv_virq_raise(CAP_C1_GO, DO_NOTE), MV_OK);
    EXPECT_STATUS(mv_virq_raise(CAP_C2_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_C1), MV_OK);
    release();
    mv_sleep(SETTLE);
    EXPECT_LOG(2);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_C1), MV_OK);
    EXPECT_STATUS(mv_virq_raise(CAP_C1_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_LOG(1);

    test_start("calls: a caller that is stopped while it is served");
    EXPECT_STATUS(mv_virq_raise(CAP_C1_GO, DO_REPLY_LATER), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_C1), MV_OK);
    release();
    mv_sleep(SETTLE);
    EXPECT_LOG(MV_NO_CALLER);
    /* And restarted while the server still holds its call. */
    EXPECT_STATUS(mv_cell_start(CAP_CELL_C1), MV_OK);
    EXPECT_STATUS(mv_virq_raise(CAP_C1_GO, DO_REPLY_LATER), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_C1), MV_OK);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_C1), MV_OK);
    EXPECT_STATUS(mv_virq_raise(CAP_C1_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    release();
    mv_sleep(SETTLE);
    EXPECT_LOG(MV_NO_CALLER, 1);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_ECHO, 1, &w), MV_OK);
}

/* ---- a server that stops ---------------------------------------------------------------- */

static void kill_and_start(void)
{
    struct mv_words w;

    test_start("calls: the server stops before it answers");
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_STARTS, 0, &w), MV_OK);
    EXPECT_EQ(w.w[0], 0x1122334455667788);
    EXPECT_EQ(w.w[1], 0);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_STARTS, 0, &w), MV_OK);
    EXPECT_EQ(w.w[0], 0x1122334455667789);
    EXPECT_EQ(w.w[1], 1);
    EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_LATER, SETTLE, &w), MV_OK);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_LISTEN, 0, &w), MV_CANCELLED);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_ECHO, 0, &w), MV_CANCELLED);
    w = (struct mv_words){ { DO_ECHO } };
    EXPECT_STATUS(mv_call_until(CAP_SERVER_DOOR, &w, test_now() + MV_MS), MV_CANCELLED);
    EXPECT_STATUS(test_message(MV_CALL_call, CAP_SERVER_DOOR, MV_NOWAIT, 0, &w, no_source),
                  MV_CANCELLED);

    test_start("calls: a server that is started again is as new");
    EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_START, 0, &w), MV_OK);
    EXPECT_STATUS(w.w[0], MV_OK);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_STARTS, 0, &w), MV_OK);
    EXPECT_EQ(w.w[0], 0x1122334455667788);
    EXPECT_EQ(w.w[1], 0);

    test_start("calls: the server stops while callers are queued");
    hold();
    EXPECT_STATUS(mv_virq_raise(CAP_C2_GO, DO_NOTE), MV_OK);
    EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_LATER, SETTLE, &w), MV_OK);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_NOTE, 9, &w), MV_CANCELLED);
    EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_START, 0, &w), MV_OK);
    expect_log(__LINE__, 0, NULL);
    EXPECT_STATUS(mv_virq_raise(CAP_C2_GO, DO_NOTE), MV_OK);
    mv_sleep(SETTLE);
    EXPECT_LOG(2);

    test_start("calls: the server stops while it has called on");
    EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_LATER, SETTLE, &w), MV_OK);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_BACK, test_now() + 10 * SETTLE, &w),
                  SAME_CORE ? MV_OK : MV_CANCELLED);
    mv_sleep(SETTLE);
    EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_START, 0, &w), MV_OK);
    EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_ECHO, 5, &w), MV_OK);
    EXPECT_EQ(w.w[1], ~UINT64_C(5));

    test_start("calls: stopped and started a hundred times");
    for (uint64_t i = 0; i < 100; i++) {
        EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_NOW, 0, &w), MV_OK);
        EXPECT_STATUS(w.w[0], MV_OK);
        EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_ECHO, i, &w), MV_CANCELLED);
        EXPECT_STATUS(ask(CAP_KILLER_DOOR, KILL_START, 0, &w), MV_OK);
        EXPECT_STATUS(w.w[0], MV_OK);
        EXPECT_STATUS(ask(CAP_SERVER_DOOR, DO_ECHO, i, &w), MV_OK);
        EXPECT_EQ(w.w[1], ~i);
    }
}

int main(void)
{
    messages();
    timeouts();
    circles();
    queues();
    kill_and_start();
    test_finish();
}
