/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2 (GIC-400): memory-mapped CPU interface. Arm IHI 0048B. */
#include "gic.h"
#include "init.h"
#include "virq.h"

#define GICC_CTLR    0x0000
#define GICC_PMR     0x0004
#define GICC_BPR     0x0008
#define GICC_IAR     0x000c
#define GICC_EOIR    0x0010
#define GICC_DIR     0x1000
#define GICC_CTLR_ENABLE   (1u << 0)
#define GICC_CTLR_EOIMODE  (1u << 9)
#define SGIR_TARGET_SHIFT  16

#define GICH_HCR     0x0000
#define GICH_VTR     0x0004
#define GICH_VMCR    0x0008
#define GICH_ELRSR   0x0030
#define GICH_APR     0x00f0
#define GICH_LR      0x0100
#define GICH_VTR_LISTREGS  0x1fu    /* up to 32; no GICv2 has more */

static uint64_t virtual_interface;    /* GICH: each core sees its own */
uint64_t gicv2_cpu_interface;    /* gicv2.inc reads it */

void arch_irq_init(const struct mv_systab *t, bool first_core)
{
    if (first_core) {
        gicv2_cpu_interface = t->gic_cpu_interface;
        mmio_write32(t->gic_distributor + GICD_CTLR, 0);
        /* Groups stay as firmware left them: without the Security Extensions
         * all is group 0, with them only secure software could change it. */
        gic_distributor_init(t->gic_distributor, 0);
        mmio_write32(t->gic_distributor + GICD_CTLR, 1);
    }
    gic_private_init(t->gic_distributor, 0, t);
    /* The banked ITARGETSR0 reads as the bit of the core that asks. */
    cpu_here()->gic_target = mmio_read32(t->gic_distributor + GICD_ITARGETSR) & 0xff;
    if (cpu_here()->gic_target == 0)
        cpu_here()->gic_target = 1;     /* a GIC of one processor reads as 0 */
    mmio_write32(gicv2_cpu_interface + GICC_PMR, 0xff);
    mmio_write32(gicv2_cpu_interface + GICC_BPR, 0);
    mmio_write32(gicv2_cpu_interface + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
    virtual_interface = t->gic_hypervisor;
    if (t->vgics.count != 0) {
        uint32_t all = (2u << (mmio_read32(virtual_interface + GICH_VTR) & GICH_VTR_LISTREGS)) - 1;

        for (uint32_t i = 0; i < ARCH_LRS; i++)
            arch_lr_write(i, 0);
        /* There are those that we use, and nothing is in any other. */
        CHECK(all >= (1u << ARCH_LRS) - 1 && (arch_lr_empty() & all) == all);
        arch_lr_ask(0);
    }
}

/* ---- the virtual CPU interface: IHI 0048B, chapter 5 ------------------------ */

#define LR_VIRTUAL_ID   FIELD(9, 0)
#define LR_SENDER       FIELD(12, 10)
#define LR_NOTIFY       (1u << 19)
#define LR_PRIORITY     FIELD(27, 23)      /* the upper five bits */
#define LR_STATE        FIELD(29, 28)

/*
 * All of the guest's are group 0, as without the Security Extensions. None is
 * linked to a physical one: the kernel ends that when the guest has ended its
 * own. For QEMU's GICv2 (7.2), which by itself tells no core of an interrupt
 * that the guest's end lets through, so that the guest would lose its timer.
 */
arch_lr_t arch_lr_make(uint32_t id, uint32_t priority, uint32_t state, uint32_t physical,
                       bool notify, uint32_t sender)
{
    return field_make(LR_VIRTUAL_ID, id) | field_make(LR_PRIORITY, priority >> 3) |
           field_make(LR_STATE, state) | field_make(LR_SENDER, sender) |
           (notify ? LR_NOTIFY : 0);
}

uint32_t arch_lr_state(arch_lr_t lr) { return (uint32_t)field_get(lr, LR_STATE); }
bool arch_lr_is_linked(arch_lr_t lr) { return false; }
uint32_t arch_lr_sender(arch_lr_t lr) { return (uint32_t)field_get(lr, LR_SENDER); }
arch_lr_t arch_lr_read(uint32_t i) { return mmio_read32(virtual_interface + GICH_LR + 4 * i); }
void arch_lr_write(uint32_t i, arch_lr_t lr)
{
    mmio_write32(virtual_interface + GICH_LR + 4 * i, (uint32_t)lr);
}
uint32_t arch_lr_empty(void) { return mmio_read32(virtual_interface + GICH_ELRSR); }
uint32_t arch_lr_ended(void)
{
    return mmio_read32(virtual_interface + GICH_HCR) >> VIRTUAL_EOI_SHIFT;
}
void arch_lr_ask(uint32_t what)
{
    mmio_write32(virtual_interface + GICH_HCR, virtual_control(what));
}

void gic_virtual_save(struct arch_vm *vm)
{
    vm->vmcr = mmio_read32(virtual_interface + GICH_VMCR);
    vm->active[0] = mmio_read32(virtual_interface + GICH_APR);
}

void gic_virtual_load(const struct arch_vm *vm)
{
    mmio_write32(virtual_interface + GICH_VMCR, (uint32_t)vm->vmcr);
    mmio_write32(virtual_interface + GICH_APR, (uint32_t)vm->active[0]);
}

void arch_irq_enable(uint32_t interrupt, const struct core *core, bool edge)
{
    const struct cpu *cpu = (const struct cpu *)(const void *)core;

    gic_configure(interrupt, edge);
    mmio_write8(gic_distributor + GICD_ITARGETSR + interrupt, cpu->gic_target);
    mmio_write32(gic_distributor + GICD_ISENABLER + interrupt / 32 * 4, 1u << interrupt % 32);
}

static void done(uint32_t token)
{
    mmio_write32(gicv2_cpu_interface + GICC_DIR, token);
}

void arch_irq_deactivate(uint32_t interrupt)
{
    /* What the driver did to lower its device's line goes first; the device's
     * own stores went to other memory. Pairs with nothing but the bus. */
    dsb_sy();
    done(interrupt);
}

void irq_taken(struct core *core, uint64_t token)
{
    uint32_t interrupt = (uint32_t)token & 0x3ff;    /* for an SGI the token also names its sender */

    if (interrupt >= GIC_FIRST_SPECIAL)
        return;
    mmio_write32(gicv2_cpu_interface + GICC_EOIR, (uint32_t)token);
    gic_dispatch(core, interrupt, (uint32_t)token, done);
}

void arch_irq_take(struct core *core)
{
    irq_taken(core, mmio_read32(gicv2_cpu_interface + GICC_IAR));
}

void arch_core_interrupt(const struct core *to)
{
    const struct cpu *cpu = (const struct cpu *)(const void *)to;

    dsb_ishst();    /* the message is visible before its interrupt: pairs with message_drain() */
    mmio_write32(gic_distributor + GICD_SGIR, cpu->gic_target << SGIR_TARGET_SHIFT | GIC_SGI_MESSAGE);
}
