/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the interrupt controller's test. */
#pragma once

#include "gic.h"

extern uint32_t lines;             /* interrupt ids that the distributor has */
/* On QEMU itself, without a hypervisor. Its GICv2 lets ITARGETSR name processors
 * that are not there, and with several CPUs ignores a PPI's ISPENDR. */
extern bool is_bare, ppis_become_pending;
extern unsigned priority_bits;     /* how many of a priority's bits are there; found by registers() */

/* The next interrupt, or GIC_SPURIOUS after 2 ms; and whatever is there now. */
uint32_t ack_soon(void);
uint32_t ack_now(void);
void finish(uint32_t iar);
void make_pending(uint32_t id);
/* Enabled, edge-triggered, for this CPU, and neither pending nor active. */
void prepare(uint32_t id, uint8_t priority);

void registers(void);
void delivery(void);
void many(void);
void cpus(void);

#define SPI_FREE     70u           /* no device of the board has it or the next ones */
#define SPI_TESTED   96u           /* the guest's board has ids below */
