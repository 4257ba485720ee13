/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's interrupt controller: GICv2 (IHI 0048B) or GICv3 (IHI 0069),
 * whichever its board has. Interrupts are of group 1 where there are groups.
 */
#pragma once

#include "guest.h"

/* Offsets in the distributor, and of SGIs and PPIs in a redistributor's second frame. */
#define GICD_CTLR        0x000u
#define GICD_TYPER       0x004u
#define GICD_IIDR        0x008u
#define GICD_IGROUPR     0x080u
#define GICD_ISENABLER   0x100u
#define GICD_ICENABLER   0x180u
#define GICD_ISPENDR     0x200u
#define GICD_ICPENDR     0x280u
#define GICD_ISACTIVER   0x300u
#define GICD_ICACTIVER   0x380u
#define GICD_IPRIORITYR  0x400u
#define GICD_ITARGETSR   0x800u
#define GICD_ICFGR       0xc00u
#define GICD_NSACR       0xe00u
#define GICD_SGIR        0xf00u
#define GICD_CPENDSGIR   0xf10u
#define GICD_SPENDSGIR   0xf20u
#define GICD_IROUTER     0x6000u
#define GICD_PIDR2_V2    0xfe8u
#define GICD_PIDR2_V3    0xffe8u
#define GICR_CTLR        0x000u
#define GICR_IIDR        0x004u
#define GICR_TYPER       0x008u
#define GICR_WAKER       0x014u
#define GICR_PIDR2       0xffe8u
#define GICR_SGI         0x10000u
#define GICC_CTLR        0x000u
#define GICC_PMR         0x004u
#define GICC_BPR         0x008u
#define GICC_IAR         0x00cu
#define GICC_EOIR        0x010u
#define GICC_RPR         0x014u
#define GICC_HPPIR       0x018u
#define GICC_IIDR        0x0fcu
#define GICC_DIR         0x1000u

#define GIC_SPURIOUS     1023u
#define GIC_ID(iar)      ((iar) & (guest_tree.gic_version == 3 ? 0xffffffu : 0x3ffu))

/* Distributor and this CPU; then the other CPUs, each for itself. */
void gic_init(void);
void gic_init_cpu(void);

/* Where the word of this interrupt is, of a field with `bits` per interrupt; an
 * SGI or PPI is that of CPU `cpu`, which on a GICv2 must be this one. */
uint64_t gic_word(uint32_t offset, unsigned bits, uint32_t id, unsigned cpu);
bool gic_bit(uint32_t offset, uint32_t id);
void gic_set_bit(uint32_t offset, uint32_t id);    /* write the one bit; 0 to all others */
uint8_t gic_priority(uint32_t id);
void gic_set_priority(uint32_t id, uint8_t priority);
void gic_set_edge(uint32_t id, bool edge);
void gic_route(uint32_t id, unsigned cpu);
void gic_enable(uint32_t id);
void gic_disable(uint32_t id);
/* Neither enabled, pending nor active. */
void gic_quiet(uint32_t id);

void gic_send(uint32_t id, unsigned cpu_mask);
void gic_send_others(uint32_t id);

/* The CPU interface. */
uint32_t gic_ack(void);                /* IAR, whole */
void gic_eoi(uint32_t iar);
void gic_deactivate(uint32_t iar);
void gic_split(bool on);               /* EOImode */
void gic_set_pmr(uint8_t pmr);
uint8_t gic_pmr(void);
void gic_set_bpr(uint8_t bpr);
uint8_t gic_bpr(void);
uint32_t gic_running(void);            /* RPR */
uint32_t gic_highest(void);            /* HPPIR */
void gic_forward(bool on);             /* GICD_CTLR */
void gic_interface(bool on);           /* GICC_CTLR, ICC_IGRPEN1_EL1 */
