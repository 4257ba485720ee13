/* SPDX-License-Identifier: BSD-2-Clause */
#include "../lib/guard.h"
#include "mark.h"

#include "cell.h"

#define FREE UINT64_C(0x1400000)

_Static_assert(offsetof(struct found, newborn) == 16 * 40, "newborn.S writes there");

void load(uint64_t rounds, uint64_t result[31]);

static uint64_t turn;

/* A call with all registers marked but for its arguments: x[first] and up. */
static struct test_regs marked(unsigned number, unsigned first, unsigned count,
                               const uint64_t *argument)
{
    struct test_regs r, before;
    bool to_portal = number == MV_CALL_call;

    mark_fill(&r, turn++);
    for (unsigned i = 0; i < count; i++)
        r.x[first + i] = argument[i];
    before = r;
    test_svc(number, &r);
    mark_check(&before, &r, number, to_portal || number == MV_CALL_wait);
    return r;
}
#define PLAIN(number, ...) \
    marked(number, 1, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, (uint64_t[]){ __VA_ARGS__ })
#define MESSAGE(number, ...) \
    marked(number, 8, sizeof((uint64_t[]){ __VA_ARGS__ }) / 8, (uint64_t[]){ __VA_ARGS__ })

static const char *const names[] = { "judge", "guard", "main", "server", "far", "other", "above" };

static void expect_nothing_found(unsigned line)
{
    for (unsigned i = 2; i < 7; i++) {
        if (FOUND->cell[i].wrong != 0)
            test_fail(__FILE__, line, "%s found 0x%lx in x%lu after call %lu (%lu times)", names[i],
                      FOUND->cell[i].value, FOUND->cell[i].where, FOUND->cell[i].number,
                      FOUND->cell[i].wrong);
        FOUND->cell[i].wrong = 0;
    }
}

static void plain_calls(void)
{
    test_start("leak: system calls return results and nothing else");
    for (int round = 0; round < 3; round++) {
        PLAIN(MV_CALL_null, 0);
        PLAIN(MV_CALL_yield, 0);
        PLAIN(MV_CALL_virq_raise, CAP_SERVER_LINE, 5);
        PLAIN(MV_CALL_virq_mask, CAP_LINE);
        PLAIN(MV_CALL_virq_unmask, CAP_LINE);
        PLAIN(MV_CALL_virq_ack, CAP_LINE);
        PLAIN(MV_CALL_timer_set, CAP_TICK, test_now() + MV_S, 0);
        PLAIN(MV_CALL_timer_set, CAP_TICK, 0, 0);
        PLAIN(MV_CALL_space_map, CAP_SPACE_MAIN, CAP_PAGE, FREE, 0, 0x1000, MV_MAP_READ);
        PLAIN(MV_CALL_space_map, CAP_SPACE_MAIN, CAP_PAGE, FREE, 0, 0x1000, MV_MAP_READ);
        PLAIN(MV_CALL_space_protect, CAP_SPACE_MAIN, FREE, 0x1000, MV_MAP_READ | MV_MAP_WRITE);
        PLAIN(MV_CALL_space_unmap, CAP_SPACE_MAIN, FREE, 0x1000, 0);
        PLAIN(MV_CALL_space_unmap, CAP_SPACE_MAIN, FREE, 0x1000, 0);
        PLAIN(MV_CALL_vcpu_stop, CAP_VCPU_IDLE_0);
        PLAIN(MV_CALL_vcpu_read, CAP_VCPU_IDLE_0);
        PLAIN(MV_CALL_vcpu_write, CAP_VCPU_IDLE_0);
        PLAIN(MV_CALL_vcpu_counters, CAP_VCPU_IDLE_0);
        PLAIN(MV_CALL_vcpu_start, CAP_VCPU_IDLE_0);
        PLAIN(MV_CALL_vcpu_start, CAP_VCPU_IDLE_0);
        PLAIN(MV_CALL_cell_inspect, CAP_CELL_IDLE);
        PLAIN(MV_CALL_cell_stop, CAP_CELL_IDLE);
        PLAIN(MV_CALL_cell_start, CAP_CELL_IDLE);
        PLAIN(MV_CALL_trace_set, CAP_TRACE, (uint64_t)(round == 1 ? MV_TRACE_ALL : 0));
        PLAIN(MV_CALL_upcall_set, 0, 0, 0);
        PLAIN(MV_CALL_system_reset, 0, 0);
        PLAIN(MV_CALL_COUNT, 0);
        for (unsigned number = MV_CALL_virq_raise; number < MV_CALL_COUNT; number++) {
            if (number == MV_CALL_upcall_set)
                continue;                      /* names no object: the marks would be taken */
            PLAIN(number, 0);                  /* no capability, and numbers that are none */
            PLAIN(number, UINT64_MAX);
        }
    }
    expect_nothing_found(__LINE__);
}

