/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#define V3         (guest_tree.gic_version == 3)
#define GICD       MV_GUEST_GICD
#define GICC       MV_GUEST_GICC
#define GICR(cpu)  ((uint64_t)MV_GUEST_GICR + (cpu) * (uint64_t)MV_GUEST_GICR_BYTES)

#define ICC_PMR      S3_0_C4_C6_0
#define ICC_DIR      S3_0_C12_C11_1
#define ICC_RPR      S3_0_C12_C11_3
#define ICC_SGI1R    S3_0_C12_C11_5
#define ICC_IAR1     S3_0_C12_C12_0
#define ICC_EOIR1    S3_0_C12_C12_1
#define ICC_HPPIR1   S3_0_C12_C12_2
#define ICC_BPR1     S3_0_C12_C12_3
#define ICC_CTLR     S3_0_C12_C12_4
#define ICC_SRE      S3_0_C12_C12_5
#define ICC_IGRPEN1  S3_0_C12_C12_7
#define READ(name)          READ_NAMED(name)
#define READ_NAMED(name)    READ_REGISTER(name)
#define WRITE(name, value)  WRITE_NAMED(name, value)
#define WRITE_NAMED(name, value) do { WRITE_REGISTER(name, value); isb(); } while (0)

#define GICC_CTLR_ENABLE   1u
#define GICC_CTLR_EOIMODE  (1u << 9)
#define ICC_CTLR_EOIMODE   (1u << 1)
#define GICD_CTLR_V3       0x13u       /* ARE_NS, group 1 */
#define GICD_CTLR_RWP      (1u << 31)
#define GICR_WAKER_SLEEP   2u
#define GICR_WAKER_ASLEEP  4u

uint64_t gic_word(uint32_t offset, unsigned bits, uint32_t id, unsigned cpu)
{
    uint64_t base = V3 && id < 32 ? GICR(cpu) + GICR_SGI : GICD;

    return base + offset + id * bits / 32 * 4;
}

bool gic_bit(uint32_t offset, uint32_t id)
{
    return (read32(gic_word(offset, 1, id, cpu_here())) >> id % 32 & 1) != 0;
}

void gic_set_bit(uint32_t offset, uint32_t id)
{
    write32(gic_word(offset, 1, id, cpu_here()), UINT32_C(1) << id % 32);
}

/* On a GICv3 some writes take their time. */
static void settle(void)
{
    if (V3) {
        while ((read32(GICD + GICD_CTLR) & GICD_CTLR_RWP) != 0)
            pause();
        while ((read32(GICR(cpu_here()) + GICR_CTLR) & 8) != 0)
            pause();
    }
    dsb();
}

uint8_t gic_priority(uint32_t id)
{
    return read8(gic_word(GICD_IPRIORITYR, 8, id, cpu_here()) + id % 4);
}

void gic_set_priority(uint32_t id, uint8_t priority)
{
    write8(gic_word(GICD_IPRIORITYR, 8, id, cpu_here()) + id % 4, priority);
    dsb();
}

void gic_set_edge(uint32_t id, bool edge)
{
    uint64_t at = gic_word(GICD_ICFGR, 2, id, cpu_here());
    uint32_t bit = UINT32_C(2) << id % 16 * 2;

    write32(at, edge ? read32(at) | bit : read32(at) & ~bit);
    dsb();
}

void gic_route(uint32_t id, unsigned cpu)
{
    if (V3)
        write64(GICD + GICD_IROUTER + id * 8, cpu);
    else
        write8(GICD + GICD_ITARGETSR + id, (uint8_t)(1u << cpu));
    dsb();
}

void gic_enable(uint32_t id)
{
    gic_set_bit(GICD_ISENABLER, id);
    settle();
}

void gic_disable(uint32_t id)
{
    gic_set_bit(GICD_ICENABLER, id);
    settle();
}

void gic_quiet(uint32_t id)
{
    gic_disable(id);
    if (V3 || id >= 16)
        gic_set_bit(GICD_ICPENDR, id);
    else
        write32(GICD + GICD_CPENDSGIR + id / 4 * 4, UINT32_C(0xff) << id % 4 * 8);
    gic_set_bit(GICD_ICACTIVER, id);
    settle();
}

