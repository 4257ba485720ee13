/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's vCPU on this machine: which registers are whose, and what arrives from
 * a guest.
 *
 *   owned      EL1_OWNED below, VMPIDR_EL2, the virtual timer, the virtual CPU
 *              interface: in the hardware until another VM's vCPU needs it
 *   entered    EL1_ENTERED below: they change how EL0 behaves, so a native cell
 *              never runs with a guest's; HCR_EL2
 *   per vCPU   VTTBR_EL2, VTCR_EL2, CPTR_EL2, the frame
 *   constant   VPIDR_EL2, CNTVOFF_EL2, CNTHCTL_EL2, MDCR_EL2, MDSCR_EL1 (init.c)
 *   trapped    all debug, PMU, trace and error-record registers, ACTLR_EL1, ID
 *              registers, the physical timer, LORegions, implementation-defined
 *              registers, set/way maintenance, pointer authentication, SVE, SME
 */
#include "vm.h"

#include "core.h"
#include "gic.h"
#include "init.h"
#include "sched.h"
#include "space.h"
#include "vcpu.h"
#include "vgic.h"

static_assert((HCR_NATIVE & (HCR_E2H | HCR_API)) == 0, "see init.h");
static_assert((HCR_GUEST & (HCR_E2H | HCR_API)) == 0, "see init.h");

#define TCR_EPD       (UINT64_C(1) << 7 | UINT64_C(1) << 23)    /* EPD0, EPD1: no walks */
#define VTTBR_VMID    FIELD(63, 48)

/* In pairs, for the sake of the text's size. */
#define EL1_OWNED(R) \
    R(sp_el1, elr_el1) R(spsr_el1, esr_el1) R(far_el1, afsr0_el1) R(afsr1_el1, ttbr0_el1) \
    R(ttbr1_el1, mair_el1) R(amair_el1, vbar_el1) R(contextidr_el1, tpidr_el1) R(par_el1, csselr_el1)
#define EL1_ENTERED(R) \
    R(sctlr_el1, tcr_el1) R(cpacr_el1, cntkctl_el1)
#define EL1_IDENTITY(R) \
    R(id_aa64pfr0_el1, id_aa64pfr1_el1) R(id_aa64dfr0_el1, id_aa64isar0_el1) \
    R(id_aa64isar1_el1, id_aa64mmfr0_el1) R(id_aa64mmfr1_el1, id_aa64mmfr2_el1)

