/* SPDX-License-Identifier: BSD-2-Clause */
/* The distributor and the redistributors of a GICv3: IHI 0069, chapters 12.8-12.11. */
#include "gic.h"

#include <mv/guest.h>

#include "lock.h"
#include "vgic.h"

#define CTLR_ENABLE_G1A   (1u << 1)
#define CTLR_ARE_NS       (1u << 4)

#define GICR_CTLR         0x0000u
#define GICR_IIDR         0x0004u
#define GICR_TYPER        0x0008u
#define GICR_TYPER_LAST   (1u << 4)
#define GICR_SGI          0x10000u

#define ID                0xffd0u
#define ID_END            0x10000u

#define ROUTE_AFFINITY    UINT64_C(0xff00ffffff)
#define NO_TARGET         0xffu

static struct {
    struct lock lock;
    uint64_t    affinity[GIC_IDS_MAX - 32];    /* IROUTER */
} routes;

/* PIDR4-7, 0-3, CIDR0-3: the architecture's version in PIDR2. */
static const uint8_t id[12] = { 0, 0, 0, 0, 0, 0, 0x30, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t id_read(uint32_t offset)
{
    return id[(offset - ID) / 4];
}

/* The half of a register of 64 bits, or all of it. */
static uint64_t part(uint64_t value, uint32_t offset, unsigned size)
{
    if (size == 8)
        return value;
    return size == 4 ? value >> 8 * (offset & 4) & UINT32_MAX : 0;
}

/* ---- distributor ------------------------------------------------------------ */

static bool has_route(uint32_t offset)
{
    uint32_t interrupt = (offset - GICD_IROUTER) / 8;

    return offset >= GICD_IROUTER && offset < GICD_IROUTER_END && interrupt >= 32 &&
           interrupt < gic_ids();
}

static uint64_t route_read(uint32_t offset, unsigned size)
{
    uint64_t value;

    lock_take(&routes.lock);
    value = routes.affinity[(offset - GICD_IROUTER) / 8 - 32];
    lock_release(&routes.lock);
    return part(value, offset, size);
}

static void route_write(uint32_t offset, unsigned size, uint64_t value)
{
    uint32_t interrupt = (offset - GICD_IROUTER) / 8;
    unsigned shift = 8 * (offset & 4), at = 8 * (interrupt % 4);
    uint32_t word = 8 * gic_bank(GIC_NONE, interrupt / 32) + interrupt % 32 / 4, target;
    uint64_t *route = &routes.affinity[interrupt - 32];

    if (size != 8 && size != 4)
        return;
    lock_take(&routes.lock);
    if (size == 4)
        value = (*route & ~((uint64_t)UINT32_MAX << shift)) | (value & UINT32_MAX) << shift;
    *route = value & ROUTE_AFFINITY;
    target = *route < vmm_config.vcpu_count ? (uint32_t)*route : NO_TARGET;
    vgic_set(MV_VGIC_TARGET, word, 0xffu << at, target << at);
    lock_release(&routes.lock);
}

uint64_t gicv3_read(uint32_t offset, unsigned size)
{
    if (size == 4) {
        if (offset == GICD_CTLR)
            return CTLR_ARE_NS | (vgic_get(MV_VGIC_CONTROL, 0) & 1 ? CTLR_ENABLE_G1A : 0);
        if (offset >= ID && offset < ID_END)
            return id_read(offset);
    }
    if (has_route(offset))
        return route_read(offset, size);
    return gic_block_read(GIC_NONE, offset, size);
}

void gicv3_write(uint32_t offset, unsigned size, uint64_t value)
{
    if (offset == GICD_CTLR) {
        if (size == 4)
            vgic_set(MV_VGIC_CONTROL, 0, 1, value & CTLR_ENABLE_G1A ? 1 : 0);
    } else if (has_route(offset)) {
        route_write(offset, size, value);
    } else {
        gic_block_write(GIC_NONE, offset, size, (uint32_t)value);
    }
}

void gicv3_reset(void)
{
    lock_take(&routes.lock);
    for (uint32_t i = 0; i < GIC_IDS_MAX - 32; i++)
        routes.affinity[i] = 0;
    lock_release(&routes.lock);
}

/* ---- redistributors ------------------------------------------------------------ */

/* Whether a register of the second frame is one of SGIs or PPIs. */
static bool is_private(uint32_t offset)
{
    if (offset >= GICD_ISENABLER && offset < GICD_IPRIORITYR)
        return offset % 0x80 == 0;
    return (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + 32) ||
           (offset >= GICD_ICFGR && offset < GICD_ICFGR + 8);
}

/* Bits 63-32: affinity; 23-8: number. */
static uint64_t typer(uint32_t vcpu)
{
    return (uint64_t)vcpu << 32 | vcpu << 8 |
           (vcpu + 1 == vmm_config.vcpu_count ? GICR_TYPER_LAST : 0);
}

/*
 * The rest is zero: no LPIs; and GICR_WAKER, IGROUPR0, NSACR as their secure
 * side keeps them.
 */
uint64_t gicr_read(uint64_t address, unsigned size)
{
    uint32_t vcpu = (uint32_t)(address / MV_GUEST_GICR_BYTES);
    uint32_t offset = (uint32_t)(address % MV_GUEST_GICR_BYTES);

    if (offset >= GICR_SGI)
        return is_private(offset - GICR_SGI) ? gic_block_read(vcpu, offset - GICR_SGI, size) : 0;
    if (offset / 8 == GICR_TYPER / 8)
        return part(typer(vcpu), offset, size);
    if (size != 4)
        return 0;
    if (offset == GICR_IIDR)
        return GIC_IIDR;
    return offset >= ID ? id_read(offset) : 0;
}

void gicr_write(uint64_t address, unsigned size, uint64_t value)
{
    uint32_t vcpu = (uint32_t)(address / MV_GUEST_GICR_BYTES);
    uint32_t offset = (uint32_t)(address % MV_GUEST_GICR_BYTES);

    if (offset >= GICR_SGI && is_private(offset - GICR_SGI))
        gic_block_write(vcpu, offset - GICR_SGI, size, (uint32_t)value);
}
