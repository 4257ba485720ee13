/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"
#include "init.h"

#include "arch/arch.h"
#include "message.h"
#include "sched.h"
#include "sysreg.h"
#include "trace.h"
#include "vgic.h"
#include "virq.h"

uint64_t gic_distributor;
uint32_t gic_virtual_timer;
static uint32_t timer_interrupt, maintenance_interrupt;

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

void gic_private_init(uint64_t base, uint32_t group, const struct mv_systab *t)
{
    cpu_here()->gic_private = base;
    timer_interrupt = t->timer_interrupt;
    gic_virtual_timer = t->virtual_timer_interrupt;
    maintenance_interrupt = t->maintenance_interrupt;
    mmio_write32(base + GICD_ICENABLER, ~0u);
    mmio_write32(base + GICD_ICPENDR, ~0u);
    mmio_write32(base + GICD_ICACTIVER, ~0u);
    mmio_write32(base + GICD_IGROUPR, group);
    for (uint32_t i = 0; i < GIC_FIRST_SPI; i += 4)
        mmio_write32(base + GICD_IPRIORITYR + i, GIC_PRIORITY);
    mmio_write32(base + GICD_ISENABLER, 1u << timer_interrupt | 1u << GIC_SGI_MESSAGE |
                 (t->vgics.count == 0 ? 0 : 1u << gic_virtual_timer | 1u << maintenance_interrupt));
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
    } else if (interrupt == gic_virtual_timer && core->owner != NULL) {
        vgic_timer(core->owner);    /* its guest deactivates it */
    } else if (interrupt == maintenance_interrupt && core->owner != NULL) {
        vgic_update(core->owner);
        isb();      /* the list registers' new contents lower its line before it is deactivated */
        done(token);
    } else if (arch_dma_interrupt(interrupt)) {
        done(token);
    } else if (!irq_handle(core, interrupt)) {
        trace(MV_EVENT_SPURIOUS, NULL, interrupt, 0);
        if (interrupt >= GIC_FIRST_SPI)     /* else an owner's that has just gone */
            arch_irq_disable(interrupt);
        done(token);
    }
}

void arch_vm_timer_hold(bool hold)
{
    mmio_write32(cpu_here()->gic_private + (hold ? GICD_ISACTIVER : GICD_ICACTIVER),
                 1u << gic_virtual_timer);
}

void arch_irq_disable(uint32_t interrupt)
{
    mmio_write32(bit_register(GICD_ICENABLER, interrupt), 1u << interrupt % 32);
}

void arch_irq_clear_active(uint32_t interrupt)
{
    dsb_sy();       /* what was done to lower the device's line goes first */
    mmio_write32(bit_register(GICD_ICACTIVER, interrupt), 1u << interrupt % 32);
}

bool arch_irq_pending(void)
{
    return (read_isr_el1() & (1u << 7)) != 0;
}
