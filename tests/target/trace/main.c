/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include "cell.h"

#define FREE UINT64_C(0x1400000)

static const struct mv_trace_ring *ring_of(unsigned core)
{
    return (const struct mv_trace_ring *)(TRACE_ADDRESS + (uint64_t)core * TRACE_SIZE);
}

static uint64_t head_of(unsigned core)
{
    return __atomic_load_n(&ring_of(core)->head, __ATOMIC_ACQUIRE);
}

/* How many records of an event since `from` on a core; *last the last of them. */
static unsigned count_events(unsigned core, uint64_t from, uint16_t event,
                             struct mv_trace_record *last)
{
    const struct mv_trace_ring *r = ring_of(core);
    uint64_t head = head_of(core);
    unsigned n = 0;

    if (head - from > r->count)
        from = head - r->count;
    for (; from != head; from++) {
        const struct mv_trace_record *e = &r->record[from % r->count];

        if (e->event == event) {
            n++;
            *last = *e;
        }
    }
    return n;
}

static void set(uint64_t classes)
{
    EXPECT_STATUS(mv_trace_set(CAP_TRACE, classes), MV_OK);
}

static void shape(void)
{
    struct guard_slot *g = GUARD_SLOT(CELL_INDEX, 0);

    test_start("trace: the rings' shape, and who may write them");
    for (unsigned core = 0; core < CORE_COUNT; core++) {
        uint64_t count = ring_of(core)->count;

        EXPECT(count != 0 && (count & (count - 1)) == 0);
        EXPECT(sizeof(struct mv_trace_ring) + count * sizeof(struct mv_trace_record) <= TRACE_SIZE);
        EXPECT_RANGE(ring_of(core)->frequency, 1000000, UINT64_C(10000000000));
        EXPECT_EQ(guard_write(g, (uint64_t)ring_of(core), 0), MV_FAULT_WRITE);
    }
    EXPECT_STATUS(mv_trace_set(CAP_TRACE, MV_TRACE_ALL + 1), MV_BAD_ARG);
    EXPECT_STATUS(mv_trace_set(CAP_TRACE, UINT64_MAX), MV_BAD_ARG);
}

static void events(void)
{
    struct guard_slot *g = GUARD_SLOT(CELL_INDEX, 0);
    struct mv_trace_record e = { 0 };
    struct mv_words w;
    uint64_t from, before;

    test_start("trace: nothing but faults unless it is asked for");
    set(0);
    from = head_of(0);
    for (uint64_t i = 0; i < 20; i++) {
        w = (struct mv_words){ { i } };
        EXPECT_STATUS(mv_call(CAP_ECHO_DOOR, &w), MV_OK);
        EXPECT_STATUS(mv_virq_raise(CAP_ECHO_LINE, 1), MV_OK);
    }
    mv_sleep(MV_MS);
    EXPECT_EQ(head_of(0), from);
    before = g->count;
    EXPECT_EQ(guard_read(g, 0x8, NULL), MV_FAULT_READ);
    EXPECT_EQ(g->count, before + 1);
    EXPECT_EQ(count_events(0, from, MV_EVENT_FAULT, &e), 1);
    EXPECT_EQ(e.cell, CELL_INDEX);
    EXPECT_EQ(e.a & 0xff, MV_FAULT_READ);
    EXPECT_EQ(e.b, 0x8);

    test_start("trace: calls");
    set(MV_TRACE_IPC);
    from = head_of(0);
    for (uint64_t i = 0; i < 20; i++) {
        w = (struct mv_words){ { i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7 } };
        EXPECT_STATUS(mv_call(CAP_ECHO_DOOR, &w), MV_OK);
        EXPECT_EQ(w.w[0], i + 7);
    }
    set(0);
    EXPECT_EQ(count_events(0, from, MV_EVENT_CALL, &e), 20);
    EXPECT_EQ(e.cell, CELL_INDEX);
    EXPECT_EQ(e.b, CELL_INDEX + 1);                 /* the badge */
    EXPECT_EQ(count_events(0, from, MV_EVENT_REPLY, &e), 20);
    EXPECT_EQ(e.cell, CELL_INDEX + 1);
    EXPECT_EQ(count_events(0, from, MV_EVENT_SWITCH, &e), 0);

    test_start("trace: vIRQs");
    set(MV_TRACE_VIRQ);
    from = head_of(0);
    EXPECT_STATUS(mv_virq_raise(CAP_ECHO_LINE, 0x55), MV_OK);
    mv_sleep(MV_MS);
    set(0);
    EXPECT_EQ(count_events(0, from, MV_EVENT_RAISE, &e), 1);
    EXPECT_EQ(e.cell, CELL_INDEX);
    EXPECT_EQ(count_events(0, from, MV_EVENT_TAKE, &e), 1);
    EXPECT_EQ(e.cell, CELL_INDEX + 1);
    EXPECT_EQ(e.b, 0x55);

    test_start("trace: switches");
    set(MV_TRACE_SCHED);
    from = head_of(0);
    mv_sleep(MV_MS);
    set(0);
    EXPECT(count_events(0, from, MV_EVENT_SWITCH, &e) > 0);
    EXPECT_EQ(e.cell, CELL_INDEX);
    EXPECT_EQ(e.b, 100);

    test_start("trace: mapping");
    set(MV_TRACE_SPACE);
    from = head_of(0);
    EXPECT_STATUS(mv_space_map(CAP_SPACE_MAIN, CAP_PAGE, FREE, 0, 0x1000, MV_MAP_READ), MV_OK);
    EXPECT_EQ(count_events(0, from, MV_EVENT_MAP, &e), 1);
    EXPECT_EQ(e.a, FREE);
    EXPECT_EQ(e.b, 0x1000);
    EXPECT_STATUS(mv_space_unmap(CAP_SPACE_MAIN, FREE, 0x1000), MV_OK);
    EXPECT_EQ(count_events(0, from, MV_EVENT_UNMAP, &e), 1);
    EXPECT_EQ(e.a, FREE);
    EXPECT_EQ(e.b, 0x1000);
    set(0);

    test_start("trace: the ring goes round, its time only forward");
    set(MV_TRACE_ALL);
    from = head_of(0);
    for (uint64_t i = 0; head_of(0) - from < 3 * ring_of(0)->count && i < 100000; i++) {
        w = (struct mv_words){ { i } };
        EXPECT_STATUS(mv_call(CAP_ECHO_DOOR, &w), MV_OK);
    }
    set(0);
    mv_sleep(MV_MS);
    EXPECT(head_of(0) - from >= 3 * ring_of(0)->count);
    for (uint64_t i = head_of(0) - ring_of(0)->count + 1; i < head_of(0); i++) {
        const struct mv_trace_record *r = ring_of(0)->record;
        uint64_t mask = ring_of(0)->count - 1;

        if (r[i & mask].time < r[(i - 1) & mask].time) {
            test_fail(__FILE__, __LINE__, "record %lu is older than the one before", i);
            break;
        }
    }
    if (CORE_COUNT > 1) {
        test_start("trace: the other core's ring");
        from = head_of(CORE_COUNT - 1);
        set(MV_TRACE_SCHED);
        mv_sleep(50 * MV_MS);
        set(0);
        EXPECT(count_events(CORE_COUNT - 1, from, MV_EVENT_SWITCH, &e) > 1);
        EXPECT(e.cell == CELL_INDEX + 2 || e.cell == UINT16_MAX);   /* it, or nobody: the core is idle */
    }
}

int main(void)
{
    mv_sleep(2 * MV_MS);
    shape();
    events();
    test_finish();
}
