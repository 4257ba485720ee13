/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3: system-register CPU interface, a redistributor per core. Arm IHI 0069. */
#include "gic.h"
#include "init.h"
#include "virq.h"

#define GICD_CTLR_ENABLE   0x3u              /* both group-1 enables of the non-secure view; with one
                                                security state groups 0 and 1 */
#define GICD_CTLR_ARE      (1u << 4)
#define GICD_CTLR_RWP      (1u << 31)
#define GICR_TYPER         0x0008
#define GICR_WAKER         0x0014
#define GICR_WAKER_SLEEP   (1u << 1)
#define GICR_WAKER_ASLEEP  (1u << 2)
#define GICR_SGI_FRAME     0x10000
#define GICR_TYPER_VLPIS   (UINT64_C(1) << 1)
#define GICR_TYPER_LAST    (UINT64_C(1) << 4)
#define SPINS_MAX          1000000

#define ICC(name, insn)                                                                  \
    static inline void write_##name(uint64_t value)                                      \
    {                                                                                    \
        __asm__ volatile("msr " insn ", %0" : : "r"(value) : "memory");                  \
    }
ICC(icc_sre_el2, "S3_4_C12_C9_5")
ICC(icc_pmr_el1, "S3_0_C4_C6_0")
ICC(icc_bpr1_el1, "S3_0_C12_C12_3")
ICC(icc_ctlr_el1, "S3_0_C12_C12_4")
ICC(icc_igrpen1_el1, "S3_0_C12_C12_7")
ICC(icc_eoir1_el1, "S3_0_C12_C12_1")
ICC(icc_dir_el1, "S3_0_C12_C11_1")
ICC(icc_sgi1r_el1, "S3_0_C12_C11_5")
ICC(ich_hcr_el2, "S3_4_C12_C11_0")
ICC(ich_vmcr_el2, "S3_4_C12_C11_7")
ICC(ich_ap0r0_el2, "S3_4_C12_C8_0")
ICC(ich_ap1r0_el2, "S3_4_C12_C9_0")
ICC(ich_lr0_el2, "S3_4_C12_C12_0")
ICC(ich_lr1_el2, "S3_4_C12_C12_1")
ICC(ich_lr2_el2, "S3_4_C12_C12_2")
ICC(ich_lr3_el2, "S3_4_C12_C12_3")
#define ICC_READ(name, insn)                                                             \
    static inline uint64_t read_##name(void)                                             \
    {                                                                                    \
        uint64_t value;                                                                  \
                                                                                         \
        __asm__ volatile("mrs %0, " insn : "=r"(value) : : "memory");                    \
        return value;                                                                    \
    }
ICC_READ(icc_iar1_el1, "S3_0_C12_C12_0")
ICC_READ(ich_hcr_el2, "S3_4_C12_C11_0")
ICC_READ(ich_vtr_el2, "S3_4_C12_C11_1")
ICC_READ(ich_elrsr_el2, "S3_4_C12_C11_5")
ICC_READ(ich_vmcr_el2, "S3_4_C12_C11_7")
ICC_READ(ich_ap0r0_el2, "S3_4_C12_C8_0")
ICC_READ(ich_ap1r0_el2, "S3_4_C12_C9_0")
ICC_READ(ich_lr0_el2, "S3_4_C12_C12_0")
ICC_READ(ich_lr1_el2, "S3_4_C12_C12_1")
ICC_READ(ich_lr2_el2, "S3_4_C12_C12_2")
ICC_READ(ich_lr3_el2, "S3_4_C12_C12_3")
#define ICH_VTR_LISTREGS   0x1fu
#define ICH_VTR_PREBITS    FIELD(28, 26)

static void wait_clear(uint64_t address, uint32_t bits)
{
    for (uint32_t i = 0; (mmio_read32(address) & bits) != 0; i++) {
        CHECK(i < SPINS_MAX);    /* the GIC does not answer */
        __asm__ volatile("yield");
    }
}

/* MPIDR's affinity as GICR_TYPER, GICD_IROUTER and ICC_SGI1R have it. */
static uint32_t affinity(uint64_t mpidr)
{
    return (uint32_t)((mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000));
}

static uint64_t find_redistributor(const struct mv_systab *t)
{
    uint64_t at = t->gic_redistributors;
    uint64_t typer;

    do {
        CHECK(at < t->gic_redistributors + t->gic_redistributors_size);
        typer = mmio_read64(at + GICR_TYPER);
        if (typer >> 32 == affinity(cpu_here()->mpidr))
            return at;
        at += (typer & GICR_TYPER_VLPIS) != 0 ? 0x40000 : 0x20000;
    } while ((typer & GICR_TYPER_LAST) == 0);
    panic("no GIC redistributor for this core");
}

