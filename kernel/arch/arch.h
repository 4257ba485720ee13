/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel asks of a machine. Each machine's "machine.h" defines
 * struct arch_frame, arch_hw, arch_fp and arch_space, and may define any of
 * these as static inline in "machine_inline.h", which vcpu.h includes at its
 * end; everything else is in its C files.
 */
#pragma once

#include "base.h"
#include "door.h"
#include "machine.h"
#include <mv/systab.h>

struct core;
struct vcpu;
struct space;

/* ---- registers of a vCPU that is not on a core, or has just entered ----- */

/* The words of its message, x0-x7 on AArch64. */
static inline uint64_t *arch_words(struct vcpu *v);
/* Capability, flags and deadline of the MESSAGE call it made. */
static inline uint64_t arch_call_cap(const struct vcpu *v);
static inline uint64_t arch_call_flags(const struct vcpu *v);
static inline uint64_t arch_call_deadline(const struct vcpu *v);
/* The results of a MESSAGE call; the words stay, everything else the ABI lets
 * us drop is cleared. */
void arch_set_result(struct vcpu *v, mv_status_t status, uint64_t source);
/* The results of a PLAIN call; everything else the ABI lets us drop is cleared. */
void arch_set_plain_result(struct vcpu *v, mv_status_t status, uint64_t value);
/* The handler of a PLAIN call, call_NAME; call_bad() of a MESSAGE call. */
static inline handler_fn *arch_handler(uint64_t number);
/* Make a vCPU that is making a kernel call make it again, with these
 * arguments. v must be current. */