static void message_calls(void)
{
    test_start("leak: calls and replies bring the message and nothing else");
    for (uint64_t i = 0; i < 400; i++) {
        uint64_t portal = i % 5 == 4 ? CAP_FAR_DOOR : CAP_SERVER_DOOR;
        uint64_t flags = i % 7 == 1 ? MV_SIZE_FULL : i % 7 == 2 ? MV_SIZE_EXTENDED : 0;

        if (i % 11 == 10)
            flags |= MV_DEADLINE;
        struct test_regs r = MESSAGE(MV_CALL_call, portal, flags, test_now() + MV_S);

        EXPECT_STATUS(r.x[8], MV_OK);
        for (uint64_t k = 0; k < 8; k++)
            EXPECT_EQ(r.x[k], ~((uint64_t)MARK << 56 | k << 48 | (turn - 1)));
        MESSAGE(MV_CALL_call, CAP_SERVER_DOOR, 3, 0);
        MESSAGE(MV_CALL_call, 0, 0, 0);
        MESSAGE(MV_CALL_call, CAP_SERVER_DOOR, MV_NOWAIT, 0);
        MESSAGE(MV_CALL_wait, 0, MV_NOWAIT, 0);
        MESSAGE(MV_CALL_wait, 0, MV_NOWAIT | MV_LINES, 0);
        MESSAGE(MV_CALL_reply, 0, 0, 0);
        MESSAGE(MV_CALL_reply, 0, 99, 0);
        MESSAGE(MV_CALL_reply_wait, 0, 99, 0);
        if (i % 20 == 0) {
            MESSAGE(MV_CALL_wait, 0, MV_DEADLINE, test_now() + 200 * MV_US);
            MESSAGE(MV_CALL_reply_wait, 0, MV_DEADLINE, test_now() + 200 * MV_US);
            MESSAGE(MV_CALL_call, CAP_FAR_DOOR, MV_DEADLINE, test_now());
        }
    }
    EXPECT_RANGE(FOUND->cell[3].checks, 300, UINT64_MAX);
    EXPECT_RANGE(FOUND->cell[4].checks, 80, UINT64_MAX);
    EXPECT_RANGE(FOUND->cell[6].checks, 10, UINT64_MAX);
    expect_nothing_found(__LINE__);
}

static void interruptions(void)
{
    static uint64_t want[31], got[31];

    test_start("leak: an interrupted cell finds its registers again");
    load(3000, want);
    EXPECT_STATUS(mv_virq_raise(CAP_OTHER_GO, 30 * MV_MS), MV_OK);
    for (uint64_t end = test_now() + 40 * MV_MS; test_now() < end;) {
        load(3000, got);
        for (unsigned i = 1; i < 31; i++)
            EXPECT_EQ(got[i], want[i]);
    }
    mv_sleep(40 * MV_MS);
    EXPECT_RANGE(FOUND->cell[5].checks, 5, UINT64_MAX);
    expect_nothing_found(__LINE__);

    test_start("leak: a fault that is skipped changes no register");
    for (uint64_t k = 0; k < 100; k++) {
        struct test_regs r, before;

        mark_fill(&r, turn++);
        before = r;
        test_undefined(0, &r);
        for (unsigned i = 0; i < 31; i++)
            EXPECT_EQ(r.x[i], before.x[i]);
        EXPECT_EQ(r.nzcv, before.nzcv);
    }
    EXPECT_EQ(GUARD_SLOT(CELL_INDEX, 0)->count, 100);
}

static void births(void)
{
    const volatile uint64_t *b = FOUND->newborn;

    test_start("leak: a cell is born with its number, stack and buffer alone");
    for (uint64_t round = 1; round <= 10; round++) {
        EXPECT_STATUS(mv_cell_start(CAP_CELL_NEWBORN), MV_OK);
        for (int i = 0; i < 1000 && FOUND->newborn_done < round; i++)
            mv_sleep(200 * MV_US);
        EXPECT_EQ(FOUND->newborn_done, round);
        EXPECT_EQ(b[0], 0);                        /* the vCPU's index */
        for (unsigned i = 1; i < 31; i++)
            EXPECT_EQ(b[i], 0);
        EXPECT(b[31] != 0 && b[31] < 0x2000000);   /* sp */
        EXPECT_EQ(b[32], 0);                       /* nzcv */
        EXPECT(b[33] != 0 && b[33] < 0x2000000);   /* tpidr_el0 */
        EXPECT_EQ(b[34], 0);                       /* tpidrro_el0 */
        for (unsigned i = 35; i < 35 + 66; i++)
            EXPECT_EQ(b[i], 0);
        while (mv_vcpu_read(CAP_VCPU_NEWBORN_0) == MV_BUSY)
            mv_sleep(100 * MV_US);
    }
}

int main(void)
{
    mv_sleep(MV_MS);
    plain_calls();
    message_calls();
    interruptions();
    births();
    test_finish();
}
