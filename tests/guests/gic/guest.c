/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controller as the architecture describes it (IHI 0048B, IHI
 * 0069): registers first, then what is delivered, in which order, and where.
 * Interrupts are mostly acknowledged by polling, with IRQs masked: so each step
 * is seen alone.
 */
#include "guest_gic.h"

uint32_t lines;
unsigned priority_bits;
bool is_bare, ppis_become_pending;

uint32_t ack_soon(void)
{
    uint32_t iar;

    return WAIT_FOR(GIC_ID(iar = gic_ack()) < 1020, 2000) ? iar : GIC_SPURIOUS;
}

uint32_t ack_now(void)
{
    spin_us(20);
    return gic_ack();
}

void finish(uint32_t iar)
{
    gic_eoi(iar);
}

void make_pending(uint32_t id)
{
    if (id < 16)
        gic_send(id, 1u << cpu_here());
    else
        gic_set_bit(GICD_ISPENDR, id);
    dsb();
}

void prepare(uint32_t id, uint8_t priority)
{
    gic_quiet(id);
    if (id >= 32) {
        gic_set_edge(id, true);
        gic_route(id, cpu_here());
    }
    gic_set_priority(id, priority);
    gic_enable(id);
}


void guest_main(void)
{
    lines = 32 * ((read32(MV_GUEST_GICD + GICD_TYPER) & 0x1f) + 1);
    is_bare = guest_option("bare", 0) != 0;
    ppis_become_pending = !is_bare || guest_tree.gic_version == 3 || guest_tree.cpu_count == 1;
    gic_init();
    registers();
    delivery();
    many();
    cpus();
}