void arch_restart_call(struct vcpu *v, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
/* v, which has made a MESSAGE call that has not begun, makes it again when it goes on. */
void arch_call_again(struct vcpu *v);
/* A vCPU at the start of its program. */
void arch_frame_start(struct vcpu *v, uint64_t pc, uint64_t sp, uint64_t argument, uint64_t tls);
uint64_t arch_frame_pc(const struct vcpu *v);
void arch_frame_set_pc(struct vcpu *v, uint64_t pc);
/* The pc of the vCPU that is current. */
void arch_set_current_pc(uint64_t pc);
void arch_frame_read(const struct vcpu *v, struct mv_vcpu_state *out);
/* Forces whatever the cell may not choose. */
void arch_frame_write(struct vcpu *v, const struct mv_vcpu_state *in);
/* Put the frame aside in the message buffer and start the upcall, or restore
 * it; v is not current, or its registers have been saved. */
void arch_upcall_enter(struct vcpu *v, uint64_t line, uint64_t payload);
void arch_upcall_leave(struct vcpu *v);

/* ---- switching ----------------------------------------------------------- */

/* Make the first current vCPU of this core run; never returns. */
_Noreturn void arch_enter(struct core *core);
/* Save what entry left in the hardware; load what entry's way out does not. */
void arch_save(struct vcpu *v);
void arch_load(struct vcpu *v);
/* v's space has changed or it is made: what the switch loads. */
void arch_set_space(struct vcpu *v);
/* Forget v's FP registers: it starts afresh. Nothing if it has none. */
void arch_fp_reset(struct vcpu *v);
/* Consume an asynchronous bus error that is pending now; true if there was one. */
bool arch_bus_error_take(void);
/* RAM that the kernel reaches. */
static inline void *arch_ram(paddr_t pa);
/* Any size; fast for multiples of 64 bytes that are aligned to 8. */
void arch_copy(void *to, const void *from, size_t bytes);
void arch_zero(void *to, size_t bytes);
/* Index i of count made safe to use on a path that mispredicts its check. */
static inline uint64_t arch_index(uint64_t i, uint64_t count);

/* ---- address spaces -------------------------------------------------------- */

/* Most pages or blocks that one step of these treats: bounds the time with
 * interrupts masked. */
#define ARCH_MAP_STEP 16

/*
 * Each treats up to ARCH_MAP_STEP pages or blocks from `at` and returns in
 * *done how many bytes that was: 0 if all it did was to split a block. A failed step has changed nothing, but for
 * empty tables it may have left in place for the next one to use.
 * `most` is kept with the mapping: what arch_space_change may give it.
 * MV_EXISTS, MV_NOT_MAPPED, MV_NO_MEMORY, MV_NO_RIGHT. The space's lock is held.
 */
mv_status_t arch_space_map(struct space *s, cellva_t at, paddr_t to, uint64_t size,
                           uint32_t rights, uint32_t most, enum mv_memory memory,
                           uint64_t *done);
/* The rights of what is mapped; 0: it is not any more. */
mv_status_t arch_space_change(struct space *s, cellva_t at, uint64_t size, uint32_t rights,
                              uint64_t *done);
/* A step of forgetting every mapping, *done of which was done (0 before the first); true: it was
 * the last, nothing caches any of them on any core; the tables' memory is the caller's again. */
bool arch_space_clear(struct space *s, uint64_t *done);

/* ---- virtual machines ------------------------------------------------------- */

/* machine.h has ARCH_VM_TIMER, the id of the virtual timer's interrupt in its
 * guest, ARCH_SGI_HAS_SENDER, whether an SGI is pending once for each sender, and
 * ARCH_LR_LINKED, whether a list register can name a physical interrupt, which
 * then ends with the guest's, so that it may fire again without the kernel;
 * ARCH_EXITS_FAST, whether a guest may be left by the fast path. */

/* v's registers of a VM as at power-on; it does not own the hardware. */
void arch_vm_reset(struct vcpu *v);
/* From and to the hardware; saving also stops the virtual timer there. */
void arch_vm_save(struct vcpu *v);
void arch_vm_load(struct vcpu *v);
/* When the virtual timer of v, whose registers are saved, fires; UINT64_MAX: never. */
uint64_t arch_vm_deadline(const struct vcpu *v);
/* What the reply to v's exit says of its registers; see vm.h of the ABI. */
void arch_vm_answer(struct vcpu *v, const uint64_t *reply);
/* Whether the virtual timer in the hardware asks for an interrupt now. */
bool arch_vm_timer_asserted(void);
/* The physical interrupt of the virtual timer counts as being handled, or does
 * not: only then can it fire. */
void arch_vm_timer_hold(bool hold);
/* Memory that a guest reads or writes past the caches: they agree with it. */
void arch_clean(void *start, size_t bytes);

/*
 * List registers 0 to ARCH_LRS - 1 of this core: one virtual interrupt each,
 * in the machine's format. 0 is an empty one.
 */
#define ARCH_LRS        4u
#define LR_PENDING      1u
#define LR_ACTIVE       2u
/* `physical`: which physical interrupt ends with it, or 0; then it does not notify.
 * `notify`: the interface asks for attention when the guest ends it. */
arch_lr_t arch_lr_make(uint32_t id, uint32_t priority, uint32_t state, uint32_t physical,
                       bool notify, uint32_t sender);
uint32_t arch_lr_state(arch_lr_t lr);
bool arch_lr_is_linked(arch_lr_t lr);
uint32_t arch_lr_sender(arch_lr_t lr);
arch_lr_t arch_lr_read(uint32_t i);
void arch_lr_write(uint32_t i, arch_lr_t lr);
uint32_t arch_lr_empty(void);     /* mask of those that hold nothing */
/* Interrupts that the guest has ended without their being in a list register. */
uint32_t arch_lr_ended(void);
/* Ask for attention when no list register is pending; when an interrupt is
 * ended that is in none. */
#define LR_ASK_PENDING  1u
#define LR_ASK_UNSEEN   2u
#define LR_ASK_END      4u        /* a list register has `notify`: nothing to ask for besides */
void arch_lr_ask(uint32_t what);

/* ---- interrupts ---------------------------------------------------------------- */

void arch_irq_init(const struct mv_systab *t, bool first_core);
/* Route a device interrupt to a core and let it through. */
void arch_irq_enable(uint32_t interrupt, const struct core *core, bool edge);
void arch_irq_disable(uint32_t interrupt);
/* The sink has acknowledged, on the core that took it: let the device interrupt again. */
void arch_irq_deactivate(uint32_t interrupt);
/* The same on any core, also if it is not active. */
void arch_irq_clear_active(uint32_t interrupt);
/* Whether an interrupt waits for this core. */
bool arch_irq_pending(void);
/* Idle until an interrupt waits. */
void arch_wait(void);
/* Take one waiting interrupt and hand it to irq_handle(), sched_timer() or
 * message_drain(). */
void arch_irq_take(struct core *core);

/* ---- devices' own accesses ---------------------------------------------------- */

/* From now on no device behind the SMMU reaches memory but through a stream that
 * is let pass. After arch_irq_init(), on the first core. */
void arch_dma_init(const struct mv_systab *t);
/* Let the stream pass, or abort it: then nothing that it began goes on when this
 * returns. One core at a time. */
void arch_dma_let(const struct mv_sys_stream *s, bool pass);
/* This interrupt is the SMMU's: hand what it tells to stream_refused(). */
bool arch_dma_interrupt(uint32_t interrupt);

/* ---- time, cores --------------------------------------------------------------- */

uint64_t arch_time(void);                 /* ticks since power-on, never backwards */
uint64_t arch_time_frequency(void);       /* ticks per second */
void arch_timer_program(uint64_t ticks);  /* interrupt this core at that time */

/* The core that executes this. */
static inline struct core *core_here(void);
void arch_core_interrupt(const struct core *to);
struct core *arch_core(uint32_t index);
void arch_cores_start(const struct mv_systab *t);

_Noreturn void arch_system_reset(bool power_off);
_Noreturn void arch_stop(void);           /* after a panic */
void arch_putc(char c);                   /* to the board's UART, waits a bounded time */

/* Locks that several cores may want for a bounded time. */
static inline void arch_lock(uint32_t *word);
static inline void arch_unlock(uint32_t *word);

#include "vcpu.h"    /* ends with machine_inline.h */
