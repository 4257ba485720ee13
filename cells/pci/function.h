/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function of the bus: off, compared with its description, or on for its
 * driver. Nothing that a device says is believed further than a line of text.
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
/* Has an earlier life of this cell attached it? Then its driver may be at work. */
bool function_is_on(const struct pci_function *f);
/* Off, and compared. */
enum pci_answer function_compare(const struct pci_function *f, struct function_found *found);
/*
 * Off, reset if it can be by configuration space, compared, and, if it is what
 * the description says, on: with its BARs, DMA, and INTx. Takes up to a second
 * for functions that can be reset, else microseconds.
 */
enum pci_answer function_attach(const struct pci_function *f, struct function_found *found);
