/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller of a virtual machine: the state of its virtual
 * interrupts, and which of them stand in the list registers of the machine's
 * virtual interface. What a list register holds is newer than its bank; it is
 * read back before anybody decides by it.
 *
 * The list registers of a core hold interrupts of core->owner only and are
 * touched by that core alone. Banks are changed under the lock, by any core.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>

struct core;
struct vcpu;
struct virq;

#define VGIC_SGIS        16u
#define VGIC_BANK        32u    /* interrupts of a bank; ids below are private to a vCPU */
#define VGIC_SPI_BANKS   4u     /* so that a look through all banks is bounded */
static_assert(VGIC_SPI_BANKS == MV_VGIC_SPI_BANKS, "what the host tool may ask for");

#define VGIC_PLANES      5u     /* bits of a priority, and of a vCPU's number, that count */
static_assert(MV_VM_VCPUS_MAX == 8, "a number has three bits, the fourth is of nobody");

/* 32 interrupts; a bit each, and a byte each. */
struct vgic_bank {
    _Alignas(uint64_t) uint32_t enabled;    /* for arch_zero() */
    uint32_t pending, active, level, edge;
    uint32_t resident;              /* stands in a list register of its target */
    /* What `priority` says, and of SPIs `target` and `holder`, once more: a word for each
     * bit, the lowest first, so that all interrupts are compared at once. */
    uint32_t urgency[VGIC_PLANES], aimed[VGIC_PLANES], held[VGIC_PLANES];
    uint8_t  priority[VGIC_BANK];   /* the lowest three bits are 0 */
    uint8_t  target[VGIC_BANK];     /* vCPU of an SPI; of an SGI its senders, a bit each, where that matters */
    uint8_t  holder[VGIC_BANK];     /* of an active one: the vCPU of an SPI, the sender of an SGI */
    uint16_t physical[VGIC_BANK];   /* [I] the interrupt of the hardware behind it; 0: none */
};

struct vgic {
    const struct mv_sys_vgic *sys;  /* [I] */
    struct vcpu      *vcpus;        /* [I] sys->vcpu_count of them */
    struct vgic_bank *banks;        /* [I] one per vCPU, then those of SPIs */
    uint32_t          lock;
    uint32_t          control;
    uint32_t          running;      /* vCPUs that have not stopped */
};

/* v is about to own the list registers, or to give them up; on its core. */
void vgic_load(struct vcpu *v);
void vgic_unload(struct vcpu *v);
/* The interrupts of a vCPU that owns nothing are as at power-on; with vCPU 0
 * those of all the VM. */
void vgic_reset(struct vcpu *v);

/* The virtual timer of v, which owns this core's, has fired. */
void vgic_timer(struct vcpu *v);
/* self sends an SGI to the vCPUs in `targets`, a bit for each number. */
void vgic_sgi(struct vcpu *self, uint32_t id, uint32_t targets);
/* The shared interrupt of a VM that q is has come; on any core. False: no vCPU runs. */
bool vgic_raise(const struct virq *q);
/* Another core has changed what is pending for v; on v's core. */
void vgic_update(struct vcpu *v);
/* Whether v, on this core, has an interrupt to take. */
bool vgic_has_work(struct vcpu *v);
