/* SPDX-License-Identifier: BSD-2-Clause */
/* One interrupt at a time, and what holds it back. */
#include "guest_gic.h"

#define GICD         MV_GUEST_GICD
#define IS_V3        (guest_tree.gic_version == 3)
#define TIMER        MV_GUEST_PPI_VTIMER
#define UART_DR      (MV_GUEST_UART + 0x00)
#define UART_IMSC    (MV_GUEST_UART + 0x38)
#define UART_RIS     (MV_GUEST_UART + 0x3c)
#define UART_ICR     (MV_GUEST_UART + 0x44)
#define UART_TX      (1u << 5)

static bool is_pending(uint32_t id) { return gic_bit(GICD_ISPENDR, id); }
static bool is_active(uint32_t id) { return gic_bit(GICD_ISACTIVER, id); }

/* It comes, once, and is pending and active as it should be. */
static void comes(unsigned line, uint32_t id)
{
    uint32_t iar = ack_soon();

    if (GIC_ID(iar) != id) {
        test_fail(line, "id %u was acknowledged, expected %u", GIC_ID(iar), id);
        if (GIC_ID(iar) < 1020)
            finish(iar);
        return;
    }
    if (!is_active(id) || is_pending(id))
        test_fail(line, "id %u is acknowledged: active %u, pending %u", id, is_active(id), is_pending(id));
    if (gic_running() != gic_priority(id))
        test_fail(line, "running at 0x%x, id %u has 0x%x", gic_running(), id, gic_priority(id));
    finish(iar);
    if (is_active(id))
        test_fail(line, "id %u is still active", id);
    if (gic_running() != 0xff)
        test_fail(line, "running at 0x%x after the end", gic_running());
}
#define COMES(id) comes(__LINE__, id)
static void nothing(unsigned line)
{
    uint32_t iar = ack_now();

    if (GIC_ID(iar) != GIC_SPURIOUS) {
        test_fail(line, "id %u was acknowledged, expected nothing", GIC_ID(iar));
        finish(iar);
    }
}
#define NOTHING() nothing(__LINE__)

static void each(void)
{
    test("gic: each interrupt comes once");
    for (uint32_t id = 0; id < SPI_TESTED; id++) {
        prepare(id, 0x80);
        make_pending(id);
        COMES(id);
        NOTHING();
        gic_quiet(id);
    }
}

static void disabled(void)
{
    static const uint32_t ids[] = { 20, SPI_FREE };

    test("gic: an interrupt that fires while disabled");
    for (unsigned i = 0; i < 2; i++) {
        prepare(ids[i], 0x80);
        gic_disable(ids[i]);
        make_pending(ids[i]);
        NOTHING();
        EXPECT(is_pending(ids[i]));
        gic_enable(ids[i]);
        COMES(ids[i]);
        /* Disabled only after it was on its way. */
        make_pending(ids[i]);
        gic_disable(ids[i]);
        NOTHING();
        EXPECT(is_pending(ids[i]));
        gic_enable(ids[i]);
        COMES(ids[i]);
        /* Taken back. */
        make_pending(ids[i]);
        gic_set_bit(GICD_ICPENDR, ids[i]);
        NOTHING();
        EXPECT(!is_pending(ids[i]));
        gic_quiet(ids[i]);
    }
    NOTHING();
}

static void held_back(void)
{
    test("gic: PMR, the interface and the distributor hold back");
    prepare(SPI_FREE, 0x80);
    gic_set_pmr(0x80);
    make_pending(SPI_FREE);
    NOTHING();
    gic_set_pmr(0x90);
    COMES(SPI_FREE);
    gic_set_pmr(0);
    make_pending(SPI_FREE);
    NOTHING();
    gic_set_pmr(0xff);
    COMES(SPI_FREE);

    gic_interface(false);
    make_pending(SPI_FREE);
    NOTHING();
    gic_interface(true);
    COMES(SPI_FREE);

    gic_forward(false);
    make_pending(SPI_FREE);
    NOTHING();
    EXPECT(is_pending(SPI_FREE));
    gic_forward(true);
    COMES(SPI_FREE);

    /* It was on its way already. */
    prepare(5, 0x80);
    make_pending(5);
    make_pending(SPI_FREE);
    gic_forward(false);
    NOTHING();
    gic_forward(true);
    EXPECT(GIC_ID(gic_highest()) == 5 || GIC_ID(gic_highest()) == SPI_FREE);
    gic_set_priority(5, 0x70);
    COMES(5);
    COMES(SPI_FREE);
    gic_quiet(5);
    gic_quiet(SPI_FREE);
}

