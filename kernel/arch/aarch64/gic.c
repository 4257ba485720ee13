/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "arch/arch.h"
#include "message.h"
#include "sched.h"
#include "sysreg.h"
#include "trace.h"
#include "virq.h"

uint64_t gic_distributor;
static uint32_t timer_interrupt;

static uint64_t bit_register(uint32_t block, uint32_t interrupt)
{
    return gic_distributor + block + interrupt / 32 * 4;
}

void gic_distributor_init(uint64_t base, uint32_t group)
{
    uint32_t lines;

    gic_distributor = base;
    lines = ((mmio_read32(base + GICD_TYPER) & GICD_TYPER_LINES) + 1) * 32;
    for (uint32_t i = GIC_FIRST_SPI; i < lines; i += 32) {
        mmio_write32(bit_register(GICD_ICENABLER, i), ~0u);
        mmio_write32(bit_register(GICD_ICPENDR, i), ~0u);
        mmio_write32(bit_register(GICD_ICACTIVER, i), ~0u);
        mmio_write32(bit_register(GICD_IGROUPR, i), group);
    }
    for (uint32_t i = GIC_FIRST_SPI; i < lines; i += 4)
        mmio_write32(base + GICD_IPRIORITYR + i, GIC_PRIORITY);
    for (uint32_t i = GIC_FIRST_SPI; i < lines; i += 16)
        mmio_write32(base + GICD_ICFGR + i / 4, 0);
}

void gic_private_init(uint64_t base, uint32_t group, uint32_t timer)
{
    timer_interrupt = timer;
    mmio_write32(base + GICD_ICENABLER, ~0u);
    mmio_write32(base + GICD_ICPENDR, ~0u);
    mmio_write32(base + GICD_ICACTIVER, ~0u);
    mmio_write32(base + GICD_IGROUPR, group);
    for (uint32_t i = 0; i < GIC_FIRST_SPI; i += 4)
        mmio_write32(base + GICD_IPRIORITYR + i, GIC_PRIORITY);
    mmio_write32(base + GICD_ISENABLER, 1u << timer | 1u << GIC_SGI_MESSAGE);
}

void gic_configure(uint32_t interrupt, bool edge)
{
    uint64_t reg = gic_distributor + GICD_ICFGR + interrupt / 16 * 4;
    uint32_t bit = 2u << interrupt % 16 * 2;
    static uint32_t lock;    /* an edge and a level interrupt of two cores may share the register */
    uint32_t old;

    arch_lock(&lock);
    old = mmio_read32(reg);
    mmio_write32(reg, edge ? old | bit : old & ~bit);
    arch_unlock(&lock);
}

void gic_dispatch(struct core *core, uint32_t interrupt, uint32_t token, void (*done)(uint32_t))
{
    if (interrupt == timer_interrupt) {
        sched_timer(core);
        isb();      /* the timer's new deadline lowers its line before it is deactivated */
        done(token);
    } else if (interrupt == GIC_SGI_MESSAGE) {
        done(token);    /* first: a message that comes from now on interrupts again */
        message_drain(core);
    } else if (!irq_handle(core, interrupt)) {
        trace(core, MV_TRACE_IRQ, MV_EVENT_SPURIOUS, NULL, interrupt, 0);
        arch_irq_disable(interrupt);
        done(token);
    }
}

void arch_irq_disable(uint32_t interrupt)
{
    mmio_write32(bit_register(GICD_ICENABLER, interrupt), 1u << interrupt % 32);
}

bool arch_irq_pending(void)
{
    return (read_isr_el1() & (1u << 7)) != 0;
}
