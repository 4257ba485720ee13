/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system: all objects, which lie behind the flat table's records, found by index.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>

struct vcpu;
struct virq;

/* By index in the system. */
extern struct vcpu *system_vcpus;
static inline struct vcpu *vcpu_at(uint32_t index);
uint32_t system_vcpu_count(void);
const struct mv_sys_segment *system_segment(uint32_t index);
const struct mv_sys_extent *system_extent(uint32_t index);
const struct mv_sys_load *system_load(uint32_t index);
const struct mv_sys_mapping *system_mapping(uint32_t index);
const struct mv_sys_window *system_window(uint32_t index);
/* NULL: there is no such table. */
const struct mv_sys_schedule *system_schedule(uint64_t index);
const struct mv_sys_space *system_space(uint32_t index);
/* Device interrupts [first, first + count) and whose they are; NULL: nobody's.
 * The fast path reads it. */
struct irq_map {
    struct virq **slot;
    uint32_t      first, count;
};
extern struct irq_map system_irqs;
/* The vIRQ of a device interrupt, or NULL. */
struct virq *system_irq(uint32_t interrupt);

/* Check the table and complete every object; panics where the table is not
 * whole. On the first core, before the others run. */
void system_build(const struct mv_systab *t);
/* What the kernel's file says of itself to the host tool. */
extern const struct mv_kernel_info mullion_info;
/* The first core's way in: system_build(), and a line on the board's UART. */
void system_boot(const struct mv_systab *t);
/* Make this core's cells ready to run. */
void system_start_core(uint32_t index);

#include "vcpu.h"

static inline struct vcpu *vcpu_at(uint32_t index) { return &system_vcpus[index]; }
