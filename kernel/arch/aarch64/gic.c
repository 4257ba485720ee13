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

/* Of the registers with a bit for each interrupt, the one that has this one. */
static uint64_t bit_register(uint64_t base, uint32_t interrupt)
{
    return base + interrupt / 32 * 4;
}

/* The 32 interrupts from `first` on. */
static void reset(uint64_t base, uint32_t first, uint32_t group)
{
    uint64_t bits = bit_register(base, first);

    mmio_write32(bits + GICD_ICENABLER, ~0u);
    mmio_write32(bits + GICD_ICPENDR, ~0u);
    mmio_write32(bits + GICD_ICACTIVER, ~0u);
    mmio_write32(bits + GICD_IGROUPR, group);
    for (uint64_t at = base + first; at != base + first + 32; at += 4)
        mmio_write32(at + GICD_IPRIORITYR, GIC_PRIORITY);
    mmio_write32(base + first / 4 + GICD_ICFGR, 0);
    mmio_write32(base + first / 4 + GICD_ICFGR + 4, 0);
}

void gic_distributor_init(uint64_t base, uint32_t group)
{
    uint32_t lines = ((mmio_read32(base + GICD_TYPER) & GICD_TYPER_LINES) + 1) * 32;

    gic_distributor = base;
    for (uint32_t i = GIC_FIRST_SPI; i < lines; i += 32)
        reset(base, i, group);
}

void gic_private_init(uint64_t base, uint32_t group, const struct mv_systab *t)
{
    cpu_here()->gic_private = base;
    reset(base, 0, group);
    mmio_write32(base + GICD_ISENABLER, 1u << t->timer_interrupt | 1u << GIC_SGI_MESSAGE |
                 (t->vgics.count == 0 ? 0 : 1u << t->virtual_timer_interrupt | 1u << t->maintenance_interrupt));
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
    const struct mv_systab *t = mullion_systab;

    if (interrupt == t->timer_interrupt) {
        sched_timer(core);
        isb();      /* the timer's new deadline lowers its line before it is deactivated */
        done(token);
    } else if (interrupt == GIC_SGI_MESSAGE) {
        done(token);    /* first: a message that comes from now on interrupts again */
        message_drain(core);
    } else if (interrupt == t->virtual_timer_interrupt && core->owner != NULL) {
        vgic_timer(core->owner);    /* its guest deactivates it */
    } else if (interrupt == t->maintenance_interrupt && core->owner != NULL) {
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
                 1u << mullion_systab->virtual_timer_interrupt);
}

void arch_irq_disable(uint32_t interrupt)
{
    mmio_write32(bit_register(gic_distributor, interrupt) + GICD_ICENABLER, 1u << interrupt % 32);
}

void arch_irq_clear_active(uint32_t interrupt)
{
    dsb_sy();       /* what was done to lower the device's line goes first */
    mmio_write32(bit_register(gic_distributor, interrupt) + GICD_ICACTIVER, 1u << interrupt % 32);
}

bool arch_irq_pending(void)
{
    return (read_isr_el1() & (1u << 7)) != 0;
}