void gic_send(uint32_t id, unsigned cpu_mask)
{
    dsb();
    if (V3)
        WRITE(ICC_SGI1R, (uint64_t)id << 24 | cpu_mask);
    else
        write32(GICD + GICD_SGIR, cpu_mask << 16 | id);
}

void gic_send_others(uint32_t id)
{
    dsb();
    if (V3)
        WRITE(ICC_SGI1R, UINT64_C(1) << 40 | (uint64_t)id << 24);
    else
        write32(GICD + GICD_SGIR, 1u << 24 | id);
}

uint32_t gic_ack(void)
{
    uint32_t iar = V3 ? (uint32_t)READ(ICC_IAR1) : read32(GICC + GICC_IAR);

    dsb();
    return iar;
}

void gic_eoi(uint32_t iar)
{
    dsb();
    if (V3)
        WRITE(ICC_EOIR1, iar);
    else
        write32(GICC + GICC_EOIR, iar);
}

void gic_deactivate(uint32_t iar)
{
    dsb();
    if (V3)
        WRITE(ICC_DIR, iar);
    else
        write32(GICC + GICC_DIR, iar);
}

void gic_split(bool on)
{
    if (V3)
        WRITE(ICC_CTLR, on ? ICC_CTLR_EOIMODE : 0);
    else
        write32(GICC + GICC_CTLR, GICC_CTLR_ENABLE | (on ? GICC_CTLR_EOIMODE : 0));
}

void gic_set_pmr(uint8_t pmr)
{
    if (V3)
        WRITE(ICC_PMR, pmr);
    else
        write32(GICC + GICC_PMR, pmr);
    dsb();
}

uint8_t gic_pmr(void)
{
    return (uint8_t)(V3 ? READ(ICC_PMR) : read32(GICC + GICC_PMR));
}

void gic_set_bpr(uint8_t bpr)
{
    if (V3)
        WRITE(ICC_BPR1, bpr);
    else
        write32(GICC + GICC_BPR, bpr);
}

uint8_t gic_bpr(void)
{
    return (uint8_t)(V3 ? READ(ICC_BPR1) : read32(GICC + GICC_BPR));
}

uint32_t gic_running(void)
{
    return V3 ? (uint32_t)READ(ICC_RPR) : read32(GICC + GICC_RPR);
}

uint32_t gic_highest(void)
{
    return V3 ? (uint32_t)READ(ICC_HPPIR1) : read32(GICC + GICC_HPPIR);
}

void gic_forward(bool on)
{
    write32(GICD + GICD_CTLR, V3 ? on ? GICD_CTLR_V3 : 0x10u : on ? 1u : 0u);
    settle();
}

void gic_interface(bool on)
{
    if (V3)
        WRITE(ICC_IGRPEN1, on);
    else
        write32(GICC + GICC_CTLR, on);
    dsb();
}

void gic_init_cpu(void)
{
    if (V3) {
        uint64_t waker = GICR(cpu_here()) + GICR_WAKER;

        WRITE(ICC_SRE, READ(ICC_SRE) | 1);
        write32(waker, read32(waker) & ~GICR_WAKER_SLEEP);
        while ((read32(waker) & GICR_WAKER_ASLEEP) != 0)
            pause();
    }
    write32(gic_word(GICD_ICENABLER, 1, 0, cpu_here()), 0xffffffff);
    write32(gic_word(GICD_IGROUPR, 1, 0, cpu_here()), V3 ? 0xffffffff : 0);
    settle();
    gic_set_pmr(0xff);
    gic_set_bpr(0);
    gic_split(false);
    gic_interface(true);
}

void gic_init(void)
{
    uint32_t lines = 32 * ((read32(GICD + GICD_TYPER) & 0x1f) + 1);

    gic_forward(false);
    for (uint32_t id = 32; id < lines; id += 32) {
        write32(gic_word(GICD_ICENABLER, 1, id, 0), 0xffffffff);
        write32(gic_word(GICD_IGROUPR, 1, id, 0), V3 ? 0xffffffff : 0);
    }
    gic_forward(true);
    gic_init_cpu();
}
