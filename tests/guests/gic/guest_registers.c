/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers: reset values, what can be written, and what must not change. */
#include "guest_gic.h"

#define GICD        MV_GUEST_GICD
#define GICR(cpu)   ((uint64_t)MV_GUEST_GICR + (cpu) * (uint64_t)MV_GUEST_GICR_BYTES)
#define IS_V3       (guest_tree.gic_version == 3)
#define BIT(id)     (UINT32_C(1) << (id) % 32)

static uint64_t word_of(uint32_t offset, unsigned bits, uint32_t id)
{
    return gic_word(offset, bits, id, cpu_here());
}

static void read_only(uint64_t at)
{
    uint32_t before = read32(at);

    write32(at, ~before);
    dsb();
    if (read32(at) != before)
        test_fail(__LINE__, "the register at 0x%lx is 0x%x, after a write 0x%x", at, before, read32(at));
    write32(at, before);
}

static void identity(void)
{
    uint32_t typer = read32(GICD + GICD_TYPER);

    test("gic: who it is");
    EXPECT(lines >= SPI_TESTED && lines <= 1024);
    EXPECT_EQ(read32(GICD + (IS_V3 ? GICD_PIDR2_V3 : GICD_PIDR2_V2)) >> 4 & 0xf, guest_tree.gic_version);
    if (IS_V3)
        EXPECT((typer >> 19 & 0x1f) >= 9);
    else
        EXPECT_EQ((typer >> 5 & 7) + 1, guest_tree.cpu_count);
    read_only(GICD + GICD_TYPER);
    read_only(GICD + GICD_IIDR);
    read_only(GICD + (IS_V3 ? GICD_PIDR2_V3 : GICD_PIDR2_V2));
}

static void control(void)
{
    uint32_t on = IS_V3 ? 0x12 : 1;

    test("gic: the distributor's control");
    EXPECT_EQ(read32(GICD + GICD_CTLR) & on, on);
    gic_forward(false);
    EXPECT_EQ(read32(GICD + GICD_CTLR) & 3, 0);
    if (IS_V3)
        EXPECT_EQ(read32(GICD + GICD_CTLR) & 0x10, 0x10);
    gic_forward(true);
    EXPECT_EQ(read32(GICD + GICD_CTLR) & on, on);
    write32(GICD + GICD_CTLR, 0xffffffff & ~0xe4u);   /* nothing that takes effect for ever */
    gic_forward(true);
    EXPECT_EQ(read32(GICD + GICD_CTLR) & on, on);
}

/* One bit for each interrupt, set by one register and cleared by another. */
static void set_and_clear(uint32_t id, uint32_t set, uint32_t clear)
{
    uint64_t s = word_of(set, 1, id), c = word_of(clear, 1, id);
    uint32_t others;

    write32(c, BIT(id));
    others = read32(s) & ~BIT(id);
    if (gic_bit(set, id) || gic_bit(clear, id))
        test_fail(__LINE__, "id %u, register 0x%x: not cleared", id, clear);
    write32(s, 0);
    if (gic_bit(set, id))
        test_fail(__LINE__, "id %u, register 0x%x: set by 0", id, set);
    write32(s, BIT(id));
    if (!gic_bit(set, id) || !gic_bit(clear, id))
        test_fail(__LINE__, "id %u, register 0x%x: not set", id, set);
    write32(c, 0);
    if (!gic_bit(set, id))
        test_fail(__LINE__, "id %u, register 0x%x: cleared by 0", id, clear);
    if ((read32(s) & ~BIT(id)) != others)
        test_fail(__LINE__, "id %u, register 0x%x: others are 0x%x, before 0x%x", id, set, read32(s) & ~BIT(id), others);
    write32(c, BIT(id));
    if (gic_bit(set, id) || gic_bit(clear, id))
        test_fail(__LINE__, "id %u, register 0x%x: not cleared again", id, clear);
}

