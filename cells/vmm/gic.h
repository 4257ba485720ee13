/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of the guest's interrupt controller: of a GICv2 the distributor
 * (IHI 0048B), of a GICv3 the distributor and the redistributors (IHI 0069);
 * the state behind them is the kernel's vGIC. The guest sees the non-secure side
 * of a controller with two security states: all its interrupts are group 1.
 *
 * An access of a size that a register does not have reads as zero or is ignored.
 * Offsets are aligned to the size.
 */
#pragma once

#include <stdint.h>

#include "vmm_config.h"

/* The registers that only the VMM holds, as at power-on. */
void gic_reset(void);

static inline uint64_t gicd_read(uint32_t vcpu, uint64_t offset, unsigned size);
void gicd_write(uint32_t vcpu, uint64_t offset, unsigned size, uint64_t value);

/* The redistributors of all vCPUs, one behind the other. */
uint64_t gicr_read(uint64_t offset, unsigned size);
void gicr_write(uint64_t offset, unsigned size, uint64_t value);

/* ---- shared by the two versions ------------------------------------------- */

#define GICD_CTLR         0x000u
#define GICD_TYPER        0x004u
#define GICD_IIDR         0x008u
#define GICD_ISENABLER    0x100u
#define GICD_IPRIORITYR   0x400u
#define GICD_ITARGETSR    0x800u
#define GICD_ICFGR        0xc00u
#define GICD_ICFGR_END    0xd00u
#define GICD_SGIR         0xf00u
#define GICD_CPENDSGIR    0xf10u
#define GICD_SPENDSGIR    0xf20u
#define GICD_SPENDSGIR_END 0xf30u
#define GICD_IROUTER      0x6000u
#define GICD_IROUTER_END  0x8000u

#define GICD_TYPER_SECURITY (1u << 10)
#define GICD_TYPER_ID_BITS  (9u << 19)    /* GICv3: ids have 10 bits     */
#define GICD_TYPER_NO_1N    (1u << 25)    /* GICv3: an SPI has one target */

/* No company has this code: the product is ours, 'M'. */
#define GIC_IIDR          0x4d000000u

#define GIC_IDS_MAX       (32u * (MV_VGIC_SPI_BANKS + 1u))
#define GIC_NONE          UINT32_MAX

static inline uint32_t gic_ids(void)
{
    return 32 * (vmm_config.spi_banks + 1);
}

/*
 * ISENABLER to ICFGR but ITARGETSR. `own` is the vCPU whose SGIs and PPIs are
 * ids 0-31, or GIC_NONE if there are none here.
 */
uint32_t gic_block_read(uint32_t own, uint32_t offset, unsigned size);
void gic_block_write(uint32_t own, uint32_t offset, unsigned size, uint32_t value);

/* The bank that has id 32 * n; GIC_NONE if there is none. */
uint32_t gic_bank(uint32_t own, uint32_t n);

extern uint32_t gicd_typer;      /* GICD_TYPER */
uint64_t gicd_read_other(uint32_t vcpu, uint64_t offset, unsigned size);

static inline uint64_t gicd_read(uint32_t vcpu, uint64_t offset, unsigned size)
{
    return offset == GICD_TYPER && size == 4 ? gicd_typer : gicd_read_other(vcpu, offset, size);
}

uint64_t gicv2_read(uint32_t vcpu, uint32_t offset, unsigned size);
void gicv2_write(uint32_t vcpu, uint32_t offset, unsigned size, uint32_t value);
void gicv2_reset(void);
uint64_t gicv3_read(uint32_t offset, unsigned size);
void gicv3_write(uint32_t offset, unsigned size, uint64_t value);
void gicv3_reset(void);
