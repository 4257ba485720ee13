/* SPDX-License-Identifier: BSD-2-Clause */
/* More interrupts at once than any hardware has list registers for. */
#include "guest_gic.h"

#define LEVELS 15u             /* priorities 0x00, 0x10, ... 0xe0 */

static uint64_t seed = 3;

/* In a wild order, each at once. */
static void make_all_pending(const uint32_t *id, unsigned count)
{
    for (unsigned i = 0, at = (unsigned)random_next(&seed) % count; i < count; i++, at = (at + 37) % count)
        make_pending(id[at]);
}

/* All are there, the most urgent first, each once. */
static void acknowledge_all(unsigned line, const uint32_t *id, unsigned count)
{
    uint32_t seen[SPI_TESTED] = { 0 };
    uint8_t last = 0;

    for (unsigned i = 0; i < count; i++) {
        uint32_t iar = ack_soon();
        uint8_t priority;

        if (GIC_ID(iar) >= SPI_TESTED) {
            test_fail(line, "%u of %u came, then %u", i, count, GIC_ID(iar));
            return;
        }
        priority = gic_priority(GIC_ID(iar));
        if (priority < last)
            test_fail(line, "id %u of priority 0x%x came after one of 0x%x", GIC_ID(iar), priority, last);
        last = priority;
        seen[GIC_ID(iar)]++;
        finish(iar);
    }
    if (GIC_ID(ack_now()) != GIC_SPURIOUS)
        test_fail(line, "one more than %u came", count);
    for (unsigned i = 0; i < count; i++)
        if (seen[id[i]] != 1)
            test_fail(line, "id %u came %u times", id[i], seen[id[i]]);
}

static void order(void)
{
    uint32_t id[SPI_TESTED];

    test("gic: all interrupts at once, the most urgent first");
    for (unsigned turn = 0; turn < 8; turn++) {
        for (uint32_t i = 0; i < SPI_TESTED; i++) {
            id[i] = i;
            prepare(i, (uint8_t)(random_next(&seed) % LEVELS * 16));
        }
        make_all_pending(id, SPI_TESTED);
        acknowledge_all(__LINE__, id, SPI_TESTED);
    }
    /* New priorities while all are pending. */
    make_all_pending(id, SPI_TESTED);
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        gic_set_priority(i, (uint8_t)(random_next(&seed) % LEVELS * 16));
    acknowledge_all(__LINE__, id, SPI_TESTED);
    /* Half of them taken back. */
    unsigned count = 0;
    make_all_pending(id, SPI_TESTED);
    for (uint32_t i = 16; i < SPI_TESTED; i += 2)
        gic_set_bit(GICD_ICPENDR, i);
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        if (i < 16 || i % 2 == 1)
            id[count++] = i;
    acknowledge_all(__LINE__, id, count);
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        gic_quiet(i);
}

/* Each is preempted by the next one; then they end, the last one first. */
static void nested(void)
{
    uint32_t iar[LEVELS];

    test("gic: fifteen active ones, one inside the other");
    for (unsigned turn = 0; turn < 4; turn++) {
        uint32_t first = turn * 27;

        for (uint32_t i = 0; i < LEVELS; i++)
            prepare(first + i, (uint8_t)((LEVELS - 1 - i) * 16));
        for (uint32_t i = 0; i < LEVELS; i++) {
            make_pending(first + i);
            iar[i] = ack_soon();
            EXPECT_EQ(GIC_ID(iar[i]), first + i);
            EXPECT_EQ(gic_running(), (LEVELS - 1 - i) * 16);
        }
        for (uint32_t i = 0; i < LEVELS; i++)
            if (!gic_bit(GICD_ISACTIVER, first + i))
                test_fail(__LINE__, "id %u is not active", first + i);
        for (uint32_t i = LEVELS; i-- > 0;) {
            EXPECT_EQ(gic_running(), (LEVELS - 1 - i) * 16);
            finish(iar[i]);
            if (gic_bit(GICD_ISACTIVER, first + i))
                test_fail(__LINE__, "id %u is still active", first + i);
        }
        EXPECT_EQ(gic_running(), 0xff);
        EXPECT_EQ(GIC_ID(gic_ack()), GIC_SPURIOUS);
        for (uint32_t i = 0; i < LEVELS; i++)
            gic_quiet(first + i);
    }
}

/* All dropped, none deactivated; then deactivated. Of more than it has list registers
 * for, a virtual interface counts the ends but does not name them: so they end in the
 * order in which they came. QEMU 7.2's GICv3 counts the priority drop of one that has no
 * list register as its end too: nothing could be told there. */
