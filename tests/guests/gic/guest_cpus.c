/* SPDX-License-Identifier: BSD-2-Clause */
/* Several processors: banked registers, SGIs, and interrupts that move. */
#include "guest_gic.h"

#define GICD     MV_GUEST_GICD
#define IS_V3    (guest_tree.gic_version == 3)
#define ROUNDS   40u

static volatile uint32_t arrived[CPUS_MAX];        /* CPUs that are ready */
static volatile uint32_t got[CPUS_MAX][16];        /* SGIs that CPU has taken, of each number */
static volatile uint32_t sources[CPUS_MAX][16];    /* of a GICv2: mask of those who sent them */
static volatile uint32_t got_spi[CPUS_MAX];
static volatile bool stop;

static void take(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack(), id = GIC_ID(iar);
    unsigned cpu = cpu_here();

    (void)f;
    (void)vector;
    if (id < 16) {
        got[cpu][id]++;
        sources[cpu][id] |= 1u << (iar >> 10 & 7);
    } else if (id < 1020) {
        got_spi[cpu]++;
    }
    if (id < 1020)
        gic_eoi(iar);
}

static void set_up(void)
{
    gic_init_cpu();
    for (uint32_t id = 0; id < 16; id++) {
        gic_set_priority(id, 0x80);
        gic_enable(id);
    }
}

/* What each other CPU does: takes interrupts until it is told to stop. */
static void serve(void *argument)
{
    (void)argument;
    set_up();
    irq_enable();
    __atomic_store_n(&arrived[cpu_here()], 1, __ATOMIC_RELEASE);
    while (!stop)
        wfi();
    irq_disable();
}

static void start_all(cpu_function_t *f)
{
    stop = false;
    for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++) {
        arrived[cpu] = 0;
        EXPECT_EQ(cpu_start(cpu, f, NULL), 0);
        if (!WAIT_FOR(arrived[cpu] != 0, 1000000))
            test_fail(__LINE__, "CPU %u does not come", cpu);
    }
}

static void stop_all(void)
{
    stop = true;
    dsb();
    for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++) {
        gic_send(15, 1u << cpu);
        cpu_wait_off(cpu);
    }
}

static bool has(unsigned cpu, unsigned id, uint32_t count)
{
    return WAIT_FOR(got[cpu][id] >= count, 200000) && got[cpu][id] == count;
}

static void sgis(void)
{
    uint32_t total = 0;

    test("gic: SGIs to other processors, each exactly once");
    memset((void *)(uintptr_t)got, 0, sizeof(got));
    memset((void *)(uintptr_t)sources, 0, sizeof(sources));
    start_all(serve);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++)
            for (uint32_t id = 0; id < 15; id++)
                gic_send(id, 1u << cpu);
        for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++)
            for (uint32_t id = 0; id < 15; id++)
                if (!has(cpu, id, round))
                    test_fail(__LINE__, "CPU %u, SGI %u: %u of %u", cpu, id, got[cpu][id], round);
    }
    gic_send_others(3);
    for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++) {
        EXPECT(has(cpu, 3, ROUNDS + 1));
        if (!IS_V3)
            EXPECT_EQ(sources[cpu][3], 1);
        for (uint32_t id = 0; id < 16; id++)
            total += got[cpu][id];
    }
    EXPECT_EQ(total, (guest_tree.cpu_count - 1) * (15 * ROUNDS + 1));
    EXPECT_EQ(GIC_ID(gic_ack()), GIC_SPURIOUS);
    /* To all, with this one. */
    set_up();
    gic_send(4, (1u << guest_tree.cpu_count) - 1);
    EXPECT_EQ(GIC_ID(ack_soon()), 4);
    gic_eoi(4);
    for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++)
        EXPECT(has(cpu, 4, ROUNDS + 1));
    stop_all();
    /* Processors that are off or not there: nothing happens here. */
    gic_send(4, 0xfe);
    EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
}

static volatile uint32_t token;
#define PASSES 400u

/* An SGI goes round all CPUs. */
static void pass(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack(), id = GIC_ID(iar);

    (void)f;
    (void)vector;
    if (id >= 1020)
        return;
    gic_eoi(iar);
    if (id == 1) {
        token++;
        if (token < PASSES)
            gic_send(1, 1u << (cpu_here() + 1) % guest_tree.cpu_count);
    }
}

static void ring(void)
{
    test("gic: an SGI goes round");
    guest_on_irq = pass;
    token = 0;
    start_all(serve);
    set_up();
    irq_enable();
    gic_send(1, 2);
    if (!WAIT_FOR(token == PASSES, 20000000))
        test_fail(__LINE__, "%u of %u", token, PASSES);
    irq_disable();
    stop_all();
    guest_on_irq = take;
}

/* CPU 1 only looks at its own banked registers. */
static void look(void *argument)
{
    (void)argument;
    gic_init_cpu();
    gic_set_priority(20, 0x40);
    gic_enable(20);
    if (ppis_become_pending)
        gic_set_bit(GICD_ISPENDR, 21);
    arrived[1] = 1;
    while (!stop)
        pause();
    if (gic_priority(20) != 0x40 || !gic_bit(GICD_ISENABLER, 20) ||
        gic_bit(GICD_ISPENDR, 21) != ppis_become_pending)
        arrived[1] = 2;
    gic_quiet(20);
    gic_quiet(21);
}

