/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device of the board that this machine owns: a PL031 (Arm DDI 0224), whose
 * level interrupt comes when its alarm is set to the second that it is. What
 * software may do to such an interrupt, in any state, must leave it so that the
 * next one comes. At the end the machine resets itself with the interrupt
 * pending, then with it active.
 */
#include "gic.h"

#define DR    0x00u
#define MR    0x04u
#define IMSC  0x10u
#define RIS   0x14u
#define ICR   0x1cu

#define OTHER      90u         /* an SPI of nothing */
#define WAKE       15u         /* an SGI */
#define ROUNDS     200u
#define MOVES      20u         /* each may take turns of the scheduler */
#define MAGIC      UINT64_C(0x6d756c6c696f6e21)

static uint64_t clock_at;
static uint32_t id;
static bool is_bare;

static uint32_t ack_soon(void)
{
    uint32_t iar;

    return WAIT_FOR(GIC_ID(iar = gic_ack()) < 1020, 2000) ? iar : GIC_SPURIOUS;
}

static uint32_t ack_now(void)
{
    spin_us(20);
    return gic_ack();
}

#define COMES(which) __extension__({ \
    uint32_t iar_ = ack_soon(); \
    EXPECT_EQ(GIC_ID(iar_), which); \
    iar_; })
#define NOTHING() EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS)

/* Its line rises; it may take more than one try, for seconds pass meanwhile. */
static void raise(void)
{
    write32(clock_at + IMSC, 0);
    for (int i = 0; i < 100 && (read32(clock_at + RIS) & 1) == 0; i++)
        write32(clock_at + MR, read32(clock_at + DR));
    write32(clock_at + IMSC, 1);
    dsb();
}

static void lower(void)
{
    write32(clock_at + ICR, 1);
    dsb();
    (void)read32(clock_at + RIS);
}

static void prepare(uint32_t which, uint8_t priority)
{
    gic_quiet(which);
    gic_set_edge(which, which != id);
    gic_route(which, cpu_here());
    gic_set_priority(which, priority);
    gic_enable(which);
}

static void cycle(unsigned line)
{
    uint32_t iar;

    raise();
    iar = ack_soon();
    if (GIC_ID(iar) != id)
        test_fail(line, "it does not come any more: %u", GIC_ID(iar));
    lower();
    gic_eoi(iar);
    if (GIC_ID(ack_now()) != GIC_SPURIOUS)
        test_fail(line, "it does not end");
}
#define CYCLE() cycle(__LINE__)

/* ---- alone ------------------------------------------------------------------------ */

static void registers(void)
{
    uint32_t value;

    test("device: its registers are there");
    EXPECT_EQ(read32(clock_at + 0xfe0) & 0xff, 0x31);
    EXPECT(!try_read32(clock_at + DR, &value, NULL));
    EXPECT(value != 0);
    write32(clock_at + MR, 0x12345678);
    EXPECT_EQ(read32(clock_at + MR), 0x12345678);
    lower();
}

static void level(void)
{
    uint32_t iar;

    test("device: comes again while its line is high");
    prepare(id, 0x80);
    NOTHING();
    raise();
    for (int i = 0; i < 20; i++) {
        iar = COMES(id);
        EXPECT(gic_bit(GICD_ISACTIVER, id));
        NOTHING();
        gic_eoi(iar);
    }
    iar = COMES(id);
    lower();
    gic_eoi(iar);
    NOTHING();
    EXPECT(!gic_bit(GICD_ISPENDR, id) && !gic_bit(GICD_ISACTIVER, id));
    write32(clock_at + IMSC, 0);
    write32(clock_at + MR, read32(clock_at + DR));
    NOTHING();
    lower();
    CYCLE();
}

