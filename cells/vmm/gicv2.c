/* SPDX-License-Identifier: BSD-2-Clause */
/* The distributor of a GICv2: IHI 0048B, chapter 4.3. */
#include "gic.h"

#include "lock.h"
#include "vgic.h"

#define GICD_BYTES        0x1000u
#define GICD_ID           0xfd0u
#define SGIS              16u
#define NO_TARGET         0xffu

#define SGIR_ID(v)        ((v) & 0xf)
#define SGIR_TARGETS(v)   ((v) >> 16 & 0xff)
#define SGIR_FILTER(v)    ((v) >> 24 & 3)
enum sgi_filter { SGI_LISTED, SGI_OTHERS, SGI_SELF };

/* ITARGETSR of shared interrupts. Of several targets the lowest gets it. */
static struct {
    struct lock lock;
    uint8_t     mask[GIC_IDS_MAX - 32];
} targets;

/* ICPIDR4-7, 0-3, CIDR0-3: the architecture's version in ICPIDR2. */
static const uint8_t id[12] = { 0, 0, 0, 0, 0, 0, 0x20, 0, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t all_vcpus(void)
{
    return (1u << vmm_config.vcpu_count) - 1;
}

/* ---- targets ------------------------------------------------------------- */

/* With one processor the registers are RAZ/WI. */
static bool has_targets(uint32_t first)
{
    return vmm_config.vcpu_count > 1 && first < gic_ids();
}

static uint32_t targets_read(uint32_t vcpu, uint32_t first, unsigned size)
{
    uint32_t value = 0;

    if (!has_targets(first))
        return 0;
    if (first < 32)
        return (1u << vcpu) * (size == 4 ? 0x01010101u : 1u);
    lock_take(&targets.lock);
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)targets.mask[first - 32 + i] << 8 * i;
    lock_release(&targets.lock);
    return value;
}

static uint32_t target_of(uint32_t mask)
{
    return mask == 0 ? NO_TARGET : (uint32_t)__builtin_ctz(mask);
}

static void targets_write(uint32_t first, unsigned size, uint32_t value)
{
    uint32_t word = 8 * gic_bank(GIC_NONE, first / 32) + first % 32 / 4;

    if (!has_targets(first) || first < 32)
        return;
    lock_take(&targets.lock);
    for (unsigned i = 0; i < size; i++) {
        uint32_t mask = value >> 8 * i & all_vcpus();
        unsigned shift = 8 * ((first + i) % 4);

        targets.mask[first - 32 + i] = (uint8_t)mask;
        vgic_set(MV_VGIC_TARGET, word, 0xffu << shift, target_of(mask) << shift);
    }
    lock_release(&targets.lock);
}

/* ---- SGIs ------------------------------------------------------------------ */

/* Normally the kernel's: it sees the write before the VMM does. */
static void sgi_send(uint32_t vcpu, uint32_t value)
{
    uint32_t sgi = SGIR_ID(value), to = 0;

    switch (SGIR_FILTER(value)) {
    case SGI_LISTED: to = SGIR_TARGETS(value) & all_vcpus(); break;
    case SGI_OTHERS: to = all_vcpus() & ~(1u << vcpu); break;
    case SGI_SELF:   to = 1u << vcpu; break;
    default:         break;
    }
    for (uint32_t i = 0; i < vmm_config.vcpu_count; i++)
        if (to >> i & 1)
            vgic_set(MV_VGIC_TARGET, 8 * i + sgi / 4, 1u << vcpu << 8 * (sgi % 4),
                     1u << vcpu << 8 * (sgi % 4));
}

/* SPENDSGIR and CPENDSGIR: of each SGI, who has sent it to this vCPU. */
static uint32_t senders_read(uint32_t vcpu, uint32_t sgi, unsigned size)
{
    uint32_t value = vgic_get(MV_VGIC_TARGET, 8 * vcpu + sgi / 4);

    return size == 4 ? value : value >> 8 * (sgi % 4) & 0xff;
}

static void senders_write(uint32_t vcpu, uint32_t sgi, uint32_t value, bool pending)
{
    uint32_t mask = (value & all_vcpus() * 0x01010101u) << 8 * (sgi % 4);

    if (mask != 0)
        vgic_set(MV_VGIC_TARGET, 8 * vcpu + sgi / 4, mask, pending ? mask : 0);
}

/* ---- all ----------------------------------------------------------------------- */

static bool is_pending_block(uint32_t offset)
{
    return offset == 0x200 || offset == 0x280;
}

uint64_t gicv2_read(uint32_t vcpu, uint32_t offset, unsigned size)
{
    if (size == 4) {
        if (offset == GICD_CTLR)
            return vgic_get(MV_VGIC_CONTROL, 0) & 1;
        if (offset >= GICD_ID && offset < GICD_BYTES)
            return id[(offset - GICD_ID) / 4];
    }
    if (size != 4 && size != 1)
        return 0;
    if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR)
        return targets_read(vcpu, offset - GICD_ITARGETSR, size);
    if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)
        return senders_read(vcpu, offset % SGIS, size);
    return gic_block_read(vcpu, offset, size);
}

void gicv2_write(uint32_t vcpu, uint32_t offset, unsigned size, uint32_t value)
{
    if (size != 4 && size != 1)
        return;
    if (size == 4 && offset == GICD_CTLR)
        vgic_set(MV_VGIC_CONTROL, 0, 1, value & 1);
    else if (size == 4 && offset == GICD_SGIR)
        sgi_send(vcpu, value);
    else if (offset >= GICD_ITARGETSR && offset < GICD_ICFGR)
        targets_write(offset - GICD_ITARGETSR, size, value);
    else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR_END)
        senders_write(vcpu, offset % SGIS, value, offset >= GICD_SPENDSGIR);
    else if (is_pending_block(offset))
        gic_block_write(vcpu, offset, size, value & ~0xffffu);    /* not for SGIs */
    else
        gic_block_write(vcpu, offset, size, value);
}

void gicv2_reset(void)
{
    lock_take(&targets.lock);
    for (uint32_t i = 0; i < sizeof(targets.mask); i++)
        targets.mask[i] = 1;
    lock_release(&targets.lock);
}
