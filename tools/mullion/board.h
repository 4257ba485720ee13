/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts of the board, taken from its device tree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <mv/systab.h>

#include "tree.h"

enum { SMMU_BYTES = 0x20000, SMMU_BYTES_ALIGN = 0x10000 };     /* of its registers */

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
    const struct node *smmu;            /* an SMMUv3, or NULL */
    uint64_t        smmu_registers;
    uint32_t        smmu_event_interrupt, smmu_error_interrupt;
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
/* A property of one cell, or what the specification says when it is absent. */
uint32_t board_cells(const struct node *n, const char *name, uint32_t otherwise);
/* From an address on a bus to the processor's; false when it cannot be
 * translated. */
bool board_translate(const struct node *bus, struct region *r);
/* Interrupts of a device; false when they do not go to the GIC. */
bool board_interrupts(const struct board *b, const struct tree *t, const struct node *device, struct interrupts *out);
/* An entry <type number flags> of the GIC's binding at this cell; false when it
 * is none. */
bool board_gic_entry(const struct board *b, const struct prop *p, size_t first, struct interrupt *out);

/* ---- PCI (board_pci.c) ------------------------------------------------------------ */

#define BOARD_PCI_BUSES      0x100u
#define BOARD_PCI_BUS_BYTES  0x100000u  /* of configuration space of a bus */

struct bridge_facts {
    uint32_t      first_bus, last_bus;
    struct region ecam;                 /* configuration space, from first_bus on */
    uint64_t      window_bus;           /* the window for memory below 4 GiB, as functions see it */
    struct region window;               /* and as the processor does */
};

/* Is the node a host bridge whose configuration space lies in memory? */
bool board_is_bridge(const struct node *n);
/* What it is; NULL, or what of the node is missing or wrong. */
const char *board_bridge(const struct node *n, struct bridge_facts *out);
/* The interrupt of a function's pin (1-4); false when the bridge's map has none
 * at the GIC. `id` is bus << 8 | device << 3 | function. */
bool board_bridge_interrupt(const struct board *b, const struct tree *t, const struct node *bridge, uint32_t id, uint32_t pin,
                            struct interrupt *out);
/* The SMMU before a function and its StreamID there, or NULL. */
const struct node *board_bridge_stream(const struct tree *t, const struct node *bridge, uint32_t id, uint32_t *stream);
/* The same of a device with "iommus": how many StreamIDs; 0: no SMMU. */
size_t board_streams(const struct tree *t, const struct node *device, const struct node **smmu, uint32_t *streams, size_t most);
