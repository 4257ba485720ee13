/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What GICv2 and GICv3 have in common (Arm IHI 0048 and IHI 0069): the
 * distributor's registers, and what a taken interrupt means to the kernel.
 * Device interrupts are taken at EL2, dropped in priority at once, and
 * deactivated when their sink acknowledges (EOImode 1).
 */
#pragma once

#include "base.h"
#include "core.h"
#include "arch/arch.h"

#define GICD_CTLR          0x0000
#define GICD_TYPER         0x0004
#define GICD_IGROUPR       0x0080
#define GICD_ISENABLER     0x0100
#define GICD_ICENABLER     0x0180
#define GICD_ISPENDR       0x0200
#define GICD_ICPENDR       0x0280
#define GICD_ISACTIVER     0x0300
#define GICD_ICACTIVER     0x0380
#define GICD_IPRIORITYR    0x0400
#define GICD_ITARGETSR     0x0800
#define GICD_ICFGR         0x0c00
#define GICD_SGIR          0x0f00
#define GICD_IROUTER       0x6000
#define GICD_TYPER_LINES   0x1f

#define GIC_FIRST_SPI      32u
#define GIC_FIRST_SPECIAL  1020u
#define GIC_PRIORITY       0xa0a0a0a0u    /* all alike: the scheduler orders, not the GIC */
#define GIC_SGI_MESSAGE    0u             /* "look at your inbox" */

/* Memory operands: what is added to the address is part of the instruction. The compiler
 * does not change the address by it ("m" stands for no such operand), and gives the whole access. */
#define MMIO(type, address)  (*(volatile type *)(address))
INLINE void mmio_write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w1, %0" : "=m"(MMIO(uint32_t, address)) : "rZ"(value) : "memory");
}
INLINE void mmio_write64(uint64_t address, uint64_t value)
{
    __asm__ volatile("str %x1, %0" : "=m"(MMIO(uint64_t, address)) : "rZ"(value) : "memory");
}
INLINE void mmio_write8(uint64_t address, uint32_t value)
{
    __asm__ volatile("strb %w1, %0" : "=m"(MMIO(uint8_t, address)) : "rZ"(value) : "memory");
}
INLINE uint32_t mmio_read32(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, %1" : "=r"(value) : "m"(MMIO(uint32_t, address)) : "memory");
    return value;
}
INLINE uint64_t mmio_read64(uint64_t address)
{
    uint64_t value;

    __asm__ volatile("ldr %x0, %1" : "=r"(value) : "m"(MMIO(uint64_t, address)) : "memory");
    return value;
}

/* The distributor of this system; set by gic_distributor_init(). */
extern uint64_t gic_distributor;

/* Every SPI off, not pending, not active, level, one priority. The
 * distributor is off. `group`: word for GICD_IGROUPR. */
void gic_distributor_init(uint64_t base, uint32_t group);
/* The same for this core's SGIs and PPIs, which lie at `base` alike; the
 * kernel's own are on. */
void gic_private_init(uint64_t base, uint32_t group, const struct mv_systab *t);

/* ICH_HCR_EL2 and GICH_HCR. */
#define VIRTUAL_ENABLE      (1u << 0)
#define VIRTUAL_LRENPIE     (1u << 2)    /* attention: ended, but in no list register */
#define VIRTUAL_NPIE        (1u << 3)    /* attention: none pending                   */
#define VIRTUAL_EOI_SHIFT   27           /* how often                                 */
static inline uint32_t virtual_control(uint32_t asked)
{
    return VIRTUAL_ENABLE | ((asked & LR_ASK_PENDING) != 0 ? VIRTUAL_NPIE : 0) |
           ((asked & LR_ASK_UNSEEN) != 0 ? VIRTUAL_LRENPIE : 0);
}

void gic_configure(uint32_t interrupt, bool edge);

/* An interrupt that was acknowledged with this token, not yet dropped in
 * priority; vectors.S calls it too. */
void irq_taken(struct core *core, uint64_t token);

/* A taken interrupt: the kernel's timer or message, or a device's. `done`
 * deactivates it; a device's is deactivated when it is acknowledged. */
void gic_dispatch(struct core *core, uint32_t interrupt, uint32_t token, void (*done)(uint32_t));
