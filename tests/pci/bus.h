/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI bus for the tests: functions whose configuration space behaves as the
 * specification says, or as a hostile device likes. It stands in for cells/pci's
 * space.c, and for the clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pci_config.h"

enum { BUS_WORDS = 1024, BUS_FUNCTIONS = 16 };

struct bus_bar {
    uint64_t size;                 /* a power of two, 0: none */
    bool     io, wide;
};

struct bus_function {
    uint32_t id;
    bool     absent;
    uint64_t absent_until;         /* a reset takes until then */
    uint64_t reset_ns;             /* how long one takes */
    unsigned resets;
    unsigned reset_on, woken_on;   /* of them, and of its wakings, those while it decoded or did DMA: must not be */
    bool     no_line;              /* it has no interrupt, and nothing to keep a line's number in */
    uint32_t express, advanced, power;      /* where these capabilities are, 0: none */
    uint32_t word[BUS_WORDS];
    struct bus_bar bar[MV_PCI_BARS];
    unsigned on;                   /* times it was let decode or do DMA */
    unsigned master;               /* times it was let do DMA */
    unsigned moved;                /* times it began to decode, or no longer did, or was moved while it did */
    unsigned measured_on;          /* BARs written to while it decoded: must not be */
};

/* No functions, the clock at 0, nothing said; what is counted starts at 0. */
void bus_clear(void);
/* A function with these BARs, off, of header kind 0. */
struct bus_function *bus_add(uint32_t id, uint32_t identity);
/* A capability behind those it has; returns where. */
uint32_t bus_capability(struct bus_function *f, uint32_t word);
/* From now on reads return random bits. */
void bus_go_mad(uint64_t seed);

extern uint64_t bus_now;           /* ns */
extern uint64_t bus_accesses;
extern char     bus_said[];        /* all lines */
extern struct pci_function bus_described[BUS_FUNCTIONS];
