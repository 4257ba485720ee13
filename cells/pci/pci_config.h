/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool tells the cell that owns a PCI host bridge: it writes
 * `pci_config.c` beside the cell's cell_config.c. And what a driver cell says to
 * it.
 */
#pragma once

#include <stdint.h>

#include <libmv/config.h>

struct pci_function {
    const char *name, *driver;     /* of the node; of the cell that gets it */
    uint32_t    id;                /* bus << 8 | device << 3 | function     */
    uint32_t    vendor, device;    /* as the description has them           */
    uint32_t    badge;             /* of its driver's calls                 */
    struct {
        uint64_t address;          /* on the bus, what the BAR is to hold   */
        uint64_t size;             /* 0: not given; its decoding is useless */
    } bar[MV_PCI_BARS];
};

struct pci_config {
    uint64_t ecam;                 /* configuration space in this cell      */
    uint32_t first_bus, bus_count; /* that `ecam` reaches                   */
    uint32_t function_count;
    const struct pci_function *functions;
};
extern const struct pci_config pci_config;

/*
 * The portal "functions": word 0 what is wanted. The badge says for which
 * function; the answer's word 0 is an enum pci_answer, word 1 a detail.
 */
enum pci_request {
    PCI_ATTACH,                    /* reset what can be reset, see that it has its BARs, let it do DMA and interrupt */
    PCI_DETACH,                    /* no DMA, no interrupt: its registers may answer still, or not */
};
enum pci_answer {
    PCI_OK,
    PCI_BAD_REQUEST,
    PCI_ABSENT,                    /* nothing is there */
    PCI_OTHER,                     /* another device is there: word 1 is device << 16 | vendor */
    PCI_BAR_DIFFERS,               /* word 1: number of the BAR that is larger than described or of another kind */
};