static void disabled(void)
{
    test("device: comes while it is disabled");
    prepare(id, 0x80);
    gic_disable(id);
    raise();
    NOTHING();
    EXPECT(WAIT_FOR(gic_bit(GICD_ISPENDR, id), 2000));
    /* Cleared, but the line is high. */
    for (int i = 0; i < 5; i++) {
        gic_set_bit(GICD_ICPENDR, id);
        EXPECT(WAIT_FOR(gic_bit(GICD_ISPENDR, id), 2000));
    }
    gic_enable(id);
    uint32_t iar = COMES(id);
    lower();
    gic_eoi(iar);
    NOTHING();
    /* Line low again before it is enabled: cleared for good. */
    gic_disable(id);
    raise();
    spin_us(20);
    lower();
    gic_set_bit(GICD_ICPENDR, id);
    EXPECT(!gic_bit(GICD_ISPENDR, id));
    gic_enable(id);
    NOTHING();
    CYCLE();
    /* The same without clearing: once for nothing, or not at all. */
    gic_disable(id);
    raise();
    spin_us(20);
    lower();
    gic_enable(id);
    iar = ack_now();
    if (GIC_ID(iar) != GIC_SPURIOUS)
        gic_eoi(iar);
    NOTHING();
    CYCLE();
}

static void made_inactive(void)
{
    test("device: made inactive while it is handled");
    prepare(id, 0x80);
    for (int i = 0; i < 10; i++) {
        raise();
        uint32_t iar = COMES(id);

        gic_set_bit(GICD_ICACTIVER, id);
        EXPECT(!gic_bit(GICD_ISACTIVER, id));
        gic_eoi(iar);
        iar = COMES(id);
        lower();
        gic_eoi(iar);
        NOTHING();
    }
    gic_disable(id);
    gic_set_bit(GICD_ISACTIVER, id);
    gic_enable(id);
    raise();
    NOTHING();
    gic_set_bit(GICD_ICACTIVER, id);
    uint32_t iar = COMES(id);

    lower();
    gic_eoi(iar);
    NOTHING();
    CYCLE();
}

static void by_software(void)
{
    uint32_t iar;

    test("device: made pending by software, and by itself");
    prepare(id, 0x80);
    gic_set_bit(GICD_ISPENDR, id);
    iar = COMES(id);
    gic_eoi(iar);
    NOTHING();
    CYCLE();
    gic_set_bit(GICD_ISPENDR, id);
    iar = COMES(id);
    raise();
    NOTHING();
    gic_eoi(iar);
    iar = COMES(id);
    lower();
    gic_eoi(iar);
    NOTHING();
    raise();
    gic_set_bit(GICD_ISPENDR, id);
    iar = COMES(id);
    lower();
    gic_eoi(iar);
    iar = ack_now();           /* the latch may be apart from the line */
    if (GIC_ID(iar) != GIC_SPURIOUS)
        gic_eoi(iar);
    NOTHING();
    CYCLE();
}

static void priorities(void)
{
    uint32_t outer, iar;

    test("device: priority, and masked by what is active");
    prepare(id, 0x80);
    prepare(OTHER, 0x40);
    gic_set_bit(GICD_ISPENDR, OTHER);
    outer = COMES(OTHER);
    raise();
    NOTHING();
    gic_eoi(outer);
    iar = COMES(id);
    gic_set_bit(GICD_ISPENDR, OTHER);
    outer = COMES(OTHER);
    gic_eoi(outer);
    NOTHING();
    lower();
    gic_eoi(iar);
    NOTHING();
    gic_set_pmr(0x80);
    raise();
    NOTHING();
    gic_set_pmr(0xff);
    iar = COMES(id);
    gic_split(true);
    lower();
    gic_eoi(iar);
    raise();
    NOTHING();
    gic_deactivate(iar);
    gic_split(false);
    iar = COMES(id);
    lower();
    gic_eoi(iar);
    NOTHING();
    gic_quiet(OTHER);
    CYCLE();
}

/* ---- as an exception -------------------------------------------------------------- */

static volatile uint32_t taken[CPUS_MAX], ready[CPUS_MAX];
static volatile bool stop;

static void take(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack();

    (void)f;
    (void)vector;
    if (GIC_ID(iar) == id)
        lower();
    if (GIC_ID(iar) < 1020) {
        taken[cpu_here()] += GIC_ID(iar) == id;
        gic_eoi(iar);
    }
}

static void many(void)
{
    test("device: hundreds, each exactly once, also out of WFI");
    prepare(id, 0x80);
    taken[0] = 0;
    irq_enable();
    for (uint32_t i = 1; i <= ROUNDS; i++) {
        raise();
        if (!WAIT_FOR(taken[0] == i, 20000)) {
            test_fail(__LINE__, "%u of %u", taken[0], i);
            break;
        }
    }
    irq_disable();
    raise();
    for (int i = 0; i < 10; i++)
        wfi();                 /* something is there: it does not wait */
    irq_enable();
    EXPECT(WAIT_FOR(taken[0] == ROUNDS + 1, 20000));
    irq_disable();
}

