/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two virtual machines on three cores: A has vCPUs 0 and 2 on core 0 and 1 on
 * core 1, B has one on core 0. A VMM with a vCPU on cores 0 and 1 serves both;
 * it waits, more urgent than they are. A boss on core 2 controls everything.
 * Behind some of A's SPIs are vIRQs: of devices, and of whoever raises them.
 */
#pragma once

#include "vgic.h"
#include "vm.h"
#include "world.h"

enum { VMM_0, VMM_1, BOSS, A0, A1, A2, B0 };
enum { CELL_VMM, CELL_BOSS, CELL_A, CELL_B };
#define BOSS_CORE   2u
/* Capabilities of the VMM and of the boss. */
#define CAP_VGIC_A  1u
#define CAP_VGIC_B  2u
#define CAP_VCPU    3u      /* + index */
#define CAP_CELL    10u     /* + index */
#define CAP_VIRQ    14u     /* + index of the VMM's vCPU, which it wakes */
#define CAP_SPI     16u     /* SPI_SOFT, SPI_SOFT_2; of the guests of A too, 2 and 3 */
/* Capability 1 of a guest is the vIRQ of VMM_0. */

/* A's SPIs that are vIRQs, and the physical interrupts: level, edge, level. */
#define SPI_LEVEL   40u
#define SPI_EDGE    66u
#define SPI_MORE    81u
#define SPI_SOFT    41u
#define SPI_SOFT_2  67u
#define IRQ_LEVEL   33u
#define IRQ_EDGE    34u
#define IRQ_MORE    35u
/* The bells of A: of VMM_0's vIRQ, none, of VMM_1's. */
#define BELLS       UINT64_C(0x0a000450)

#define TIMER_BIT   (1u << ARCH_VM_TIMER)

/* Boot it; all vCPUs of A but the first start if `all`. A1 exits to portal
 * 0, on another core, if `far`. */
void machines_boot(bool all, bool far);

/* The boss's operations on a vGIC, or those of the VMM on core 0, which is woken
 * for each; done when these return. */
extern bool machines_by_vmm;
void     vgic_set_bits(uint32_t cap, enum mv_vgic_field field, uint32_t word, uint32_t mask, uint32_t bits);
uint32_t vgic_get_word(uint32_t cap, enum mv_vgic_field field, uint32_t word);
/* A's interrupt `id` of vCPU n: one bit, one byte. */
void vgic_bit(enum mv_vgic_field field, uint32_t n, uint32_t id, bool on);
bool vgic_is(enum mv_vgic_field field, uint32_t n, uint32_t id);
void vgic_byte(enum mv_vgic_field field, uint32_t n, uint32_t id, uint32_t value);
/* Enabled, at this priority, for vCPU n; edge or level. */
void vgic_prepare(uint32_t n, uint32_t id, uint32_t priority, bool edge);
/* The boss does something to an object; done when this returns. */
mv_status_t boss(enum mv_call_number number, uint32_t cap, uint64_t x2);

/* Make a guest current: those beside it yield. */
void let_guest(uint32_t vcpu);