/* A priority that changes while the interrupt waits counts. */
static void changed(void)
{
    test("gic: priority and target change while pending");
    prepare(SPI_FREE, 0x80);
    prepare(SPI_FREE + 1, 0x90);
    make_pending(SPI_FREE);
    make_pending(SPI_FREE + 1);
    gic_set_priority(SPI_FREE + 1, 0x20);
    COMES(SPI_FREE + 1);
    COMES(SPI_FREE);
    if (!IS_V3 && guest_tree.cpu_count > 1) {
        make_pending(SPI_FREE);
        write8(GICD + GICD_ITARGETSR + SPI_FREE, 0);
        NOTHING();
        EXPECT(is_pending(SPI_FREE));
        gic_route(SPI_FREE, 0);
        COMES(SPI_FREE);
    }
    if (guest_tree.cpu_count > 1) {
        make_pending(SPI_FREE);
        gic_route(SPI_FREE, 1);
        NOTHING();
        EXPECT(is_pending(SPI_FREE));
        gic_route(SPI_FREE, 0);
        COMES(SPI_FREE);
    }
    gic_quiet(SPI_FREE);
    gic_quiet(SPI_FREE + 1);
}

static void active_and_pending(void)
{
    uint32_t iar;

    test("gic: pending again while active");
    prepare(SPI_FREE, 0x80);
    make_pending(SPI_FREE);
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), SPI_FREE);
    make_pending(SPI_FREE);
    EXPECT(is_pending(SPI_FREE) && is_active(SPI_FREE));
    NOTHING();
    finish(iar);
    EXPECT(is_pending(SPI_FREE) && !is_active(SPI_FREE));
    COMES(SPI_FREE);
    NOTHING();

    test("gic: priority drop and deactivation apart");
    gic_split(true);
    prepare(SPI_FREE + 1, 0x80);
    make_pending(SPI_FREE);
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), SPI_FREE);
    EXPECT_EQ(gic_running(), 0x80);
    gic_eoi(iar);
    EXPECT_EQ(gic_running(), 0xff);
    EXPECT(is_active(SPI_FREE));
    make_pending(SPI_FREE);
    make_pending(SPI_FREE + 1);
    uint32_t second = ack_soon();
    EXPECT_EQ(GIC_ID(second), SPI_FREE + 1);
    gic_eoi(second);
    NOTHING();
    gic_deactivate(iar);
    EXPECT(!is_active(SPI_FREE) && is_active(SPI_FREE + 1));
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), SPI_FREE);
    gic_eoi(iar);
    gic_deactivate(iar);
    gic_deactivate(second);
    EXPECT(!is_active(SPI_FREE) && !is_active(SPI_FREE + 1));
    /* Made active and inactive by the distributor. */
    gic_set_bit(GICD_ISACTIVER, SPI_FREE);
    make_pending(SPI_FREE);
    NOTHING();
    gic_set_bit(GICD_ICACTIVER, SPI_FREE);
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), SPI_FREE);
    gic_eoi(iar);
    gic_deactivate(iar);
    gic_split(false);
    gic_quiet(SPI_FREE);
    gic_quiet(SPI_FREE + 1);
}

static void grouped(void)
{
    uint32_t outer, inner;

    test("gic: preemption and the binary point");
    prepare(SPI_FREE, 0x30);
    prepare(SPI_FREE + 1, 0x20);
    gic_set_bpr(7);
    make_pending(SPI_FREE);
    outer = ack_soon();
    EXPECT_EQ(GIC_ID(outer), SPI_FREE);
    make_pending(SPI_FREE + 1);
    NOTHING();
    EXPECT_EQ(GIC_ID(gic_highest()), SPI_FREE + 1);
    finish(outer);
    inner = ack_soon();
    EXPECT_EQ(GIC_ID(inner), SPI_FREE + 1);
    finish(inner);
    gic_set_bpr(0);
    make_pending(SPI_FREE);
    outer = ack_soon();
    EXPECT_EQ(GIC_ID(outer), SPI_FREE);
    make_pending(SPI_FREE + 1);
    inner = ack_soon();
    EXPECT_EQ(GIC_ID(inner), SPI_FREE + 1);
    EXPECT_EQ(gic_running(), 0x20);
    finish(inner);
    EXPECT_EQ(gic_running(), 0x30);
    finish(outer);
    EXPECT_EQ(gic_running(), 0xff);
    gic_quiet(SPI_FREE);
    gic_quiet(SPI_FREE + 1);
}