static void banked(void)
{
    test("gic: each processor has its own SGIs and PPIs");
    gic_set_priority(20, 0x70);
    stop = false;
    arrived[1] = 0;
    EXPECT_EQ(cpu_start(1, look, NULL), 0);
    EXPECT(WAIT_FOR(arrived[1] != 0, 1000000));
    EXPECT_EQ(gic_priority(20), 0x70);
    EXPECT(!gic_bit(GICD_ISENABLER, 20));
    EXPECT(!gic_bit(GICD_ISPENDR, 21));
    gic_set_priority(20, 0x30);
    stop = true;
    cpu_wait_off(1);
    EXPECT_EQ(arrived[1], 1);
}

static void moved(void)
{
    uint32_t wanted = 0;

    test("gic: shared interrupts go where they are routed");
    memset((void *)(uintptr_t)got_spi, 0, sizeof(got_spi));
    start_all(serve);
    gic_quiet(SPI_FREE);
    gic_set_edge(SPI_FREE, true);
    gic_set_priority(SPI_FREE, 0x80);
    gic_enable(SPI_FREE);
    irq_enable();
    for (unsigned round = 0; round < 20; round++) {
        unsigned cpu = round % guest_tree.cpu_count;

        wanted += cpu == 0;
        gic_route(SPI_FREE, cpu);
        uint32_t before = got_spi[cpu];
        gic_set_bit(GICD_ISPENDR, SPI_FREE);
        if (!WAIT_FOR(got_spi[cpu] == before + 1, 200000))
            test_fail(__LINE__, "round %u: CPU %u did not get it", round, cpu);
    }
    irq_disable();
    EXPECT_EQ(got_spi[0], wanted);
    stop_all();
    gic_quiet(SPI_FREE);
}

/* GICv2: a source of its own for each sender. */
static void send_to_first(void *argument)
{
    (void)argument;
    set_up();
    gic_send(5, 1);
    gic_send(6, 1);
    dsb();
    arrived[1] = 1;
}

static void senders(void)
{
    uint32_t iar, seen = 0;

    test("gic: the same SGI from two processors");
    set_up();
    gic_send(5, 1);
    arrived[1] = 0;
    EXPECT_EQ(cpu_start(1, send_to_first, NULL), 0);
    EXPECT(WAIT_FOR(arrived[1] != 0, 1000000));
    cpu_wait_off(1);
    gic_send(6, 1);
    if (IS_V3) {
        /* There it is one. */
        EXPECT_EQ(GIC_ID(iar = ack_soon()), 5);
        gic_eoi(iar);
        EXPECT_EQ(GIC_ID(iar = ack_soon()), 6);
        gic_eoi(iar);
        EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
        return;
    }
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR + 4), 0x00030300);
    for (int i = 0; i < 4; i++) {
        iar = ack_soon();
        if (GIC_ID(iar) != 5 && GIC_ID(iar) != 6) {
            test_fail(__LINE__, "id %u", GIC_ID(iar));
            return;
        }
        seen |= 1u << ((GIC_ID(iar) - 5) * 2 + (iar >> 10 & 1));
        gic_eoi(iar);
    }
    EXPECT_EQ(seen, 15);
    EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR + 4), 0);
    if (is_bare)
        return;                    /* QEMU takes a byte that is 0 for a source */

    test("gic: GICD_SPENDSGIR and GICD_CPENDSGIR");
    write32(GICD + GICD_SPENDSGIR + 8, 0x00020001);      /* SGI 8 from CPU 0, SGI 10 from CPU 1 */
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR + 8), 0x00020001);
    EXPECT_EQ(read32(GICD + GICD_CPENDSGIR + 8), 0x00020001);
    EXPECT_EQ(read32(GICD + GICD_ISPENDR) & 0xffff, 0x0500);
    write8(GICD + GICD_SPENDSGIR + 9, 2);
    write8(GICD + GICD_CPENDSGIR + 9, 1);
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR + 8), 0x00020201);
    write8(GICD + GICD_CPENDSGIR + 9, 2);
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR + 8), 0x00020001);
    for (int i = 0; i < 2; i++) {
        iar = ack_soon();
        EXPECT(iar == 8 || iar == (1u << 10 | 10));
        gic_eoi(iar);
    }
    EXPECT_EQ(GIC_ID(ack_now()), GIC_SPURIOUS);
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR + 8), 0);
}

static void psci_rules(void)
{
    test("psci: CPUs go on and off");
    EXPECT_EQ(psci(PSCI_AFFINITY_INFO, 0, 0, 0), 0);
    EXPECT_EQ(psci(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
    EXPECT_EQ(psci(PSCI_CPU_ON, 0, 0x40200000, 0), PSCI_ALREADY_ON);
    EXPECT_EQ(psci(PSCI_CPU_ON, CPUS_MAX + 1, 0x40200000, 0), PSCI_INVALID);
    start_all(serve);
    EXPECT_EQ(psci(PSCI_AFFINITY_INFO, 1, 0, 0), 0);
    EXPECT_EQ(psci(PSCI_CPU_ON, 1, 0x40200000, 0), PSCI_ALREADY_ON);
    stop_all();
    EXPECT_EQ(psci(PSCI_AFFINITY_INFO, 1, 0, 0), 1);
    for (int i = 0; i < 20; i++) {
        start_all(serve);
        stop_all();
    }
}

void cpus(void)
{
    if (guest_tree.cpu_count == 1)
        return;
    guest_on_irq = take;
    psci_rules();
    banked();
    sgis();
    ring();
    moved();
    senders();
    guest_on_irq = NULL;
}
