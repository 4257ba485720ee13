/* SPDX-License-Identifier: BSD-2-Clause */
/* What arrives at EL2 and is neither a system call nor an interrupt. */
#include "init.h"
#include "fault.h"
#include "print.h"
#include "sched.h"
#include "space.h"
#include "vcpu.h"
#include "cell.h"

/* vectors.S calls these. */
void trap_sync(struct core *core, struct vcpu *v);
void trap_serror(struct core *core, struct vcpu *v);
_Noreturn void trap_own(uint64_t kind, uint64_t sp, uint64_t lr);

/* Fault status codes 0b00xxxx: address size, translation, access flag and
 * permission (DDI 0487, ISS encoding for aborts). */
static bool is_not_mapped_so(uint64_t fsc)
{
    return fsc < 0x10;
}

static void memory_abort(struct vcpu *v, uint64_t esr, bool fetch)
{
    uint64_t fsc = field_get(esr, ESR_ISS_FSC);
    uint64_t far = read_far_el2();
    bool write = !fetch && (esr & ESR_ISS_WNR) != 0 && (esr & ESR_ISS_CM) == 0;
    enum mv_fault kind = fetch ? MV_FAULT_EXECUTE : write ? MV_FAULT_WRITE : MV_FAULT_READ;

    if (fsc == 0x21) {
        kind = MV_FAULT_ALIGNMENT;
    } else if (is_not_mapped_so(fsc)) {
        uint32_t rights = fetch ? MV_MAP_EXECUTE : write ? MV_MAP_WRITE : MV_MAP_READ;

        /* Another vCPU of the cell may have had this mapping invalid for a
         * moment, to split a block: then the access succeeds now. With stage
         * 1 off the address is the IPA. */
        if (stage2_permits(v->space, far, rights))
            return;
    } else {
        kind = MV_FAULT_BUS;     /* synchronous external abort, or parity */
        if ((esr & ESR_ISS_FNV) != 0)
            far = 0;
    }
    fault_raise(v, kind, far, esr);
}

void trap_sync(struct core *core, struct vcpu *v)
{
    uint64_t esr = read_esr_el2();
    static const uint8_t kind_of[64] = {     /* 0: MV_FAULT_OTHER */
        [EC_UNKNOWN] = MV_FAULT_UNDEFINED, [EC_ILLEGAL] = MV_FAULT_UNDEFINED,
        [EC_PC_ALIGN] = MV_FAULT_ALIGNMENT, [EC_SP_ALIGN] = MV_FAULT_ALIGNMENT,
        [EC_SYSREG] = MV_FAULT_TRAPPED, [EC_WFX] = MV_FAULT_TRAPPED, [EC_PAC] = MV_FAULT_TRAPPED,
        [EC_SVE] = MV_FAULT_TRAPPED, [EC_SME] = MV_FAULT_TRAPPED,
        [EC_BREAKPOINT] = MV_FAULT_DEBUG, [EC_STEP] = MV_FAULT_DEBUG,
        [EC_WATCHPOINT] = MV_FAULT_DEBUG, [EC_BRK] = MV_FAULT_DEBUG, [EC_FP] = MV_FAULT_FP,
    };
    uint64_t class = field_get(esr, ESR_EC);
    uint32_t kind = kind_of[class];

    v->frame.pc = read_elr_el2();
    if (class == EC_INSN_ABORT || class == EC_DATA_ABORT) {
        memory_abort(v, esr, class == EC_INSN_ABORT);
        return;
    }
    if (class == EC_FP && fp_take(v))
        return;
    if (kind == 0)
        kind = MV_FAULT_OTHER;
    fault_raise(v, (enum mv_fault)kind, kind == MV_FAULT_ALIGNMENT ? read_far_el2() : 0, esr);
}

/*
 * An asynchronous bus error. A cell with device registers is the one place it
 * can come from (the kernel looks for one whenever it leaves such a cell);
 * without them memory itself has failed, and nobody can be trusted any more.
 */
void trap_serror(struct core *core, struct vcpu *v)
{
    if (!v->has_device)
        panic("bus error of no cell");
    v->frame.pc = read_elr_el2();
    if (v->vm != NULL) {
        fault_stop(v, MV_FAULT_BUS);
        return;
    }
    fault_raise(v, MV_FAULT_BUS, 0, read_esr_el2());
}

/* ---- the end ------------------------------------------------------------------- */

static void print_cell(const struct core *core)
{
    const struct vcpu *v = core->current;
    static const char none[] = "(none)";
    const uint64_t who[] = { core->index, (uint64_t)(v == NULL ? none : v->cell->sys->name) };

    print_to(arch_putc, "\n  core %, cell $", who);
    if (v == NULL)
        return;
    for (uint64_t i = 0; i < 31; i++) {
        const uint64_t x[] = { i, v->frame.x[i] };

        print_to(arch_putc, &"\n  x% %"[i % 4 != 0], x);
    }
}

static void print_trace(const struct mv_trace_ring *ring)
{
    uint64_t shown = ring == NULL ? 0 : min_u64(min_u64(ring->head, ring->count), 8);

    for (; shown != 0; shown--) {
        const struct mv_trace_record *r = &ring->record[(ring->head - shown) & (ring->count - 1)];
        const uint64_t value[] = { r->event, r->vcpu, r->a, r->b };

        print_to(arch_putc, "\n  trace: event % vcpu % a % b %", value);
    }
}

void panic(const char *what)
{
    const uint64_t value[] = { (uint64_t)what, read_esr_el2(), read_far_el2(), read_elr_el2(),
                               read_spsr_el2() };

    print_to(arch_putc, "\nmullion: PANIC: $\n  esr %  far %  elr %  spsr %", value);
    print_cell(core_here());
    print_trace(core_here()->trace);
    print_to(arch_putc, "\n  the board is reset\n", NULL);
    arch_system_reset(false);
}

/* A failed CHECK comes here as well: see machine_check.h. */
void trap_own(uint64_t kind, uint64_t sp, uint64_t lr)
{
    const uint64_t value[] = { kind, sp, lr };

    print_to(arch_putc, "\nmullion: exception in the kernel, vector %  sp %  lr %", value);
    panic("the kernel failed, see elr");
}