static void bits(void)
{
    test("gic: enable, pending and active bits");
    for (uint32_t id = 0; id < SPI_TESTED; id++) {
        if (is_bare && id >= 32)
            gic_route(id, 0);      /* QEMU's GICv2: without a target it does not become pending */
        /* SGIs of a GICv2 may be enabled for ever, and become pending otherwise. */
        if (id >= 16 || IS_V3)
            set_and_clear(id, GICD_ISENABLER, GICD_ICENABLER);
        if (id >= 32 || IS_V3 || (id >= 16 && ppis_become_pending))
            set_and_clear(id, GICD_ISPENDR, GICD_ICPENDR);
        set_and_clear(id, GICD_ISACTIVER, GICD_ICACTIVER);
    }
    if (!IS_V3) {
        write32(word_of(GICD_ISPENDR, 1, 0), 0xffff);
        EXPECT_EQ(read32(word_of(GICD_ISPENDR, 1, 0)) & 0xffff, 0);
    }
    /* All at once. */
    for (uint32_t id = 32; id < SPI_TESTED; id += 32) {
        write32(word_of(GICD_ISENABLER, 1, id), 0xa5a5f00f);
        EXPECT_EQ(read32(word_of(GICD_ICENABLER, 1, id)), 0xa5a5f00f);
        write32(word_of(GICD_ICENABLER, 1, id), 0x0000f00f);
        EXPECT_EQ(read32(word_of(GICD_ISENABLER, 1, id)), 0xa5a50000);
        write32(word_of(GICD_ICENABLER, 1, id), 0xffffffff);
        EXPECT_EQ(read32(word_of(GICD_ISENABLER, 1, id)), 0);
    }
}

static void priorities(void)
{
    uint8_t mask;

    test("gic: priorities");
    gic_set_priority(SPI_FREE, 0xff);
    mask = gic_priority(SPI_FREE);
    for (priority_bits = 0; priority_bits < 8 && (mask & 0x80 >> priority_bits) != 0; priority_bits++)
        ;
    EXPECT_EQ(mask, 0xff00 >> priority_bits & 0xff);
    EXPECT(priority_bits >= 4);
    for (uint32_t id = 0; id < SPI_TESTED; id++) {
        gic_set_priority(id, (uint8_t)(id * 16));
        if (gic_priority(id) != (id * 16 & 0xff))
            test_fail(__LINE__, "id %u: priority is 0x%x, expected 0x%x", id, gic_priority(id), id * 16 & 0xff);
    }
    for (uint32_t id = 0; id < SPI_TESTED; id++)
        if (gic_priority(id) != (id * 16 & 0xff))
            test_fail(__LINE__, "id %u: another one has changed its priority", id);
    for (uint32_t id = 0; id < SPI_TESTED; id += 4) {
        write32(word_of(GICD_IPRIORITYR, 8, id), 0x10a0f0ffu);
        EXPECT_EQ(read32(word_of(GICD_IPRIORITYR, 8, id)), 0x10a0f000u | mask);
        write32(word_of(GICD_IPRIORITYR, 8, id), 0xa0a0a0a0u);
    }
}

static void configuration(void)
{
    test("gic: edge and level");
    /* The lower bit of each pair is reserved, or another thing on old models. */
    EXPECT_EQ(read32(word_of(GICD_ICFGR, 2, 0)) & 0xaaaaaaaa, 0xaaaaaaaa);
    write32(word_of(GICD_ICFGR, 2, 0), 0);
    EXPECT_EQ(read32(word_of(GICD_ICFGR, 2, 0)) & 0xaaaaaaaa, 0xaaaaaaaa);
    for (uint32_t id = 32; id < SPI_TESTED; id += 16) {
        write32(word_of(GICD_ICFGR, 2, id), 0x88822228);
        EXPECT_EQ(read32(word_of(GICD_ICFGR, 2, id)) & 0xaaaaaaaa, 0x88822228);
        write32(word_of(GICD_ICFGR, 2, id), 0);
        EXPECT_EQ(read32(word_of(GICD_ICFGR, 2, id)) & 0xaaaaaaaa, 0);
    }
}

