/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A native vCPU's registers: saved, loaded, made, written from outside; FP
 * and SIMD registers lazily.
 *
 * Every register that EL0 can read, or that changes how EL0 behaves:
 *
 *   switched   x0-x30, SP_EL0, PC, PSTATE, TPIDR_EL0 (the frame); VTTBR_EL2,
 *              VTCR_EL2, CPTR_EL2 (hw); V0-V31, FPCR, FPSR (fp, lazily)
 *   constant   SCTLR_EL1, TCR_EL1, CPACR_EL1, CNTKCTL_EL1, CNTHCTL_EL2,
 *              CNTVOFF_EL2, MDSCR_EL1, TPIDRRO_EL0, HCR_EL2, MDCR_EL2 (see
 *              init.c); CTR_EL0, DCZID_EL0, CNTFRQ_EL0 (the hardware's)
 *   trapped    PMU (PMUSERENR_EL0, MDCR_EL2.TPM), debug (MDCR_EL2.TDA), the
 *              timers (CNTKCTL_EL1), DAIF (SCTLR_EL1.UMA), SVE and SME
 *              (CPTR_EL2), pointer authentication's generic key
 *              (HCR_EL2.API), activity monitors (CPTR_EL2.TAM), SCXTNUM_EL0
 *              (SCTLR_EL1.TSCXT), everything else that is new and needs an
 *              enable bit which init.c leaves 0
 */
#include "core.h"
#include "init.h"
#include "sched.h"
#include "space.h"
#include "vcpu.h"
#include "vm.h"

/* What a cell may choose of its PSTATE: the flags, and DIT and SSBS, which
 * change nothing but its own timing. Mode EL0t, AArch64, nothing masked. */
#define PSTATE_CELL     (FIELD(31, 28) | UINT64_C(1) << 24 | UINT64_C(1) << 12)
/* A guest: all that AArch64 has; mode EL0t, EL1t or EL1h. */
#define PSTATE_VM       (FIELD(31, 20) | FIELD(12, 6) | FIELD(3, 0))
#define PSTATE_VM_START 0x3c5u    /* EL1h, DAIF masked */

/* The ABI's structures have the frame's registers in the frame's order. */
#define UPCALL_FRAME_BYTES (sizeof(struct mv_upcall) - offsetof(struct mv_upcall, x))
static_assert(offsetof(struct arch_frame, tls) == offsetof(struct mv_vcpu_state, tls) &&
              offsetof(struct arch_frame, pstate) == offsetof(struct mv_vcpu_state, pstate) &&
              UPCALL_FRAME_BYTES == offsetof(struct arch_frame, tls) &&
              offsetof(struct mv_upcall, pstate) - offsetof(struct mv_upcall, x) ==
              offsetof(struct arch_frame, pstate), "frames are copied whole");

/* Unrolled: the compiler makes pairs of it. */
#define CLEAR_8(x, first) \
    ((x)[first] = (x)[first + 1] = (x)[first + 2] = (x)[first + 3] = (x)[first + 4] = \
     (x)[first + 5] = (x)[first + 6] = (x)[first + 7] = 0)

uint64_t pstate_for(const struct vcpu *v, uint64_t pstate)
{
    if (v->vm == NULL)
        return pstate & PSTATE_CELL;
    pstate &= PSTATE_VM;
    if ((pstate & 0xf) != 0 && (pstate & 0xe) != 4)
        pstate = (pstate & ~UINT64_C(0xf)) | 5;
    return pstate;
}

void arch_set_result(struct vcpu *v, mv_status_t status, uint64_t source)
{
    struct arch_frame *f = &v->frame;

    f->x[8] = status;
    f->x[9] = source;
    CLEAR_8(f->x, 10);
    f->x[18] = 0;
    if (v->vm == NULL)
        f->pstate = 0; /* EL0t, nothing masked, flags clear */
}

void arch_set_plain_result(struct vcpu *v, mv_status_t status, uint64_t value)
{
    struct arch_frame *f = &v->frame;

    f->x[0] = status;
    f->x[1] = value;
    CLEAR_8(f->x, 2);
    arch_set_result(v, 0, 0);
}

void arch_frame_start(struct vcpu *v, uint64_t pc, uint64_t sp, uint64_t argument, uint64_t tls)
{
    arch_zero(&v->frame, sizeof(v->frame));
    v->frame.pstate = v->vm == NULL ? 0 : PSTATE_VM_START;
    v->frame.x[0] = argument;
    v->frame.sp = sp;
    v->frame.pc = pc;
    v->frame.tls = tls;
}

uint64_t arch_frame_pc(const struct vcpu *v) { return v->frame.pc; }
void arch_frame_set_pc(struct vcpu *v, uint64_t pc) { v->frame.pc = pc; }
void arch_set_current_pc(uint64_t pc) { write_elr_el2(pc); }

void arch_frame_read(const struct vcpu *v, struct mv_vcpu_state *out)
{
    arch_copy(out->x, &v->frame, sizeof(v->frame));
    if (v->vm != NULL)
        vm_state_read(v, (struct mv_vm_state *)(out + 1));
}

void arch_frame_write(struct vcpu *v, const struct mv_vcpu_state *in)
{
    arch_copy(&v->frame, in->x, sizeof(v->frame));
    v->frame.pstate = pstate_for(v, v->frame.pstate);
    if (v->vm != NULL)
        vm_state_write(v, (const struct mv_vm_state *)(in + 1));
}

void arch_restart_call(struct vcpu *v, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    uint64_t *x = v->frame.x;

    arch_set_plain_result(v, 0, a0);
    x[2] = a1, x[3] = a2, x[4] = a3, x[5] = a4, x[6] = a5;
    write_elr_el2(read_elr_el2() - 4);
    sched_force_switch(v->core);
}

void arch_call_again(struct vcpu *v)
{
    if (v->core->current == v)
        write_elr_el2(read_elr_el2() - 4);
    else
        v->frame.pc -= 4;
}

void arch_upcall_enter(struct vcpu *v, uint64_t line, uint64_t payload)
{
    struct mv_upcall *u = &v->buffer->upcall;

    arch_copy(u->x, &v->frame, UPCALL_FRAME_BYTES);
    u->masked = 1;
    v->frame.x[0] = line;
    v->frame.x[1] = payload;
    v->frame.pc = v->upcall_entry.va;
    v->frame.pstate = 0;
    if (v->upcall_stack.va != 0)
        v->frame.sp = v->upcall_stack.va;
}

void arch_upcall_leave(struct vcpu *v)
{
    struct mv_upcall *u = &v->buffer->upcall;

    /* The cell can change the frame at any time: it is copied before it is
     * made safe. */
    arch_copy(&v->frame, u->x, UPCALL_FRAME_BYTES);
    v->frame.pstate = pstate_for(v, v->frame.pstate);
    v->frame.tls = read_tpidr_el0();
    u->masked = 0;
}

/* ---- switching ------------------------------------------------------------- */

void arch_save(struct vcpu *v)
{
    v->frame.sp = read_sp_el0();
    v->frame.pc = read_elr_el2();
    v->frame.pstate = read_spsr_el2();
    v->frame.tls = read_tpidr_el0();
    if (v->vm != NULL)
        cpu_leave_vm(v);
}

/* No barrier: the ERET that follows synchronises all of it. Nothing walks the
 * EL1&0 regime in between: the kernel has no AT instruction; for cores that
 * speculate into one see cpu_enter_vm(). */
void arch_load(struct vcpu *v)
{
    if (v->vm != NULL)
        cpu_enter_vm(v);
    write_vttbr_el2(v->hw.vttbr);
    write_vtcr_el2(v->hw.vtcr);
    write_cptr_el2(v->hw.cptr);
    write_sp_el0(v->frame.sp);
    write_elr_el2(v->frame.pc);
    write_spsr_el2(v->frame.pstate);
    write_tpidr_el0(v->frame.tls);
}

void arch_set_space(struct vcpu *v)
{
    v->hw.vttbr = v->space->arch.vttbr;
    v->hw.vtcr = v->space->arch.vtcr;
}

bool arch_bus_error_take(void)
{
    struct cpu *cpu = cpu_here();

    /* Whatever the cell wrote has reached its device or failed: pairs with
     * the device being the cell's, not with another core. */
    dsb_sy();
    isb();      /* ISR_EL1 shows an error that the barrier has brought */
    if ((read_isr_el1() & ISR_A) == 0)
        return false;
    cpu->bus_error_expected = 1;
    __asm__ volatile("msr daifclr, #4\n\tisb\n\tmsr daifset, #4" : : : "memory");
    return __atomic_exchange_n(&cpu->bus_error_expected, 0, __ATOMIC_RELAXED) == 0;
}

/* ---- FP and SIMD ------------------------------------------------------------- */

void arch_fp_reset(struct vcpu *v)
{
    v->hw.cptr = CPTR_FP_TRAPPED;
    if (v->core->fp_owner == v)
        v->core->fp_owner = NULL;
    if (v->fp != NULL)
        arch_zero(v->fp, sizeof(*v->fp));
}

bool fp_take(struct vcpu *v)
{
    struct vcpu *owner = v->core->fp_owner;

    if (v->fp == NULL)
        return false;
    write_cptr_el2(CPTR_FP_OPEN);
    isb();      /* FP is open before fp_save() and fp_load() use it */
    if (owner != v) {
        if (owner != NULL) {
            fp_save(owner->fp);
            owner->hw.cptr = CPTR_FP_TRAPPED;
        }
        fp_load(v->fp);
        v->core->fp_owner = v;
    }
    v->hw.cptr = CPTR_FP_OPEN;
    return true;
}