static void dropped(void)
{
    uint32_t iar[SPI_TESTED], id[SPI_TESTED];
    uint32_t count = 0;

    if (guest_tree.gic_version == 3 && !is_bare)
        return;
    test("gic: all active at once, then deactivated");
    gic_split(true);
    for (uint32_t i = 0; i < SPI_TESTED; i++) {
        prepare(i, (uint8_t)(i % LEVELS * 16));
        id[i] = i;
    }
    make_all_pending(id, SPI_TESTED);
    for (uint32_t i = 0; i < SPI_TESTED; i++) {
        iar[i] = ack_soon();
        if (GIC_ID(iar[i]) >= SPI_TESTED) {
            test_fail(__LINE__, "%u came, then %u", i, GIC_ID(iar[i]));
            break;
        }
        gic_eoi(iar[i]);
        count++;
    }
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        if (!gic_bit(GICD_ISACTIVER, i))
            test_fail(__LINE__, "id %u is not active", i);
    for (uint32_t i = 0; i < count; i++)
        gic_deactivate(iar[i]);
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        if (gic_bit(GICD_ISACTIVER, i) || gic_bit(GICD_ISPENDR, i))
            test_fail(__LINE__, "id %u is still active or pending", i);
    EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
    gic_split(false);
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        gic_quiet(i);
}

/* Four at a time, pending again while they are active, and deactivated in any order. */
static void out_of_order(void)
{
    enum { FEW = 4 };

    test("gic: four active ones are pending again, and end in another order");
    gic_split(true);
    for (unsigned turn = 0; turn < 8; turn++) {
        uint32_t first = turn * 11, iar[FEW];

        for (uint32_t i = 0; i < FEW; i++) {
            prepare(first + i, (uint8_t)(random_next(&seed) % LEVELS * 16));
            make_pending(first + i);
        }
        for (uint32_t i = 0; i < FEW; i++) {
            iar[i] = ack_soon();
            gic_eoi(iar[i]);
        }
        for (uint32_t i = 0; i < FEW; i++)
            make_pending(first + i);
        EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
        for (uint32_t i = 0, at = turn % FEW; i < FEW; i++, at = (at + 3) % FEW) {
            uint32_t again;

            gic_deactivate(iar[at]);
            again = ack_soon();
            if (GIC_ID(again) != GIC_ID(iar[at]))
                test_fail(__LINE__, "id %u came, %u was deactivated", GIC_ID(again), GIC_ID(iar[at]));
            gic_eoi(again);
            gic_deactivate(again);
            if (gic_bit(GICD_ISACTIVER, GIC_ID(iar[at])) || gic_bit(GICD_ISPENDR, GIC_ID(iar[at])))
                test_fail(__LINE__, "id %u is still active or pending", GIC_ID(iar[at]));
        }
        EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
        for (uint32_t i = 0; i < FEW; i++)
            gic_quiet(first + i);
    }
    gic_split(false);
}

static volatile uint32_t came[SPI_TESTED];

static void count_it(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack();

    (void)f;
    (void)vector;
    if (GIC_ID(iar) < SPI_TESTED) {
        came[GIC_ID(iar)]++;
        gic_eoi(iar);
    }
}

/* As exceptions, again and again: each that was made pending comes once. */
static void storm(void)
{
    test("gic: a storm of all, none lost and none twice");
    guest_on_irq = count_it;
    for (uint32_t i = 0; i < SPI_TESTED; i++) {
        prepare(i, (uint8_t)(random_next(&seed) % LEVELS * 16));
        came[i] = 0;
    }
    for (uint32_t turn = 1; turn <= 20; turn++) {
        for (uint32_t i = 0; i < SPI_TESTED; i++)
            make_pending(i);
        irq_enable();
        spin_us(50);
        irq_disable();
        for (uint32_t i = 0; i < SPI_TESTED; i++) {
            irq_enable();
            (void)WAIT_FOR(came[i] >= turn, 2000);
            irq_disable();
            if (came[i] != turn)
                test_fail(__LINE__, "id %u came %u times in %u turns", i, came[i], turn);
        }
    }
    for (uint32_t i = 0; i < SPI_TESTED; i++)
        gic_quiet(i);
    guest_on_irq = NULL;
}

void many(void)
{
    order();
    nested();
    dropped();
    out_of_order();
    storm();
}
