/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine: what a vCPU, a space and FP state are made of on the PC.
 * It has the registers of AArch64, so that tests speak of x0 and x8 as cells
 * do, and AArch64's stage-2 tables, which stage2.c edits here too.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>
#include <mv/vm.h>

typedef uint64_t arch_lr_t;

struct arch_frame {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t pstate;
    uint64_t tls;
};

struct arch_hw {
    uint64_t vttbr, vtcr;
    uint64_t fp_open;     /* 1: it owns the FP registers */
};

struct arch_fp {
    uint64_t v[64];
    uint64_t fpcr, fpsr;
};

#define ARCH_VM_TIMER        27u
extern bool host_sgi_has_sender;
#define ARCH_SGI_HAS_SENDER  host_sgi_has_sender
#define ARCH_LR_LINKED       (!host_sgi_has_sender)
#define ARCH_EXITS_FAST      true

struct arch_vm {
    struct mv_vm_state el1;
    uint32_t           active;    /* priorities that the virtual interface has active */
};

struct arch_space {
    uint64_t root;        /* physical */
    uint64_t vttbr, vtcr;
    uint32_t start_level; /* by its shift: 21 or 30 */
    bool     several_cores;
    bool     of_vm;
    uint16_t last[MV_CORES_MAX];
};