void arch_irq_init(const struct mv_systab *t, bool first_core)
{
    uint64_t redistributor;

    if (first_core) {
        mmio_write32(t->gic_distributor + GICD_CTLR, 0);
        wait_clear(t->gic_distributor + GICD_CTLR, GICD_CTLR_RWP);
        gic_distributor_init(t->gic_distributor, ~0u);
        mmio_write32(t->gic_distributor + GICD_CTLR, GICD_CTLR_ENABLE | GICD_CTLR_ARE);
        wait_clear(t->gic_distributor + GICD_CTLR, GICD_CTLR_RWP);
    }
    redistributor = find_redistributor(t);
    mmio_write32(redistributor + GICR_WAKER,
                 mmio_read32(redistributor + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    wait_clear(redistributor + GICR_WAKER, GICR_WAKER_ASLEEP);
    gic_private_init(redistributor + GICR_SGI_FRAME, ~0u, t);
    write_icc_sre_el2(0xf);         /* system registers; no bypass; EL1's own SRE accessible */
    isb();                          /* SRE before any other ICC register */
    write_icc_pmr_el1(0xff);
    write_icc_bpr1_el1(0);
    write_icc_ctlr_el1(1u << 1);    /* EOImode 1 */
    write_icc_igrpen1_el1(1);
    isb();                          /* the interface is on before interrupts are waited for */
    if (t->vgics.count != 0) {
        uint32_t vtr = (uint32_t)read_ich_vtr_el2();
        uint32_t all = (2u << (vtr & ICH_VTR_LISTREGS)) - 1;

        for (uint32_t i = 0; i < ARCH_LRS; i++)
            arch_lr_write(i, 0);
        /* There are those that we use, and nothing is in any other. */
        CHECK(all >= (1u << ARCH_LRS) - 1 && arch_lr_empty() == all);
        CHECK(field_get(vtr, ICH_VTR_PREBITS) <= 4);    /* else there are more than ICH_AP<n>R0_EL2 */
        arch_lr_ask(0);
    }
}

/* ---- the virtual CPU interface: IHI 0069, chapter 12.4 ----------------------- */

#define LR_VIRTUAL_ID   FIELD(31, 0)
#define LR_PHYSICAL_ID  FIELD(44, 32)
#define LR_NOTIFY       (UINT64_C(1) << 41)
#define LR_PRIORITY     FIELD(55, 48)
#define LR_GROUP        (UINT64_C(1) << 60)
#define LR_HW           (UINT64_C(1) << 61)
#define LR_STATE        FIELD(63, 62)

/* All of the guest's are group 1, as the non-secure side of a GIC sees them. */
arch_lr_t arch_lr_make(uint32_t id, uint32_t priority, uint32_t state, uint32_t physical,
                       bool notify, uint32_t sender)
{
    return field_make(LR_VIRTUAL_ID, id) | field_make(LR_PRIORITY, priority) | LR_GROUP |
           field_make(LR_STATE, state) |
           (physical != 0 ? LR_HW | field_make(LR_PHYSICAL_ID, physical) : notify ? LR_NOTIFY : 0);
}

arch_lr_t arch_lr_read(uint32_t i)
{
    return i == 0 ? read_ich_lr0_el2() : i == 1 ? read_ich_lr1_el2() :
           i == 2 ? read_ich_lr2_el2() : read_ich_lr3_el2();
}

void arch_lr_write(uint32_t i, arch_lr_t lr)
{
    if (i == 0)
        write_ich_lr0_el2(lr);
    else if (i == 1)
        write_ich_lr1_el2(lr);
    else if (i == 2)
        write_ich_lr2_el2(lr);
    else
        write_ich_lr3_el2(lr);
}

uint32_t arch_lr_state(arch_lr_t lr) { return (uint32_t)field_get(lr, LR_STATE); }
bool arch_lr_is_linked(arch_lr_t lr) { return (lr & LR_HW) != 0; }
uint32_t arch_lr_sender(arch_lr_t lr) { return 0; }
uint32_t arch_lr_empty(void) { return (uint32_t)read_ich_elrsr_el2(); }
uint32_t arch_lr_ended(void) { return (uint32_t)read_ich_hcr_el2() >> VIRTUAL_EOI_SHIFT; }
void arch_lr_ask(uint32_t what) { write_ich_hcr_el2(virtual_control(what)); }

void gic_virtual_save(struct arch_vm *vm)
{
    vm->vmcr = read_ich_vmcr_el2();
    vm->active[0] = read_ich_ap0r0_el2();
    vm->active[1] = read_ich_ap1r0_el2();
}

void gic_virtual_load(const struct arch_vm *vm)
{
    write_ich_vmcr_el2(vm->vmcr);
    write_ich_ap0r0_el2(vm->active[0]);
    write_ich_ap1r0_el2(vm->active[1]);
}

void arch_irq_enable(uint32_t interrupt, const struct core *core, bool edge)
{
    const struct cpu *cpu = (const struct cpu *)(const void *)core;

    gic_configure(interrupt, edge);
    mmio_write64(gic_distributor + GICD_IROUTER + 8 * (uint64_t)interrupt, cpu->mpidr);
    mmio_write32(gic_distributor + GICD_ISENABLER + interrupt / 32 * 4, 1u << interrupt % 32);
}

static void done(uint32_t token)
{
    write_icc_dir_el1(token);
}

void arch_irq_deactivate(uint32_t interrupt)
{
    dsb_sy();       /* what the driver did to lower its device's line goes first */
    done(interrupt);
}

void irq_taken(struct core *core, uint64_t token)
{
    uint32_t interrupt = (uint32_t)token & 0xffffff;

    if (interrupt >= GIC_FIRST_SPECIAL)
        return;
    write_icc_eoir1_el1(interrupt);
    isb();          /* the priority is dropped before anything else is acknowledged */
    gic_dispatch(core, interrupt, interrupt, done);
}

void arch_irq_take(struct core *core)
{
    irq_taken(core, read_icc_iar1_el1());
}

void arch_core_interrupt(const struct core *to)
{
    const struct cpu *cpu = (const struct cpu *)(const void *)to;
    uint64_t mpidr = cpu->mpidr;

    dsb_ishst();    /* the message is visible before its interrupt: pairs with message_drain() */
    write_icc_sgi1r_el1((mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
                        (mpidr >> 8 & 0xff) << 16 | (uint64_t)GIC_SGI_MESSAGE << 24 |
                        UINT64_C(1) << (mpidr & 0xf));
    isb();          /* sent now, not when this core next synchronises */
}