#define SAVE(a, b)                                                                        \
    {                                                                                     \
        uint64_t x, y;                                                                    \
                                                                                          \
        __asm__ volatile("mrs %0, " #a "\n\tmrs %1, " #b : "=r"(x), "=r"(y));             \
        el1->a = x;                                                                       \
        el1->b = y;                                                                       \
    }
#define LOAD(a, b) \
    __asm__ volatile("msr " #a ", %0\n\tmsr " #b ", %1" : : "r"(el1->a), "r"(el1->b));

/* ---- whose registers -------------------------------------------------------------- */

void cpu_enter_native(void)
{
    write_sctlr_el1(SCTLR_NATIVE);
    write_tcr_el1(0);                     /* TBI 0: no tags */
    write_cpacr_el1(CPACR_NATIVE);        /* FPEN open, or FP would arrive as another class than EC 7 */
    write_cntkctl_el1(CNTKCTL_NATIVE);    /* EL0VCTEN: the virtual counter, nothing else */
    write_tpidrro_el0(0);
    write_hcr_el2(HCR_NATIVE);
}

/*
 * On a core that may execute an AT speculatively, a VMID must never be live
 * with stage 1 registers that are not its own: what such an AT finds would stay
 * in the TLB. So stage-1 walks are off while VTTBR_EL2 and SCTLR_EL1.M change.
 */
void cpu_leave_vm(struct vcpu *v)
{
    struct mv_vm_state *el1 = &v->vm->arch.el1;

    EL1_ENTERED(SAVE)
    el1->tpidrro_el0 = read_tpidrro_el0();
    if (errata_speculative_at) {
        write_tcr_el1(el1->tcr_el1 | TCR_EPD);
        isb();      /* no walk for this VMID from here on ... */
        write_vttbr_el2(v->hw.vttbr & ~VTTBR_VMID);
        isb();      /* ... which is gone before stage 1 changes */
        write_sctlr_el1(SCTLR_NATIVE);
        isb();      /* stage 1 is off before the walks are not */
    }
    cpu_enter_native();
}

void cpu_enter_vm(struct vcpu *v)
{
    const struct mv_vm_state *el1 = &v->vm->arch.el1;

    if (v->core->owner != v)
        vm_own(v);
    if (errata_speculative_at) {
        write_tcr_el1(el1->tcr_el1 | TCR_EPD);
        isb();      /* no walk from here on ... */
        write_sctlr_el1(el1->sctlr_el1);
        isb();      /* ... before stage 1 is on ... */
        write_vttbr_el2(v->hw.vttbr);
        isb();      /* ... and the VMID live, before walks are allowed again */
    }
    EL1_ENTERED(LOAD)
    write_tpidrro_el0(el1->tpidrro_el0);
    write_hcr_el2(HCR_GUEST);
}

void arch_vm_save(struct vcpu *v)
{
    struct mv_vm_state *el1 = &v->vm->arch.el1;

    EL1_OWNED(SAVE)
    el1->cntv_ctl_el0 = read_cntv_ctl_el0() & 3;
    el1->cntv_cval_el0 = read_cntv_cval_el0();
    write_cntv_ctl_el0(0);
    isb();      /* its line is low before its interrupt may fire for the next owner */
    gic_virtual_save(&v->vm->arch);
}

void arch_vm_load(struct vcpu *v)
{
    const struct mv_vm_state *el1 = &v->vm->arch.el1;

    EL1_OWNED(LOAD)
    write_vmpidr_el2(UINT64_C(1) << 31 | v->number);
    write_cntv_cval_el0(el1->cntv_cval_el0);
    write_cntv_ctl_el0(el1->cntv_ctl_el0);
    isb();      /* the timer's state is the new owner's when it is asked for */
    gic_virtual_load(&v->vm->arch);
    stage2_change_vcpu(v->space, v->core->index, v->index);
}

void arch_vm_reset(struct vcpu *v)
{
    arch_zero(&v->vm->arch, sizeof(v->vm->arch));
    v->vm->arch.el1.sctlr_el1 = SCTLR_RES1;
}

uint64_t arch_vm_deadline(const struct vcpu *v)
{
    const struct mv_vm_state *el1 = &v->vm->arch.el1;

    /* ENABLE without IMASK. CNTVOFF_EL2 is 0: it counts as arch_time() does. */
    return (el1->cntv_ctl_el0 & 3) == 1 ? el1->cntv_cval_el0 : UINT64_MAX;
}

bool arch_vm_timer_asserted(void)
{
    return (read_cntv_ctl_el0() & 7) == 5;    /* ISTATUS, ENABLE without IMASK */
}

/* The cache lines go to memory; a guest that starts sees them there. */
void arch_clean(void *start, size_t bytes)
{
    clean_invalidate((uint64_t)start, (uint64_t)start + bytes);
}

/* ---- state from outside --------------------------------------------------------------- */

void vm_state_read(const struct vcpu *v, struct mv_vm_state *el1)
{
    if (v->core->owner == v)
        vm_disown(v->core);
    arch_copy(el1, &v->vm->arch.el1, sizeof(*el1));
    el1->midr_el1 = read_midr_el1();
    el1->mpidr_el1 = UINT64_C(1) << 31 | v->number;
    EL1_IDENTITY(SAVE)
}

void vm_state_write(struct vcpu *v, const struct mv_vm_state *in)
{
    if (v->core->owner == v)
        vm_disown(v->core);
    arch_copy(&v->vm->arch.el1, in, sizeof(*in));
}

/* Bytes of the instruction that trapped. */
static uint64_t length(uint64_t esr) { return 2 + 2 * field_get(esr, ESR_IL); }

void arch_vm_answer(struct vcpu *v, const uint64_t *reply)
{
    uint64_t esr = v->fault_syndrome;
    uint64_t rt = field_get(esr, ESR_EC) == EC_SYSREG ? field_get(esr, ESR_ISS_RT) :
                                                        field_get(esr, ESR_ISS_SRT);

    if ((reply[0] & MV_EXIT_SKIP) != 0)
        v->frame.pc += length(esr);
    if ((reply[0] & MV_EXIT_SET) != 0 && rt != 31)
        v->frame.x[rt] = reply[1];
    if ((reply[0] & MV_EXIT_SET_CALL) != 0) {
        for (int i = 0; i < 4; i++)
            v->frame.x[i] = reply[i + 1];
    }
}

/* ---- what a guest does ------------------------------------------------------------------ */

static uint64_t guest_register(const struct vcpu *v, uint64_t number)
{
    return number == 31 ? 0 : v->frame.x[number];
}

#if MV_GIC_VERSION == 2
/* GICD_SGIR: list filter, target list, id (IHI 0048B, 4.3.15). */
static void send_sgi(struct vcpu *v, uint64_t value)
{
    uint32_t targets = value >> 16 & 0xff, self = 1u << v->number;

    if ((value >> 24 & 3) == 1)
        targets = ~self;
    if ((value >> 24 & 3) == 2)
        targets = self;
    vgic_sgi(v, value & 0xf, targets);
}
#else
/* MSR ICC_SGI1R_EL1, as ESR_ISS_SYS has it: op0 3, op1 0, CRn 12, CRm 11, op2 5. */
#define ISS_ICC_SGI1R (UINT64_C(3) << 20 | UINT64_C(5) << 17 | UINT64_C(12) << 10 | UINT64_C(11) << 1)

/* Affinities above the lowest are 0 in a VM, as is RS (IHI 0069, 12.2.21). */
static void send_sgi(struct vcpu *v, uint64_t value)
{
    uint32_t targets = value & 0xffff;

    if ((value >> 40 & 1) != 0)
        targets = ~(1u << v->number);
    else if ((value & (FIELD(55, 44) | FIELD(39, 32) | FIELD(23, 16))) != 0)
        targets = 0;
    vgic_sgi(v, value >> 24 & 0xf, targets);
}
#endif

/*
 * HPFAR_EL2 is valid after address size, translation and access flag faults,
 * and after those of a stage-1 walk (DDI 0487, HPFAR_EL2). True: it is done.
 */
static bool stage2_abort(struct vcpu *v, uint64_t esr, uint64_t far, uint64_t *address)
{
    uint64_t *m = v->vm->message;
    uint64_t fsc = field_get(esr, ESR_ISS_FSC);
    bool walk = (esr & ESR_ISS_S1PTW) != 0, known = fsc < 0x0c || walk;

    m[4] = known;
    if (known)
        *address = (read_hpfar_el2() & FIELD(43, 4)) << 8 | (far & 0xfff);
    m[0] = MV_EXIT_ABORT;
    if (field_get(esr, ESR_EC) != EC_DATA_ABORT || walk || (esr & ESR_ISS_ISV) == 0 ||
        (fsc & 0x3c) != 4)
        return false;
    m[0] = MV_EXIT_MEMORY;
    m[3] = guest_register(v, field_get(esr, ESR_ISS_SRT));
    m[4] = far;
#if MV_GIC_VERSION == 2
    if (*address == v->vm->vgic->sys->sgi_register && (esr & ESR_ISS_WNR) != 0) {
        send_sgi(v, m[3]);
        return true;
    }
#endif
    return (esr & ESR_ISS_WNR) != 0 && vm_bell(v, *address, m[3]);
}

/* WFI and WFE: the time is another's. */
static void wait_for(struct vcpu *v, uint64_t esr)
{
    if ((esr & 1) == 0)
        vm_wait(v);
    else if (v->core->preempt_key + 1 >= v->rank)
        sched_give_turn(v->core);
}

void trap_vm(struct core *core, struct vcpu *v)
{
    uint64_t esr = read_esr_el2(), far = read_far_el2(), address = 0;
    uint64_t *m = v->vm->message;
    bool done = false;

    v->frame.pc = read_elr_el2();
    m[0] = MV_EXIT_OTHER;
    m[3] = far;
    m[4] = m[5] = m[6] = 0;
    switch (field_get(esr, ESR_EC)) {
    case EC_WFX:
        wait_for(v, esr);
        done = true;
        break;
    case EC_HVC64:
    case EC_SMC64:
        m[0] = MV_EXIT_CALL;
        for (int i = 0; i < 4; i++)
            m[3 + i] = v->frame.x[i];
        break;
    case EC_SYSREG:
        m[0] = MV_EXIT_REGISTER;
        m[3] = guest_register(v, field_get(esr, ESR_ISS_RT));
#if MV_GIC_VERSION == 3
        if ((esr & ESR_ISS_SYS) == ISS_ICC_SGI1R) {
            send_sgi(v, m[3]);
            done = true;
        }
#endif
        break;
    case EC_DATA_ABORT:
    case EC_INSN_ABORT:
        done = stage2_abort(v, esr, far, &address);
        break;
    case EC_FP:
        if (fp_take(v))
            return;
        break;
    }
    if (done)
        write_elr_el2(v->frame.pc + length(esr));
    else
        vm_exit(v, address, esr);
}