static void targets_v2(void)
{
    uint32_t all = (1u << guest_tree.cpu_count) - 1;
    uint32_t own = guest_tree.cpu_count == 1 ? 0 : 1u << cpu_here();

    for (uint32_t id = 0; id < 32; id++) {
        uint32_t seen = read8(GICD + GICD_ITARGETSR + id);

        /* With one processor the register may be zero. */
        if (seen != own && seen != 1u << cpu_here())
            test_fail(__LINE__, "id %u: targets 0x%x", id, seen);
        write8(GICD + GICD_ITARGETSR + id, 0);
        EXPECT_EQ(read8(GICD + GICD_ITARGETSR + id), seen);
    }
    if (guest_tree.cpu_count == 1)
        return;
    for (uint32_t id = 32; id < SPI_TESTED; id++) {
        write8(GICD + GICD_ITARGETSR + id, 0);
        EXPECT_EQ(read8(GICD + GICD_ITARGETSR + id), 0);
        write8(GICD + GICD_ITARGETSR + id, (uint8_t)(1u << id % guest_tree.cpu_count));
        EXPECT_EQ(read8(GICD + GICD_ITARGETSR + id), 1u << id % guest_tree.cpu_count);
    }
    /* Processors that are not there. */
    if (!is_bare) {
        write8(GICD + GICD_ITARGETSR + SPI_FREE, (uint8_t)~all);
        EXPECT_EQ(read8(GICD + GICD_ITARGETSR + SPI_FREE), 0);
    }
    write32(GICD + GICD_ITARGETSR + SPI_TESTED - 4, 0x01010101);
    EXPECT_EQ(read32(GICD + GICD_ITARGETSR + SPI_TESTED - 4), 0x01010101);
}

static void routes_v3(void)
{
    for (uint32_t id = 32; id < SPI_TESTED; id++) {
        uint64_t at = GICD + GICD_IROUTER + id * 8;

        write64(at, id % guest_tree.cpu_count);
        EXPECT_EQ(read64(at), id % guest_tree.cpu_count);
        EXPECT_EQ(read32(at), id % guest_tree.cpu_count);
        EXPECT_EQ(read32(at + 4), 0);
        write32(at, 0);
        EXPECT_EQ(read64(at), 0);
    }
    /* With affinity routing the old ones have no meaning. */
    write32(GICD + GICD_ITARGETSR + SPI_FREE / 4 * 4, 0xffffffff);
    EXPECT_EQ(read32(GICD + GICD_ITARGETSR + SPI_FREE / 4 * 4), 0);
    EXPECT_EQ(read32(GICD + GICD_CPENDSGIR), 0);
    EXPECT_EQ(read32(GICD + GICD_SPENDSGIR), 0);
}

static void routes(void)
{
    test("gic: where interrupts go");
    if (IS_V3)
        routes_v3();
    else
        targets_v2();
}

static void zero_and_stays(uint64_t at)
{
    uint32_t before = read32(at);

    write32(at, 0xffffffff);
    dsb();
    if (before != 0 || read32(at) != 0)
        test_fail(__LINE__, "the register at 0x%lx is 0x%x, after a write 0x%x", at, before, read32(at));
}

