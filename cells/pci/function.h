/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function of the bus: off, at rest where its description puts it, or on for
 * its driver. Nothing that a device says is believed further than a line of text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pci_config.h"

/* What was found where it differs from the description. */
struct function_found {
    uint32_t vendor, device;
    uint32_t header;               /* enum space_header          */
    uint32_t bar;                  /* the one that differs       */
    uint64_t bar_size;             /* 0: it does not exist       */
    bool     bar_io;               /* it leads to I/O space      */
};

bool function_is_there(uint32_t id);
/* No decoding, no DMA, no interrupt of any kind. */
void function_off(uint32_t id);
/*
 * No DMA and no interrupt of any kind. What lies where it belongs is decoded still:
 * only its driver has it mapped, and it does nothing by itself.
 */
void function_rest(const struct pci_function *f);
/* Has an earlier life of this cell attached it? Then its driver may be at work. */
bool function_is_on(const struct pci_function *f);
/*
 * Compared, and, if it is what the description says, at rest with its BARs; else off.
 * One that this cell has laid out before only rests.
 */
enum pci_answer function_lay_out(const struct pci_function *f, struct function_found *found);
/*
 * At rest, reset if it can be by configuration space, laid out if it is not, and on:
 * with DMA and INTx. Off if it is not what the description says. Takes up to a second
 * for functions that can be reset, else microseconds.
 *
 * A function that keeps its place is decoded all the time, and so are the others':
 * the map of addresses changes only before anybody has been served. Hardware does not
 * care. But in QEMU 7.2, with a thread for each core, an access of another core
 * that meets such a change can end in the registers of another device.
 */
enum pci_answer function_attach(const struct pci_function *f, struct function_found *found);
