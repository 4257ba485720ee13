/* SPDX-License-Identifier: BSD-2-Clause */
#include "gic.h"

#include "vgic.h"

/* Priorities have 32 levels: what every virtual interface has. */
#define PRIORITY_MASK  0xf8u

uint32_t gic_bank(uint32_t own, uint32_t n)
{
    if (n == 0)
        return own;
    return n <= vmm_config.spi_banks ? vmm_config.vcpu_count + n - 1 : GIC_NONE;
}

/* The blocks of one bit for each interrupt, from ISENABLER on: one that sets
 * and one that clears each field. */
static const uint8_t bit_field[3] = { MV_VGIC_ENABLED, MV_VGIC_PENDING, MV_VGIC_ACTIVE };

static uint32_t bits_read(uint32_t own, uint32_t offset)
{
    uint32_t bank = gic_bank(own, offset / 4 % 32);

    return bank == GIC_NONE ? 0 : vgic_get(bit_field[(offset - GICD_ISENABLER) >> 8], bank);
}

static void bits_write(uint32_t own, uint32_t offset, uint32_t value)
{
    uint32_t bank = gic_bank(own, offset / 4 % 32);
    bool clear = (offset & 0x80) != 0;

    if (bank != GIC_NONE && value != 0)
        vgic_set(bit_field[(offset - GICD_ISENABLER) >> 8], bank, value, clear ? 0 : value);
}

/* The word of a byte per interrupt that holds the one of this offset in its block. */
static uint32_t byte_word(uint32_t own, uint32_t id)
{
    uint32_t bank = gic_bank(own, id / 32);

    return bank == GIC_NONE ? GIC_NONE : 8 * bank + id % 32 / 4;
}

static uint32_t priority_read(uint32_t own, uint32_t id, unsigned size)
{
    uint32_t word = byte_word(own, id), value;

    if (word == GIC_NONE)
        return 0;
    value = vgic_get(MV_VGIC_PRIORITY, word);
    return size == 4 ? value : value >> 8 * (id % 4) & 0xff;
}

static void priority_write(uint32_t own, uint32_t id, unsigned size, uint32_t value)
{
    uint32_t word = byte_word(own, id);

    if (word == GIC_NONE)
        return;
    value &= PRIORITY_MASK * 0x01010101u;
    if (size == 4)
        vgic_set(MV_VGIC_PRIORITY, word, UINT32_MAX, value);
    else
        vgic_set(MV_VGIC_PRIORITY, word, 0xffu << 8 * (id % 4), (value & 0xff) << 8 * (id % 4));
}

/* Bit n of 16 to bit 2n + 1, and back. */
static uint32_t spread(uint32_t value)
{
    uint32_t out = 0;

    for (unsigned i = 0; i < 16; i++)
        out |= (value >> i & 1) << (2 * i + 1);
    return out;
}

static uint32_t gather(uint32_t value)
{
    uint32_t out = 0;

    for (unsigned i = 0; i < 16; i++)
        out |= (value >> (2 * i + 1) & 1) << i;
    return out;
}

/* SGIs are edge-triggered, PPIs level-triggered; neither can be changed. */
static uint32_t trigger_read(uint32_t own, uint32_t id)
{
    uint32_t bank = gic_bank(own, id / 32);

    return bank == GIC_NONE ? 0 : spread(vgic_get(MV_VGIC_EDGE, bank) >> id % 32 & 0xffff);
}

static void trigger_write(uint32_t own, uint32_t id, uint32_t value)
{
    uint32_t bank = gic_bank(own, id / 32);

    if (id >= 32 && bank != GIC_NONE)
        vgic_set(MV_VGIC_EDGE, bank, 0xffffu << id % 32, gather(value) << id % 32);
}

uint32_t gic_block_read(uint32_t own, uint32_t offset, unsigned size)
{
    if (offset >= GICD_ISENABLER && offset < GICD_IPRIORITYR)
        return size == 4 ? bits_read(own, offset) : 0;
    if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR)
        return size == 4 || size == 1 ? priority_read(own, offset - GICD_IPRIORITYR, size) : 0;
    if (offset >= GICD_ICFGR && offset < GICD_ICFGR_END)
        return size == 4 ? trigger_read(own, (offset - GICD_ICFGR) * 4) : 0;
    return 0;
}

void gic_block_write(uint32_t own, uint32_t offset, unsigned size, uint32_t value)
{
    if (offset >= GICD_ISENABLER && offset < GICD_IPRIORITYR) {
        if (size == 4)
            bits_write(own, offset, value);
    } else if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR) {
        if (size == 4 || size == 1)
            priority_write(own, offset - GICD_IPRIORITYR, size, value);
    } else if (offset >= GICD_ICFGR && offset < GICD_ICFGR_END) {
        if (size == 4)
            trigger_write(own, (offset - GICD_ICFGR) * 4, value);
    }
}

uint32_t gicd_typer;

uint64_t gicd_read_other(uint32_t vcpu, uint64_t offset, unsigned size)
{
    if (offset == GICD_IIDR && size == 4)
        return GIC_IIDR;
    return vmm_config.gic_version == 3 ? gicv3_read((uint32_t)offset, size)
                                       : gicv2_read(vcpu, (uint32_t)offset, size);
}

void gicd_write(uint32_t vcpu, uint64_t offset, unsigned size, uint64_t value)
{
    if (vmm_config.gic_version == 3)
        gicv3_write((uint32_t)offset, size, value);
    else
        gicv2_write(vcpu, (uint32_t)offset, size, (uint32_t)value);
}

void gic_reset(void)
{
    gicd_typer = vmm_config.spi_banks | GICD_TYPER_SECURITY;
    if (vmm_config.gic_version == 3) {
        gicd_typer |= GICD_TYPER_ID_BITS | GICD_TYPER_NO_1N;
        gicv3_reset();
    } else {
        gicd_typer |= (vmm_config.vcpu_count - 1) << 5;
        gicv2_reset();
    }
}