static void reserved(void)
{
    static const uint16_t holes[] = { 0x00c, 0x01c, 0x040, 0x07c, 0xf04, 0xf30, 0xfcc };

    test("gic: what is not there reads as zero");
    if (!IS_V3)
        for (unsigned i = 0; i < sizeof(holes) / sizeof(holes[0]); i++)
            zero_and_stays(GICD + holes[i]);
    if (IS_V3) {
        zero_and_stays(GICD + 0x00c);
        zero_and_stays(GICD + 0x5000);
        zero_and_stays(GICR(0) + 0x7000);
        zero_and_stays(GICR(0) + GICR_SGI + 0x7000);
    }
    if (lines < 992) {
        zero_and_stays(GICD + GICD_ISENABLER + 0x78);
        zero_and_stays(GICD + GICD_ICENABLER + 0x78);
        zero_and_stays(GICD + GICD_ISPENDR + 0x78);
        zero_and_stays(GICD + GICD_ICPENDR + 0x78);
        zero_and_stays(GICD + GICD_ISACTIVER + 0x78);
        zero_and_stays(GICD + GICD_IPRIORITYR + 980);
        zero_and_stays(GICD + GICD_ICFGR + 980 / 16 * 4);
        if (!IS_V3)
            zero_and_stays(GICD + GICD_ITARGETSR + 980);
    }
    /* Reading is harmless everywhere; what is read is not known. */
    for (uint32_t at = 0; at < (IS_V3 ? 0x10000u : 0x1000u); at += 4)
        (void)read32(GICD + at);
    if (IS_V3)
        for (uint32_t at = 0; at < 0x20000; at += 4)
            (void)read32(GICR(0) + at);
}

static void redistributors(void)
{
    test("gic: redistributors");
    for (uint32_t cpu = 0; cpu < guest_tree.cpu_count; cpu++) {
        uint64_t typer = read64(GICR(cpu) + GICR_TYPER);

        EXPECT_EQ(typer >> 32, cpu);
        EXPECT_EQ(typer >> 8 & 0xffff, cpu);
        EXPECT_EQ(typer >> 4 & 1, cpu == guest_tree.cpu_count - 1);
        EXPECT_EQ(read32(GICR(cpu) + GICR_TYPER), (uint32_t)typer);
        EXPECT_EQ(read32(GICR(cpu) + GICR_TYPER + 4), typer >> 32);
        EXPECT_EQ(read32(GICR(cpu) + GICR_PIDR2) >> 4 & 0xf, 3);
        EXPECT_EQ(read32(GICR(cpu) + GICR_CTLR) & 0x80000008, 0);
        read_only(GICR(cpu) + GICR_IIDR);
        read_only(GICR(cpu) + GICR_TYPER);
        write32(GICR(cpu) + GICR_SGI + GICD_ISENABLER, 1u << 20);
        EXPECT_EQ(read32(GICR(cpu) + GICR_SGI + GICD_ISENABLER) >> 20 & 1, 1);
        for (uint32_t other = 0; other < cpu; other++)
            EXPECT_EQ(read32(GICR(other) + GICR_SGI + GICD_ISENABLER) >> 20 & 1, 0);
        write32(GICR(cpu) + GICR_SGI + GICD_ICENABLER, 1u << 20);
    }
    /* This CPU's is awake since gic_init_cpu(). */
    EXPECT_EQ(read32(GICR(0) + GICR_WAKER) & 6, 0);
}

static void interface(void)
{
    uint8_t smallest;

    test("gic: the processor's interface");
    gic_set_pmr(0);
    EXPECT_EQ(gic_pmr(), 0);
    gic_set_pmr(0xff);
    EXPECT(gic_pmr() >= 0xf0 && ((0xff - gic_pmr()) & (0x100 - gic_pmr())) == 0);
    gic_set_pmr(0x50);
    EXPECT_EQ(gic_pmr(), 0x50);
    gic_set_pmr(0xff);
    EXPECT_EQ(gic_running(), 0xff);
    EXPECT_EQ(GIC_ID(gic_highest()), GIC_SPURIOUS);
    EXPECT_EQ(GIC_ID(gic_ack()), GIC_SPURIOUS);
    gic_set_bpr(0);
    smallest = gic_bpr();
    EXPECT(smallest <= 4);
    for (uint8_t bpr = smallest; bpr < 8; bpr++) {
        gic_set_bpr(bpr);
        EXPECT_EQ(gic_bpr(), bpr);
    }
    gic_set_bpr(0);
    gic_split(true);
    gic_split(false);
}

void registers(void)
{
    identity();
    control();
    bits();
    priorities();
    configuration();
    routes();
    reserved();
    if (IS_V3)
        redistributors();
    interface();
    for (uint32_t id = 0; id < SPI_TESTED; id++)
        gic_quiet(id);
    gic_init();
}