static void serve(void *argument)
{
    (void)argument;
    gic_init_cpu();
    gic_enable(WAKE);
    irq_enable();
    ready[cpu_here()] = 1;
    while (!stop)
        wfi();
    irq_disable();
}

/* It goes to whoever is to take it when it comes, or when that changes. */
static void targets(void)
{
    unsigned last = guest_tree.cpu_count - 1;

    test("device: target");
    stop = false;
    ready[last] = taken[0] = taken[last] = 0;
    EXPECT_EQ(cpu_start(last, serve, NULL), 0);
    EXPECT(WAIT_FOR(ready[last] != 0, 1000000));
    prepare(id, 0x80);
    irq_enable();
    for (uint32_t i = 1; i <= MOVES; i++) {
        gic_route(id, i % 2 == 0 ? 0 : last);
        raise();
        if (!WAIT_FOR(taken[0] == i / 2 && taken[last] == (i + 1) / 2, 2000000)) {
            test_fail(__LINE__, "%u and %u of %u", taken[0], taken[last], i);
            break;
        }
    }
    /* Pending here, where it is masked; then it is the other's. */
    irq_disable();
    gic_route(id, 0);
    taken[0] = taken[last] = 0;
    for (uint32_t i = 1; i <= MOVES; i++) {
        raise();
        spin_us(10);
        gic_route(id, last);
        if (!WAIT_FOR(taken[last] == i, 2000000)) {
            test_fail(__LINE__, "%u of %u", taken[last], i);
            break;
        }
        gic_route(id, 0);
    }
    /* Active here; from its end on it is the other's. */
    for (uint32_t i = 1; i <= MOVES; i++) {
        uint32_t before = taken[last], iar;

        gic_route(id, 0);
        raise();
        iar = COMES(id);
        gic_route(id, last);
        spin_us(10);
        EXPECT_EQ(taken[last], before);
        gic_eoi(iar);
        if (!WAIT_FOR(taken[last] == before + 1, 2000000)) {
            test_fail(__LINE__, "turn %u", i);
            break;
        }
    }
    EXPECT_EQ(taken[0], 0);
    stop = true;
    gic_send(WAKE, 1u << last);
    cpu_wait_off(last);
    gic_route(id, 0);
    CYCLE();
}

/* ---- over a reset ------------------------------------------------------------------ */

/* In memory that a reset leaves as it is: magic, how often. */
static void over_resets(void)
{
    uint64_t *kept = (uint64_t *)(uintptr_t)(guest_tree.ram_base + guest_tree.ram_size / 2);

    if (kept[0] != MAGIC) {
        kept[0] = MAGIC;
        kept[1] = 0;
    }
    switch (kept[1]++) {
    case 0:                     /* pending */
        prepare(id, 0x80);
        gic_disable(id);
        raise();
        spin_us(20);
        break;
    case 1:                     /* active */
        prepare(id, 0x80);
        raise();
        (void)ack_soon();
        break;
    case 2:                     /* pending in a list register */
        prepare(id, 0x80);
        raise();
        spin_us(20);
        break;
    default:
        return;
    }
    dsb();
    (void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void guest_main(void)
{
    is_bare = guest_option("bare", 0) != 0;
    clock_at = is_bare ? MV_GUEST_RTC : MV_GUEST_DEVICES;
    id = is_bare ? MV_GUEST_SPI_RTC : MV_GUEST_SPI_DEVICES;
    gic_init();
    if (!is_bare)
        over_resets();
    test("device: what a reset found in the middle is over");
    prepare(id, 0x80);
    if (!is_bare) {
        uint32_t iar = COMES(id);       /* nobody has told the device */

        lower();
        gic_eoi(iar);
    }
    NOTHING();
    CYCLE();
    registers();
    level();
    disabled();
    made_inactive();
    by_software();
    priorities();
    guest_on_irq = take;
    many();
    if (guest_tree.cpu_count > 1)
        targets();
}
