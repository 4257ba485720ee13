/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AArch64 at EL2: what a vCPU, a space and FP state are made of.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>
#include <mv/vm.h>

typedef uint64_t arch_lr_t;


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

#define ARCH_VM_TIMER        27u                    /* the guest's PPI, as in guest.h */
#define ARCH_SGI_HAS_SENDER  (MV_GIC_VERSION == 2)
/* On a GICv2 the kernel takes part in the end: QEMU's (7.2) tells no core of an
 * interrupt that became pending before the guest's end let it through. */
#define ARCH_LR_LINKED       (MV_GIC_VERSION == 3)
extern bool errata_speculative_at;
#define ARCH_EXITS_FAST      (!errata_speculative_at)

/* What a VM's vCPU has besides; what is in the hardware is newer while it owns
 * the core's registers. */
struct arch_vm {
    struct mv_vm_state el1;
    uint64_t vmcr, active[2];  /* of the virtual CPU interface: control, priorities that are active */
};

struct arch_space {
    uint64_t root;        /* physical */
    uint64_t vttbr, vtcr;
    uint32_t start_level; /* by its shift: 21 or 30 */
    bool     several_cores;
    bool     of_vm;       /* stage 1 is in use */
    uint16_t last[MV_CORES_MAX];  /* of_vm: vCPU index + 1 of the last one that ran on each core */
};
