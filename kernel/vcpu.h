/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual CPU: registers, the space it runs in, what it waits for. Bound to
 * one core for life; all of it is touched by that core alone, but for the
 * fields marked [A], and for the frame of a vCPU that has lent it with its
 * message node (see message.h).
 * Field marks: [I] fixed once made, [A] atomic, any core.
 */
#pragma once

#include "base.h"
#include "context.h"
#include "door.h"
#include "heap.h"
#include "message.h"
#include "arch/arch.h"

struct cap;
struct cell;
struct core;
struct portal;
struct space;
struct virq;
struct vm;

enum vcpu_state {
    VCPU_RUNNABLE = 1,  /* on the core or in its ready queue             */
    VCPU_WAITING,       /* for any call or vIRQ                          */
    VCPU_LISTENING,     /* for certain vIRQ lines or the deadline only   */
    VCPU_SENDING,       /* queued at its callee                          */
    VCPU_CALLING,       /* its callee works for it                       */
    VCPU_REMOTE,        /* another core has its message node             */
    VCPU_IDLE,          /* of a VM: until an interrupt                   */
    VCPU_STOPPED,       /* until vcpu_start                              */
    VCPU_FAULTED,       /* stopped by a fault                            */
};
/*
 * The state word holds the state, the core, and reasons to leave the fast path
 * ("poison"): one comparison tells whether a partner is waiting, here, and
 * with nothing special about it.
 */
#define VCPU_STATE_MASK    0xffu
#define VCPU_CORE_SHIFT    8
#define VCPU_POISON        (1u << 31)
#define VCPU_EXIT          (1u << 30)    /* CALLING: a VM's exit, which another fast path answers */
#define VCPU_KEY_NEVER     0u         /* no state word ever equals it */

/* Why the kernel must look closer before this vCPU waits or goes on. */
#define ATTENTION_CALLERS  (1u << 0)  /* somebody is queued in `callers`     */
#define ATTENTION_VIRQ     (1u << 1)  /* a line is pending and not masked    */

struct vcpu {
    /* The fast path reads and writes these; the entry code knows where they are. */
    struct arch_hw     hw;            /* what the switch loads besides the frame */
    const struct cap  *caps;          /* [I] of its cell */
    uint64_t           cap_count;     /* [I] */
    struct core       *core;          /* [I] */
    struct vcpu       *caller;        /* who waits for its reply, or NULL  */
    struct context    *context;       /* whose time it runs on             */
    uint32_t           state;         /* see above                         */
    uint32_t           rank;          /* effective priority, see sched.h   */
    uint32_t           attention;
    uint32_t           reply_key;     /* state word of a caller that the fast path may resume */
    uint32_t           wait_key;      /* state word of a callee that it may enter             */
    uint32_t           fault;         /* enum mv_fault, of the last one    */
    struct vcpu       *callee;        /* SENDING, CALLING, REMOTE: whom it called */
    uint64_t           calls;         /* made */
    struct portal     *serving;       /* what its caller called, or called last   */
    uint64_t           served;        /* calls taken */
    struct arch_frame  frame;         /* its registers while it is not on the core */

    uint64_t           virq_pending;  /* [A] a bit per line */
    uint64_t           virq_enabled;
    /* In the order of struct mv_counters. */
    uint64_t           raises, virqs, switches, interrupts, faults, overruns;

    /* Scheduling. */
    struct vcpu       *next, *prev;   /* ready ring */
    struct context     own;
    struct heap_node   timeout;       /* in core->timers */
    uint16_t           index;         /* [I] in the system */
    uint16_t           number;        /* [I] in its cell   */
    uint8_t            queued;        /* enum queued */
    bool               has_device;    /* [I] its cell can reach device registers */
    bool               is_fault_call; /* its message is its fault or exit, not its registers */
    bool               cancelling;    /* `cancel` is on its way */
    bool               stopping;      /* stops as soon as its request is back */

    /* Calls, and operations that another core does for it. */
    struct heap        callers;       /* who is queued for it, most urgent first */
    struct heap_node   sending;       /* in callee->callers */
    union {
        struct {
            struct portal *portal;    /* what it called */
            uint32_t       call_flags;
            uint32_t       call_badge;
        };
        struct {
            handler_fn    *operation; /* what is done, and with what */
            void          *operation_object;
        };
    };
    struct vcpu       *stopper;       /* whose operation goes on when this one has stopped */
    mv_status_t        remote_status; /* how a call or an operation ended */
    uint64_t           remote_source;
    struct mv_message_buffer *buffer; /* [I] or NULL */

    /* vIRQs. */
    struct virq       *lines;         /* [I] array by line number, `line_count` of them */
    uint32_t           line_count;    /* [I] */
    uint32_t           kicked;        /* [A] `kick` is on its way */
    cellva_t           upcall_entry, upcall_stack;  /* entry 0: no upcalls */

    /* The cell and its spaces. */
    struct cell       *cell;          /* [I] */
    const struct mv_sys_vcpu *sys;    /* [I] its record in the table */
    struct space      *space;         /* where it runs */
    struct portal     *fault_portal;  /* [I] or NULL */
    struct arch_fp    *fp;            /* [I] or NULL: no FP */
    struct vm         *vm;            /* [I] or NULL: a native one */
    uint64_t           fault_address, fault_syndrome;

    /* Its messages to other cores: one of each, so none can be missing. */
    struct message     request;       /* a call or an operation, and its answer */
    struct message     cancel;        /* takes a request back                   */
    struct message     kick;          /* "look at your vIRQs", sent to it       */
};

static inline enum vcpu_state vcpu_state(const struct vcpu *v)
{
    return (enum vcpu_state)(v->state & VCPU_STATE_MASK);
}
void vcpu_set_state(struct vcpu *v, enum vcpu_state s);
/* Whether the fast path may leave v: not when the trace wants to see it,
 * nor when v may cause bus errors (see sched_switch()). */
void vcpu_set_keys(struct vcpu *v, bool traced);

INLINE bool vcpu_is_stopped(const struct vcpu *v) { return vcpu_state(v) >= VCPU_STOPPED; }
/* Make a stopped v as it was built. On its core, or before that runs. */
void vcpu_reset(struct vcpu *v);
/* Let a stopped v run from its present state. On its core. */
void vcpu_release(struct vcpu *v);

/* Stop, on its own core: leaves every queue, cancels what it waits for, and
 * answers those that wait for it with MV_CANCELLED. If another core has its
 * request, it is REMOTE until that is back. */
void vcpu_halt(struct vcpu *v, enum vcpu_state into);

#include "machine_inline.h"
