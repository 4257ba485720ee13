/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a flat table, as the host tool would, and boots it on the fake
 * machine. Objects are added one after another and named by their index; the
 * vCPUs, spaces and capabilities of a cell follow the cell, and the vIRQs of a
 * vCPU lie in a row.
 */
#pragma once

#include "base.h"
#include "arch/arch.h"
#include "core.h"
#include "cell.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "system.h"
#include "timer.h"
#include "virq.h"
#include "vcpu.h"
#include "cap.h"

#define WORLD_SLICE_NS   1000000u
#define WORLD_FREQUENCY  1000000u          /* a tick is a microsecond */
#define WORLD_ENTRY      0x10000u          /* each vCPU's first instruction */
#define WORLD_STACK      0x80000u
#define WORLD_MESSAGE    0x1ffe000u        /* the message buffer's address in its cell */
#define WORLD_TEXT       0x1000000u        /* a page that every cell has mapped */
#define WORLD_TRACE_BYTES   0x2000u
#define WORLD_TRACE_RECORDS 128u

/* The table being made; a test may change records before world_end(). */
struct world {
    struct mv_systab       head;
    struct mv_sys_cell     cell[16];
    struct mv_sys_vcpu     vcpu[64];
    struct mv_sys_space    space[32];
    struct mv_sys_segment  segment[32];
    struct mv_sys_extent   extent[64];
    struct mv_sys_portal   portal[64];
    struct mv_sys_virq     virq[128];
    struct mv_sys_timer    timer[64];
    struct mv_sys_cap      cap[4096];
    struct mv_sys_mapping  mapping[64];
    struct mv_sys_load     load[64];
    struct mv_sys_vgic     vgic[8];
    struct mv_sys_bell     bell[32];
    struct mv_sys_stream   stream[16];
    struct mv_sys_schedule schedule[4];
    struct mv_sys_window   window[128];
    uint64_t               free;           /* RAM not yet given to anybody */
};
extern struct world world;

/* An empty system of so many cores, in a machine that was just switched on. */
void world_begin(uint32_t cores);
uint32_t world_cell(const char *name);     /* with one 25-bit space and an empty capability */
uint32_t world_vcpu(uint32_t cell, uint32_t core, uint32_t priority);
/* A cell for a virtual machine, whose vCPUs are added with world_guest() at once. */
uint32_t world_vm(const char *name, uint32_t spi_banks);
uint32_t world_guest(uint32_t cell, uint32_t core, uint32_t priority, uint32_t exit_portal);
uint32_t world_space(uint32_t cell, uint32_t address_bits);
uint32_t world_portal(uint32_t server);
uint32_t world_virq(uint32_t sink);
uint32_t world_device(uint32_t sink, uint32_t interrupt, bool edge);
uint32_t world_timer(uint32_t virq);
/* Of a cell's device; a cell's are added in a row. */
uint32_t world_stream(uint32_t cell, uint32_t id, uint32_t virq);
/* A table of time windows, and those of the last one made: each core's in a row,
 * at least one, the first at 0. */
uint32_t world_schedule(uint64_t frame_ns);
void world_window(uint32_t core, uint64_t start_ns, uint32_t partitions);
/* Memory of so many pages in one extent; world_extent() adds another to the last. */
uint32_t world_segment(uint32_t pages, uint32_t rights, enum mv_memory memory);
void world_extent(uint32_t pages);
void world_mapping(uint32_t space, uint32_t segment, uint64_t address, uint64_t offset, uint64_t size,
                   uint32_t rights);
uint64_t world_ram(uint64_t bytes, uint64_t alignment);
/* Give a cell a capability; returns its index in the cell's table. */
uint32_t world_cap(uint32_t cell, enum mv_type type, uint32_t object, uint32_t rights,
                   uint32_t badge);

/* Where the table lies after this, complete: ceilings, layout, checksum. */
struct mv_systab *world_end(void);
/* The checksum again, after a test has changed the table. */
void world_seal(struct mv_systab *t);
/* world_end(), and boot. */
void world_boot(void);

/* ---- driving ---------------------------------------------------------------- */

/* The live registers of a core. */
static inline uint64_t *regs(uint32_t core) { return host_cores[core].live.x; }

/* A PLAIN call by whoever runs on the core; its status, if it goes on at once. */
mv_status_t plain(uint32_t core, enum mv_call_number number, uint64_t x1, uint64_t x2, uint64_t x3,
                  uint64_t x4, uint64_t x5, uint64_t x6);
#define PLAIN1(core, name, a)          plain(core, MV_CALL_##name, a, 0, 0, 0, 0, 0)
#define PLAIN2(core, name, a, b)       plain(core, MV_CALL_##name, a, b, 0, 0, 0, 0)
#define PLAIN3(core, name, a, b, c)    plain(core, MV_CALL_##name, a, b, c, 0, 0, 0)
/* A MESSAGE call with word 0. */
void message(uint32_t core, enum mv_call_number number, uint64_t word, uint64_t cap, uint64_t flags,
             uint64_t deadline_ns);
/* Take interrupts on all cores until none waits. */
void settle(void);
/* Let time pass and take the interrupts that come. */
void pass_ns(uint64_t ns);
/* The vCPU that runs on a core, by its index in the system; -1: idle. */
int running(uint32_t core);
