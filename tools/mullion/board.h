/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of the board, taken from its device tree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <mv/systab.h>

#include "tree.h"

struct region {
    uint64_t base, size;
};
struct interrupt {
    uint32_t id;        /* of the GIC */
    bool     edge;
};
struct regions    { VEC(struct region) list; };
struct interrupts { VEC(struct interrupt) list; };

struct board {
    const char     *name;
    struct region   ram;
    struct regions  reserved;           /* of the RAM: firmware's */
    const struct node *gic;
    uint32_t        gic_version;
    uint64_t        gic_distributor, gic_cpu_interface, gic_redistributors, gic_redistributors_size;
    uint64_t        gic_hypervisor;     /* GICv2: GICH, or 0 */
    struct region   gic_virtual;        /* GICv2: GICV, or nothing */
    uint32_t        maintenance_interrupt;      /* or 0 */
    struct regions  gic_registers;
    uint64_t        uart;
    uint32_t        timer_interrupt, virtual_timer_interrupt;
    bool            psci_smc;
    uint32_t        cpu_count;
    uint64_t        mpidr[MV_CORES_MAX];
    const struct node *qemu;            /* how to start it in QEMU, or NULL */
};

bool region_overlaps(struct region a, struct region b);
/* The first of them that overlaps r, or NULL. */
const struct region *regions_overlap(const struct regions *list, struct region r);
/* The pages that the region touches. */
struct region region_pages(struct region r);

/* Complains about what is missing. */
void board_read(struct board *b, const struct tree *t, const char *name);
/* Registers of a device, as the CPU sees them; false when its reg cannot be
 * translated. */
bool board_regions(const struct node *device, struct regions *out);
/* Ranges of memory in the cells of the tree's root; false when they are none. */
bool board_memory(const struct tree *t, const struct prop *p, struct regions *out);
/* Interrupts of a device; false when they do not go to the GIC. */
bool board_interrupts(const struct board *b, const struct tree *t, const struct node *device, struct interrupts *out);
