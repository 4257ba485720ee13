/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual machines: how a guest's exit reaches its VMM, what of a guest can be
 * read and written, and the vGIC's operations. On AArch64; register names and
 * encodings are those of the Arm Architecture Reference Manual (DDI 0487).
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

/* ---- exits ------------------------------------------------------------- */

/*
 * An exit arrives as a short call at the portal that the table names for the
 * vCPU, with the vCPU's number in its VM as the badge:
 *
 *   x0 kind   x1 syndrome (ESR_EL2)   x2 guest-physical address, 0 if the kind
 *   has none   x3 to x6 as the kind says, else 0   x7 the guest's pc
 *
 * Every kind but CALL with HVC has its pc at the instruction that exits.
 */
enum mv_exit {
    MV_EXIT_MEMORY = 1,    /* load or store that the syndrome describes whole (ISV = 1), nothing mapped
                              at x2; x3: the register's value (SRT, whole), x4: FAR_EL2 */
    MV_EXIT_CALL,          /* HVC #0 or SMC: x3-x6: the guest's x0-x3 */
    MV_EXIT_REGISTER,      /* MSR, MRS or a system instruction that is trapped; x3: the register's value (Rt) */
    MV_EXIT_ABORT,         /* any other stage-2 abort; x2 is 0 if the hardware did not report it; x3: FAR_EL2;
                              x4: 1 if x2 is valid */
    MV_EXIT_OTHER,         /* any other exception that came to EL2; x3: FAR_EL2 */
};

/*
 * The reply's x0. Without RESUME the vCPU stops, until vcpu_start. Unknown bits
 * stop it too.
 */
#define MV_EXIT_RESUME    (1u << 0)
#define MV_EXIT_SKIP      (1u << 1)  /* go on behind the instruction                          */
#define MV_EXIT_SET       (1u << 2)  /* MEMORY, REGISTER: x1 to the register the syndrome names */
#define MV_EXIT_SET_CALL  (1u << 3)  /* x1-x4 to the guest's x0-x3                            */
#define MV_EXIT_WAIT      (1u << 4)  /* then wait for an interrupt, as WFI does               */
#define MV_EXIT_ALL       0x1fu

/*
 * HVC #n with n not 0, from EL1, is kernel call n of calls.def, of kind PLAIN,
 * with the registers of a native cell's SVC and the VM cell's own capabilities.
 * Kernel calls with a message do not exist for a guest.
 */

/* ---- a guest's state ------------------------------------------------------ */

/* EL1 registers as they are named, 64 bits each; follows struct mv_vcpu_state
 * in the message buffer. `sp` there is SP_EL0, `tls` TPIDR_EL0. */
struct mv_vm_state {
    uint64_t sp_el1, elr_el1, spsr_el1, esr_el1, far_el1, afsr0_el1, afsr1_el1;
    uint64_t ttbr0_el1, ttbr1_el1, mair_el1, amair_el1, vbar_el1, contextidr_el1;
    uint64_t tpidr_el1, par_el1, csselr_el1;
    uint64_t cntv_ctl_el0, cntv_cval_el0;
    uint64_t sctlr_el1, tcr_el1, cpacr_el1, cntkctl_el1, tpidrro_el0;
    /* From here on read only; the hardware's values. What the guest is shown of
     * the ID registers is the VMM's to say: reading them exits (HCR_EL2.TID3). */
    uint64_t midr_el1, mpidr_el1;
    uint64_t id_aa64pfr0_el1, id_aa64pfr1_el1, id_aa64dfr0_el1, id_aa64isar0_el1, id_aa64isar1_el1;
    uint64_t id_aa64mmfr0_el1, id_aa64mmfr1_el1, id_aa64mmfr2_el1;
};

/* ---- the vGIC ---------------------------------------------------------------- */

/*
 * The kernel keeps the state of a VM's virtual interrupts, in banks of 32: bank
 * n holds SGIs and PPIs (ids 0-31) of vCPU n, bank vcpu_count + m the SPIs from
 * id 32 + 32 * m. A field of one bit per interrupt has one word per bank; one of
 * a byte per interrupt has eight words per bank, word 8 * bank + id % 32 / 4.
 * What is changed counts at once, also for a vCPU that runs elsewhere.
 * MV_BAD_ARG: no such field or word.
 */
enum mv_vgic_field {
    MV_VGIC_ENABLED,       /* bit */
    MV_VGIC_PENDING,       /* bit; get: latched, or level and asserted; set: the latch. SGIs of a GICv2: any
                              source; setting it there is as if the vCPU had sent it to itself */
    MV_VGIC_ACTIVE,        /* bit */
    MV_VGIC_LEVEL,         /* bit; the input line, as devices drive it; a rising line latches an edge interrupt; not
                              for SPIs that are vIRQs: they are latched when that is raised */
    MV_VGIC_EDGE,          /* bit; 1: edge-triggered; SGIs are, whatever is written */
    MV_VGIC_PRIORITY,      /* byte; 0 most urgent */
    MV_VGIC_TARGET,        /* byte; SPIs: the vCPU's number, 0xff: none. SGIs of a GICv2: mask of the vCPUs from
                              which one is pending */
    MV_VGIC_CONTROL,       /* word 0, bit 0: the distributor forwards interrupts */
    MV_VGIC_FIELDS
};
