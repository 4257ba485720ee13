/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fake machine as its driver, a test, sees it: a few cores that one thread
 * drives, with their registers, time that the driver moves, interrupts that it
 * raises and lets the cores take. Entry and exit do with the registers what
 * vectors.S does, so that a register which the kernel would lose is lost here.
 */
#pragma once

#include <setjmp.h>

#include "base.h"
#include "machine.h"
#include <mv/systab.h>
#include <mv/vm.h>

struct vcpu;
struct core;

#define HOST_RAM_BASE    UINT64_C(0x40000000)
#define HOST_RAM_BYTES   UINT64_C(0x2000000)
#define HOST_RAM_FILLED  UINT64_C(0x400000)     /* the rest is never written */
#define HOST_IRQ_FIRST   32u
#define HOST_IRQ_COUNT   16u
#define HOST_VIRTUAL_TIMER 27u

#define HOST_LR_PHYSICAL (UINT64_C(1) << 32)
#define HOST_LR_NOTIFY   (UINT64_C(1) << 33)
#define HOST_LR_STATE(n) ((uint64_t)(n) << 24)
#define HOST_NO_IRQ      1023u

/* ---- state ------------------------------------------------------------------ */

/* What a core has besides struct core. */
struct host_core {
    struct arch_frame live;      /* registers, as the cell on the core sees them */
    uint64_t          vttbr;
    uint64_t          timer;     /* interrupts from this time on                 */
    bool              message;   /* another core wants its attention             */
    bool              stray;     /* an interrupt that nobody can name            */
    bool              bus_error; /* an asynchronous bus error is pending         */
    /* Of a VM, whoever owns the core's. */
    struct mv_vm_state guest;
    bool              guest_timer_active;  /* its timer's physical interrupt counts as being handled */
    uint32_t          active;    /* a bit for each priority that the guest has active, in steps of 8 */
    uint64_t          lr[4];     /* list registers, see arch_lr_make()           */
    uint32_t          lr_ended;  /* ended, but in no list register               */
    uint32_t          lr_asks;
};
/* What interrupts a core; of several, the one from host_first on is taken first. */
enum host_source {
    HOST_TIMER, HOST_MESSAGE, HOST_GUEST_TIMER, HOST_MAINTENANCE, HOST_DEVICE, HOST_SOURCES
};
extern uint32_t host_first;
/* One device interrupt. */
struct host_irq {
    bool     enabled, edge, active;
    bool     level;              /* the device asserts its line    */
    bool     pending;            /* an edge came and was not taken */
    uint32_t core;
    uint32_t taken;              /* how often somebody wanted it   */
};

extern uint32_t         host_here;        /* which core executes now */
extern uint64_t         host_time;        /* in ticks                */
extern uint64_t         host_frequency;   /* ticks per second        */
extern struct host_core host_cores[MV_CORES_MAX];
extern struct host_irq  host_irqs[HOST_IRQ_COUNT];
extern char             host_console[4096];   /* what was printed, cut at its end */
extern uint32_t         host_resets;          /* how often a cell has reset the board */

/* ---- driving ------------------------------------------------------------------ */

/* Power off and on: RAM, cores and interrupts as at the beginning. */
void host_power_on(uint64_t frequency);
/* RAM from HOST_RAM_BASE; ends the test when it is not there. */
void *host_ram(uint64_t pa);
/* Boot a system, up to the first cell or the idle loop of each core. */
void host_boot(const struct mv_systab *t);
/* The second half of that, for one core; the first is system_boot(). */
void host_start_core(uint32_t index);

/* Who runs on a core, NULL when it is idle. */
struct vcpu *host_current(uint32_t core);
/* The cell on the core executes SVC `number` with its live registers, and the
 * core runs until it leaves the kernel. */
void host_svc(uint32_t core, uint32_t number);
/* The cell on the core does what it may not. */
void host_fault(uint32_t core, enum mv_fault kind, uint64_t address, uint64_t syndrome);
/* Whether an interrupt waits for the core. */
bool host_interrupted(uint32_t core);
/* The core takes one interrupt that waits; false if there is none. */
bool host_interrupt(uint32_t core);
/* The core runs fn in the kernel, as if it took an interrupt for that. */
void host_run(uint32_t core, void (*fn)(void *), void *argument);
/* A device asserts or drops its line; for an edge, asserting is the edge. */
void host_irq_line(uint32_t interrupt, bool asserted);

/*
 * What the guest on a core does; it must be one. Its exits have their pc where
 * the live registers have it, and x3 to x6 as given.
 */
void host_guest_exit(uint32_t core, enum mv_exit kind, uint64_t address, uint64_t syndrome,
                     const uint64_t x3_to_x6[4]);
void host_guest_hvc(uint32_t core, uint32_t number);    /* not 0: a kernel call */
/* It stores to a guest-physical address: rings a bell, or exits. */
void host_guest_store(uint32_t core, uint64_t address, uint64_t value);
void host_guest_wfi(uint32_t core);
void host_guest_sgi(uint32_t core, uint32_t id, uint32_t targets);
/* Acknowledge at the virtual interface: the interrupt's id and, if that counts,
 * its sender in bits 10 up; HOST_NO_IRQ if none is more urgent than those that
 * are active. host_guest_offered() only looks. */
uint32_t host_guest_offered(uint32_t core);
uint32_t host_guest_acknowledge(uint32_t core);
/* End what was acknowledged as this: its priority is dropped, it is inactive. */
void host_guest_end(uint32_t core, uint32_t acknowledged);
/* Whether the virtual interface, the virtual timer ask for an interrupt. */
bool host_maintenance(uint32_t core);
bool host_guest_timer(uint32_t core);

/* Streams by their id, below 64, that the SMMU lets pass; how often one was changed. */
extern uint64_t host_dma_passes;
extern uint32_t host_dma_changes;
/* The SMMU has refused an access, and interrupts the core. */
void host_dma_refuse(uint32_t core, uint32_t id, enum mv_stream_fault_kind kind, uint64_t address, bool is_write);

/*
 * Run `fn` and return how it panicked, NULL if it did not. Outside of this a
 * panic ends the process.
 */
const char *host_panic_of(void (*fn)(void *), void *argument);

/* What vcpu_read and vcpu_write do besides for a VM's vCPU. */
void host_vm_read(const struct vcpu *v, struct mv_vm_state *out);
void host_vm_write(struct vcpu *v, const struct mv_vm_state *in);

/* ---- what stage2.c does to the hardware ------------------------------------------ */

enum host_event {
    HOST_ISB, HOST_DSB_ISHST, HOST_DSB_NSHST, HOST_DSB_ISH, HOST_DSB_NSH, HOST_DSB_SY,
    HOST_TLBI_IPA, HOST_TLBI_IPA_ALL, HOST_TLBI_VA, HOST_TLBI_VA_ALL, HOST_TLBI_VMID_ALL,
    HOST_TLBI_STAGE1, HOST_TLBI_STAGE1_ALL, HOST_IC_ALL,
};
/* Called with each barrier and invalidation; the address where it has one. */
extern void (*host_watch)(enum host_event event, uint64_t address);
void host_note(enum host_event event, uint64_t address);