/* The timer's line stays asserted while its time is past. */
static void level_timer(void)
{
    uint32_t iar;

    test("gic: a level interrupt that stays asserted");
    prepare(TIMER, 0x80);
    WRITE_REGISTER(cntv_cval_el0, now_ticks() - 1);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    isb();
    /* QEMU 7.2's model of the GICv2's virtual interface ends the physical interrupt with
     * the virtual one, but does not look at its line again then: there once is enough. */
    for (int i = 0; i < (IS_V3 || is_bare ? 20 : 0); i++) {
        iar = ack_soon();
        if (GIC_ID(iar) != TIMER) {
            test_fail(__LINE__, "id %u, turn %d", GIC_ID(iar), i);
            break;
        }
        EXPECT(is_active(TIMER));
        EXPECT_EQ(READ_REGISTER(cntv_ctl_el0) & 7, 5);
        finish(iar);
    }
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), TIMER);
    WRITE_REGISTER(cntv_ctl_el0, 0);
    isb();
    finish(iar);
    NOTHING();
    EXPECT(!is_pending(TIMER));
    /* While disabled; then enabled late. */
    gic_disable(TIMER);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    isb();
    NOTHING();
    EXPECT(is_pending(TIMER));
    gic_set_bit(GICD_ICPENDR, TIMER);
    EXPECT(is_pending(TIMER));
    gic_enable(TIMER);
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), TIMER);
    WRITE_REGISTER(cntv_ctl_el0, 0);
    isb();
    finish(iar);
    NOTHING();
    /* Asserted, and gone before anybody looked. */
    gic_set_pmr(0);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    isb();
    spin_us(20);
    WRITE_REGISTER(cntv_ctl_el0, 0);
    isb();
    EXPECT(!is_pending(TIMER));
    gic_set_pmr(0xff);
    NOTHING();
    gic_quiet(TIMER);
}

/* A device's line: the UART that can send. */
static void level_device(void)
{
    const uint32_t id = MV_GUEST_SPI_UART;
    uint32_t iar;

    test("gic: a device's level interrupt");
    prepare(id, 0x80);
    gic_set_edge(id, false);
    write32(UART_ICR, 0x7ff);
    NOTHING();
    write32(UART_DR, '\r');
    if (!WAIT_FOR((read32(UART_RIS) & UART_TX) != 0, 10000)) {
        test_fail(__LINE__, "the UART does not say that it can send");
        return;
    }
    write32(UART_IMSC, UART_TX);
    for (int i = 0; i < 10; i++) {
        iar = ack_soon();
        if (GIC_ID(iar) != id) {
            test_fail(__LINE__, "id %u, turn %d", GIC_ID(iar), i);
            break;
        }
        finish(iar);
    }
    iar = ack_soon();
    EXPECT_EQ(GIC_ID(iar), id);
    EXPECT(is_pending(id));
    write32(UART_ICR, UART_TX);
    (void)WAIT_FOR(!is_pending(id), 1000);
    EXPECT(!is_pending(id));
    finish(iar);
    NOTHING();
    /* The latch of a level interrupt is apart from its line. */
    make_pending(id);
    EXPECT(is_pending(id));
    COMES(id);
    NOTHING();
    write32(UART_IMSC, 0);
    gic_quiet(id);
}

/* ---- taken as exceptions ------------------------------------------------------------ */

static volatile uint32_t taken, taken_id;

static void count(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack();

    (void)f;
    (void)vector;
    taken_id = GIC_ID(iar);
    if (taken_id < 1020) {
        taken++;
        gic_eoi(iar);
    }
}

static void exceptions(void)
{
    test("gic: interrupts as exceptions");
    guest_on_irq = count;
    for (uint32_t id = 0; id < SPI_TESTED; id++) {
        taken = 0;
        prepare(id, 0x80);
        irq_enable();
        make_pending(id);
        if (!WAIT_FOR(taken != 0, 2000) || taken != 1 || taken_id != id)
            test_fail(__LINE__, "id %u: %u taken, last %u", id, taken, taken_id);
        irq_disable();
        gic_quiet(id);
    }
    /* Masked at the processor: stays, and ends a WFI. */
    taken = 0;
    prepare(SPI_FREE, 0x80);
    make_pending(SPI_FREE);
    for (int i = 0; i < 10; i++)
        wfi();
    EXPECT_EQ(READ_REGISTER(isr_el1) >> 7 & 1, 1);
    EXPECT_EQ(taken, 0);
    irq_enable();
    EXPECT(WAIT_FOR(taken == 1, 2000));
    irq_disable();
    EXPECT_EQ(READ_REGISTER(isr_el1) >> 7 & 1, 0);
    gic_quiet(SPI_FREE);
    guest_on_irq = NULL;
}

void delivery(void)
{
    each();
    disabled();
    held_back();
    changed();
    active_and_pending();
    grouped();
    level_timer();
    level_device();
    exceptions();
}
