/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller of a virtual machine: the state of its virtual
 * interrupts, and which of them stand in the list registers of the machine's
 * virtual interface. What a list register holds is newer than the bank; it is
 * read back before anybody decides by it.
 *
 * The vCPU that owns a core's list registers (core->owner) is changed by that
 * core alone; banks are changed under the vGIC's lock, by any core of the VM.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>

struct vcpu;

#define VGIC_SGIS       16u
#define VGIC_PRIVATE    32u    /* ids of one bank, and those private to a vCPU */
#define VGIC_NO_TARGET  0xffu

/* 32 interrupts; a bit each, and a byte each. */
struct vgic_bank {
    uint32_t enabled, pending, level, active, edge;
    uint32_t resident;              /* stands in a list register of its target */
    uint8_t  priority[VGIC_PRIVATE];
    uint8_t  target[VGIC_PRIVATE];  /* vCPU of an SPI; senders of an SGI, a bit each, where that matters */
};

struct vgic {
    const struct mv_sys_vgic *sys;  /* [I] */
    struct vcpu      *vcpus;        /* [I] sys->vcpu_count of them */
    struct vgic_bank *banks;        /* [I] one per vCPU, then those of shared interrupts */
    uint32_t          lock;
    uint32_t          control;
};
