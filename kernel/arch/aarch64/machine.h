/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 at EL2: what a vCPU, a space and FP state are made of.
 */
#pragma once

#include "base.h"
#include <mv/vm.h>

/* Registers of a vCPU that is not on a core. vectors.S saves here, by the
 * offsets that offsets.c generates. */
struct arch_frame {
    uint64_t x[31];
    uint64_t sp;          /* SP_EL0    */
    uint64_t pc;          /* ELR_EL2   */
    uint64_t pstate;      /* SPSR_EL2  */
    uint64_t tls;         /* TPIDR_EL0 */
};

/* What the switch loads besides. */
struct arch_hw {
    uint64_t vttbr, vtcr; /* of the space it runs in                      */
    uint64_t cptr;        /* CPTR_EL2: FP trapped, unless it owns the FP registers */
};

struct arch_fp {
    __uint128_t v[32];
    uint64_t    fpcr, fpsr;
};

/* What a VM's vCPU has besides; what is in the hardware is newer while it owns
 * the core's registers. */
struct arch_vm {
    struct mv_vm_state el1;
    uint64_t vmpidr;
};

struct arch_space {
    uint64_t root;        /* physical */
    uint64_t vttbr, vtcr;
    uint32_t start_level; /* by its shift: 21 or 30 */
    bool     several_cores;
};
