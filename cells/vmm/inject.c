/* SPDX-License-Identifier: BSD-2-Clause */
#include "inject.h"

#include <stddef.h>

#include <libmv/calls.h>
#include <libmv/message.h>

#include "vmm_config.h"

#define PSTATE_FLAGS       (UINT64_C(0xf) << 28)
#define PSTATE_TCO         (UINT64_C(1) << 25)
#define PSTATE_DIT         (UINT64_C(1) << 24)
#define PSTATE_PAN         (UINT64_C(1) << 22)
#define PSTATE_SSBS        (UINT64_C(1) << 12)
#define PSTATE_DAIF        (UINT64_C(0xf) << 6)
#define PSTATE_AARCH32     (UINT64_C(1) << 4)
#define PSTATE_EL(p)       ((unsigned)bits(p, 3, 2))
#define PSTATE_SPX         (UINT64_C(1) << 0)
#define PSTATE_EL1H        UINT64_C(5)

#define SCTLR_DSSBS        (UINT64_C(1) << 44)
#define SCTLR_SPAN         (UINT64_C(1) << 23)

#define VECTOR_SAME_SP0    0x000u
#define VECTOR_SAME_SPX    0x200u
#define VECTOR_LOWER_64    0x400u
#define VECTOR_LOWER_32    0x600u

#define FSC_EXTERNAL       UINT64_C(0x10)   /* synchronous, not on a table walk */

struct guest_state *guest_read(uint32_t vcpu)
{
    if (mv_vcpu_read(vmm_config.vcpu_cap[vcpu]) != MV_OK)
        return NULL;
    return (struct guest_state *)mv_message_data();
}

static uint64_t vector_offset(uint64_t pstate)
{
    if (pstate & PSTATE_AARCH32)
        return VECTOR_LOWER_32;
    if (PSTATE_EL(pstate) == 0)
        return VECTOR_LOWER_64;
    return pstate & PSTATE_SPX ? VECTOR_SAME_SPX : VECTOR_SAME_SP0;
}

/*
 * PSTATE after the exception. What belongs to AArch32 only is gone, and so are
 * SS, IL, UAO and BTYPE. FEAT_PAN, FEAT_SSBS: without them the bits of
 * SCTLR_EL1 that are asked are RES1 and RES0.
 */
static uint64_t taken_pstate(const struct guest_state *g)
{
    uint64_t p = g->cpu.pstate & (PSTATE_FLAGS | PSTATE_DIT | PSTATE_PAN);

    if ((g->vm.sctlr_el1 & SCTLR_SPAN) == 0)
        p |= PSTATE_PAN;
    if (g->vm.sctlr_el1 & SCTLR_DSSBS)
        p |= PSTATE_SSBS;
    if (bits(g->vm.id_aa64pfr1_el1, 11, 8) != 0)
        p |= PSTATE_TCO;
    return p | PSTATE_DAIF | PSTATE_EL1H;
}

/* `g` takes the exception, whose syndrome is complete. */
static struct reply take(uint32_t vcpu, struct guest_state *g, uint64_t syndrome)
{
    uint64_t before = g->cpu.pstate;

    g->vm.esr_el1 = syndrome;
    g->vm.elr_el1 = g->cpu.pc;
    g->vm.spsr_el1 = before;
    g->cpu.pc = g->vm.vbar_el1 + vector_offset(before);
    g->cpu.pstate = taken_pstate(g);
    return mv_vcpu_write(vmm_config.vcpu_cap[vcpu]) == MV_OK ? REPLY_RETRY : REPLY_STOP;
}

static uint64_t abort_class(uint64_t syndrome, uint64_t pstate)
{
    bool fetch = ESR_EC(syndrome) == EC_INSTRUCTION_LOWER;

    if (PSTATE_EL(pstate) == 0)
        return fetch ? EC_INSTRUCTION_LOWER : EC_DATA_LOWER;
    return fetch ? EC_INSTRUCTION_SAME : EC_DATA_SAME;
}

struct reply inject_abort(uint32_t vcpu, uint64_t syndrome, uint64_t far)
{
    struct guest_state *g = guest_read(vcpu);
    uint64_t class;

    if (g == NULL)
        return REPLY_STOP;
    g->vm.far_el1 = far;
    class = abort_class(syndrome, g->cpu.pstate);
    if (class == EC_DATA_LOWER || class == EC_DATA_SAME)
        return take(vcpu, g, class << 26 | ESR_IL | (syndrome & ESR_WNR) | FSC_EXTERNAL);
    return take(vcpu, g, class << 26 | ESR_IL | FSC_EXTERNAL);
}

struct reply inject_undefined(uint32_t vcpu, uint64_t syndrome)
{
    struct guest_state *g = guest_read(vcpu);

    if (g == NULL)
        return REPLY_STOP;
    return take(vcpu, g, (uint64_t)EC_UNKNOWN << 26 | (syndrome & ESR_IL));
}

struct reply inject_same(uint32_t vcpu, uint64_t syndrome)
{
    struct guest_state *g = guest_read(vcpu);

    return g == NULL ? REPLY_STOP : take(vcpu, g, syndrome & UINT32_MAX);
}
