/* SPDX-License-Identifier: BSD-2-Clause */
#include "../../target/lib/test.h"
#include "score.h"

#include "cell.h"

/* How late the periodic cells may be: on a machine whose clock counts
 * instructions, what the kernel keeps interrupts masked and a few cells above
 * them need; else also what the host takes the processor away. */
#ifdef TEST_ICOUNT
#define LATE_MAX (10 * MV_US)
#define BEATS_PART 1
#else
#define BEATS_PART 8              /* an eighth of the beats must be there */
#define LATE_MAX (5 * MV_S)
#endif
#if defined(TEST_ICOUNT) && TEST_CORES > 1
#undef LATE_MAX
#define LATE_MAX (5 * MV_MS)      /* the cores take turns on one thread */
#define LOST_MAX (LATE_MAX / MV_MS)   /* and a beat that late has missed those before it */
#else
#define LOST_MAX 0u
#endif

#define STAGE_NS (40 * MV_MS)     /* at least this long */
#define STAGE_LIMIT (15 * MV_S)

static struct diary *const diary[2] = {
    (struct diary *)SEGMENT_WILD0_DIARY_ADDRESS, (struct diary *)SEGMENT_WILD1_DIARY_ADDRESS
};
static const uint32_t wild_cell[2] = { CAP_CELL_WILD0, CAP_CELL_WILD1 };
static const uint32_t wild_vcpu[2] = { CAP_VCPU_WILD0_0, CAP_VCPU_WILD1_0 };
/* The last two cells of the description. */
static const unsigned wild_index[2] = { 10, 11 };
static uint64_t restarts;

static const char *const stage_name[STAGE_COUNT] = {
    "hostile: every system register", "hostile: calls with wild arguments",
    "hostile: memory that is not its own", "hostile: instructions it does not have",
    "hostile: a stack without end", "hostile: floods", "hostile: wild upcalls",
    "hostile: nothing but faults"
};

static void start(unsigned which)
{
    struct order *o = (struct order *)SEGMENT_ORDER_ADDRESS;
    mv_status_t st;

    SCORE->cell[wild_index[which]].stop = 0;
    SCORE->cell[wild_index[which]].row = 0;
    o->seed++;
    for (int i = 0; i < 1000; i++) {
        EXPECT_STATUS(mv_cell_stop(wild_cell[which]), MV_OK);
        st = mv_cell_start(wild_cell[which]);
        if (st != MV_BUSY)
            break;
        mv_sleep(100 * MV_US);
    }
    EXPECT_STATUS(st, MV_OK);
    restarts++;
}

static bool has_stopped(unsigned which)
{
    return mv_vcpu_read(wild_vcpu[which]) == MV_OK;
}

/* Both hostile cells do this stage, started again when they are stuck. */
static void attack(uint64_t stage)
{
    struct order *o = (struct order *)SEGMENT_ORDER_ADDRESS;
    uint64_t begin = test_now(), done[2], beat[2] = { 0 }, idle[2] = { 0 };

    o->stage = stage;
    for (unsigned i = 0; i < 2; i++) {
        diary[i]->at = 0;
        done[i] = diary[i]->done;
        start(i);
    }
    for (;;) {
        uint64_t now = test_now();
        bool through = diary[0]->done != done[0] && diary[1]->done != done[1];

        if ((through && now - begin > STAGE_NS) || now - begin > STAGE_LIMIT) {
            EXPECT(through);
            break;
        }
        mv_sleep(MV_MS);
        for (unsigned i = 0; i < 2; i++) {
            idle[i] = diary[i]->beat == beat[i] ? idle[i] + 1 : 0;
            beat[i] = diary[i]->beat;
            if (idle[i] >= 5 || has_stopped(i)) {
                idle[i] = 0;
                start(i);
            }
        }
    }
    for (unsigned i = 0; i < 2; i++)
        EXPECT_STATUS(mv_cell_stop(wild_cell[i]), MV_OK);
}

struct before { uint64_t beats[2], pings, far_pings; };

static struct before take_score(void)
{
    return (struct before){ { SCORE->periodic[0].beats, SCORE->periodic[1].beats }, SCORE->pings,
                            SCORE->far_pings };
}

static void expect_unharmed(const struct before *b, uint64_t ns)
{
    for (int i = 0; i < 2; i++) {
        EXPECT_RANGE(SCORE->periodic[i].worst_ns, 0, LATE_MAX);
        EXPECT_RANGE(SCORE->periodic[i].beats - b->beats[i] + 2 + LOST_MAX, ns / MV_MS / BEATS_PART,
                     ns / MV_MS + 4 + LOST_MAX);
        SCORE->periodic[i].worst_ns = 0;
    }
    EXPECT_EQ(SCORE->vault_wrong, 0);
    EXPECT_EQ(SCORE->ping_wrong, 0);
    EXPECT_RANGE(SCORE->pings - b->pings, ns / MV_MS / 40, UINT64_MAX);
    EXPECT_RANGE(SCORE->far_pings - b->far_pings, ns / MV_MS / 40, UINT64_MAX);
}

static uint64_t kinds_seen(void)
{
    uint64_t mask = 0;

    for (unsigned w = 0; w < 2; w++)
        for (unsigned k = 0; k < 16; k++)
            mask |= (uint64_t)(SCORE->cell[wild_index[w]].kinds[k] != 0) << k;
    return mask;
}

int main(void)
{
    uint64_t worst[2] = { 0 };

    mv_sleep(5 * MV_MS);
    SCORE->periodic[0].worst_ns = SCORE->periodic[1].worst_ns = 0;
    for (uint64_t stage = 0; stage < STAGE_COUNT; stage++) {
        struct before b = take_score();
        uint64_t begin = test_now();

        test_start(stage_name[stage]);
        attack(stage);
        for (int i = 0; i < 2; i++) {
            if (SCORE->periodic[i].worst_ns > worst[i])
                worst[i] = SCORE->periodic[i].worst_ns;
        }
        expect_unharmed(&b, test_now() - begin);
    }
    test_start("hostile: its faults were reported, and it saw nothing of the kernel");
    EXPECT_EQ(diary[0]->kernel_values, 0);
    EXPECT_EQ(diary[1]->kernel_values, 0);
    for (unsigned i = 0; i < 2; i++) {
        if (diary[i]->kernel_values != 0)
            test_fail(__FILE__, __LINE__, "encoding 0x%lx read 0x%lx", diary[i]->kernel_encoding,
                      diary[i]->kernel_value);
        EXPECT_RANGE(SCORE->cell[wild_index[i]].faults, 1000, UINT64_MAX);
    }
    /* All kinds but bus errors and others. */
    EXPECT_EQ(kinds_seen() & 0x1fe, 0x1fe);
    EXPECT_RANGE(SCORE->vault_served, 1000, UINT64_MAX);
    EXPECT_RANGE(SCORE->vault_lines, 100, UINT64_MAX);
    test_stop();
    test_note("late at most %lu and %lu us, %lu restarts, %lu faults, vault served %lu",
              worst[0] / 1000, worst[1] / 1000, restarts,
              SCORE->cell[wild_index[0]].faults + SCORE->cell[wild_index[1]].faults,
              SCORE->vault_served);
    test_finish();
}
