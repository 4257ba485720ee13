/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between the kernel and a cell: call numbers, status codes,
 * rights, flags, and the layout of the message buffer. Everything a cell may
 * rely on is here or in the three tables this header includes.
 */
#pragma once

#include <stdint.h>

#define MV_ABI_VERSION 3

enum mv_status {
#define STATUS(number, name, text) MV_##name = number,
#include <mv/status.def>
#undef STATUS
};
typedef uint64_t mv_status_t;

enum mv_call_number {
#define CALL(number, name, kind, type, right, text) MV_CALL_##name = number,
#include <mv/calls.def>
#undef CALL
    MV_CALL_COUNT
};

enum mv_type {
    MV_TYPE_NONE, MV_TYPE_CELL, MV_TYPE_VCPU, MV_TYPE_SPACE, MV_TYPE_SEGMENT,
    MV_TYPE_PORTAL, MV_TYPE_VIRQ, MV_TYPE_TIMER, MV_TYPE_TRACE, MV_TYPE_SYSTEM,
    MV_TYPE_VGIC, MV_TYPE_STREAM, MV_TYPE_SCHEDULE, MV_TYPE_COUNT
};

enum mv_right {
    MV_RIGHT_NONE = 0,
#define RIGHT(bit, name, type, text) MV_RIGHT_##name = 1 << bit,
#include <mv/rights.def>
#undef RIGHT
};

/* ---- messages -------------------------------------------------------- */

#define MV_MESSAGE_WORDS     8     /* in registers, every size */
#define MV_FULL_BYTES        256   /* of the message buffer, besides the words */
#define MV_EXTENDED_BYTES    2048  /* of the message buffer, besides the words */

/* Flags of call, reply, reply_wait and wait. */
#define MV_SIZE_SHORT        0u        /* the eight words alone */
#define MV_SIZE_FULL         1u
#define MV_SIZE_EXTENDED     2u
#define MV_SIZE_MASK         3u        /* value 3 is MV_BAD_ARG */
#define MV_NOWAIT            (1u << 2) /* call, wait: fail with MV_WOULD_BLOCK instead of waiting for the rendezvous */
#define MV_DEADLINE          (1u << 3) /* call, wait, reply_wait: give up at the absolute time in x10, ns */
#define MV_LINES             (1u << 4) /* wait: take only vIRQs whose line is set in x8, and no calls */
#define MV_FLAGS_ALL         0x1fu     /* any other bit is MV_BAD_ARG */

/*
 * The source that wait and reply_wait return in x9 with MV_OK. For a call: the
 * badge of the capability that was called, and the message's size. For a vIRQ:
 * MV_SOURCE_VIRQ and its line; x0 is then the payload, x1-x7 are 0. A reply
 * returns only the size to its caller.
 */
#define MV_SOURCE_BADGE(s)   ((uint32_t)(s))
#define MV_SOURCE_LINE(s)    ((uint32_t)(s))
#define MV_SOURCE_SIZE_SHIFT 32
#define MV_SOURCE_SIZE(s)    ((uint32_t)((s) >> MV_SOURCE_SIZE_SHIFT) & MV_SIZE_MASK)
#define MV_SOURCE_VIRQ       (UINT64_C(1) << 40)

#define MV_LINES_MAX         64    /* vIRQ lines of one vCPU, 0-63 */

/* ---- mapping --------------------------------------------------------- */

#define MV_MAP_READ          1u
#define MV_MAP_WRITE         2u
#define MV_MAP_EXECUTE       4u
#define MV_PAGE_SIZE         4096u
#define MV_BLOCK_SIZE        0x200000u

/* ---- faults ---------------------------------------------------------- */

/*
 * A fault arrives at the cell's fault portal as a short call: x0 kind, x1 pc,
 * x2 address (0 if the kind has none), x3 the raw syndrome, x4 the cell's
 * index, x5 the vCPU's index in its cell. The reply's x0 is the action.
 */
enum mv_fault {
    MV_FAULT_NONE = 0,
    MV_FAULT_READ,         /* data read from memory that is not mapped so    */
    MV_FAULT_WRITE,
    MV_FAULT_EXECUTE,
    MV_FAULT_ALIGNMENT,    /* data, pc or sp                                 */
    MV_FAULT_UNDEFINED,    /* an instruction that EL0 does not have          */
    MV_FAULT_TRAPPED,      /* a system register or instruction withheld      */
    MV_FAULT_FP,           /* FP/SIMD used by a vCPU without FP state        */
    MV_FAULT_DEBUG,        /* breakpoint instruction, single step, watchpoint */
    MV_FAULT_BUS,          /* the bus answered with an error (SError too)    */
    MV_FAULT_OTHER,
    MV_FAULT_BUDGET,       /* its budget is used up, and the description wants to hear of it; resumed, it waits */
    MV_FAULT_BOUND,        /* a service has passed the portal's bound, and there is no recovery entry */
};
enum mv_fault_action {
    MV_FAULT_STOP = 0,     /* leave the vCPU stopped                         */
    MV_FAULT_RESUME = 1,   /* execute the instruction again                  */
    MV_FAULT_RESUME_AT = 2 /* go on at the reply's x1                        */
};

/* ---- control --------------------------------------------------------- */

enum mv_run_state {
    MV_STATE_STOPPED, MV_STATE_RUNNABLE, MV_STATE_WAITING, MV_STATE_CALLING,
    MV_STATE_FAULTED
};

/*
 * What vcpu_read and vcpu_write copy; for a vCPU of kind `vm` struct mv_vm_state
 * (vm.h) follows. vcpu_write ignores what follows tls here, and forces the mode
 * bits of pstate to the vCPU's kind. Besides a stopped vCPU it may be one of a
 * VM whose exit the caller serves.
 */
struct mv_vcpu_state {
    uint64_t x[31];
    uint64_t sp;
    uint64_t pc;
    uint64_t pstate;
    uint64_t tls;
    uint64_t run_state;    /* enum mv_run_state */
    uint64_t fault;        /* enum mv_fault, of the last fault */
    uint64_t fault_address;
    uint64_t fault_syndrome;
};

/* What vcpu_counters copies. All count from boot and wrap at 2^64. */
struct mv_counters {
    uint64_t run_ns;       /* time on the core, as charged to its context */
    uint64_t calls;        /* calls made    */
    uint64_t served;       /* calls taken   */
    uint64_t raises;       /* vIRQs raised; from here on in the kernel's order */
    uint64_t virqs;        /* vIRQs taken   */
    uint64_t switches;     /* times it was put on the core by the scheduler */
    uint64_t interrupts;   /* device interrupts routed to it */
    uint64_t faults;
    uint64_t overruns;     /* timer periods that passed unserved */
    uint64_t exhausted;    /* times its budget was used up */
};

/*
 * A stream is what a device says to the SMMU with each of its own reads and
 * writes. It passes from cell_start of its cell to cell_stop, and not after an
 * access that the SMMU has refused: then its vIRQ is raised, with bit (index of
 * the stream % 64) as the payload, until MV_STREAM_RESTORE or the next cell_start.
 */
enum mv_stream_action {
    MV_STREAM_LOOK,        /* what stream_control does besides copying struct mv_stream_state */
    MV_STREAM_ABORT,       /* refuse all accesses from now on                */
    MV_STREAM_RESTORE,     /* let them pass; MV_BUSY while its cell is stopped */
};
enum mv_stream_status {
    MV_STREAM_STOPPED,     /* all are refused: its cell is stopped           */
    MV_STREAM_ABORTED,     /* all are refused                                */
    MV_STREAM_PASSES,      /* those to what its cell has given it pass       */
};
enum mv_stream_fault_kind {
    MV_STREAM_NO_FAULT,
    MV_STREAM_NOT_MAPPED,  /* nothing of its cell's for devices is there     */
    MV_STREAM_NO_RIGHT,    /* a write to what devices may only read          */
    MV_STREAM_OTHER,       /* see `code`                                     */
};
struct mv_stream_state {
    uint64_t status;       /* enum mv_stream_status, as it is now            */
    uint64_t id;           /* StreamID                                       */
    uint64_t cell;         /* its cell, by its index                         */
    uint64_t faults;       /* accesses reported as refused, since boot       */
    /* Of the last one that made it stop passing. */
    uint64_t fault;        /* enum mv_stream_fault_kind                      */
    uint64_t code;         /* the SMMU's own number of the event             */
    uint64_t is_write;
    uint64_t address;      /* as the device said it                          */
};

/* ---- the message buffer ---------------------------------------------- */

/*
 * One page per native vCPU, always mapped in its cell; TPIDR_EL0 holds its
 * address when the vCPU starts. The upcall words are shared: the cell may
 * write them at any time, the kernel reads each once.
 */
struct mv_upcall {
    uint32_t masked;       /* not 0: no upcalls; the kernel sets it when it delivers one */
    uint32_t pending;      /* the kernel sets it to 1 when an upcall was held back */
    uint64_t reserved;
    uint64_t x[31];        /* the frame that upcall_return restores */
    uint64_t sp;
    uint64_t pc;
    uint64_t pstate;
};
struct mv_message_buffer {
    uint64_t data[MV_EXTENDED_BYTES / 8];
    struct mv_upcall upcall;   /* an upcall starts with x0 = line, x1 = payload */
};

/* ---- trace ------------------------------------------------------------ */

/* One ring per core, in a segment a cell can be granted to read: a header,
 * then records. The writer never waits; a reader compares the sequence. */
struct mv_trace_record {
    uint64_t time;         /* counter ticks */
    uint16_t event;        /* enum mv_trace_event */
    uint16_t cell;
    uint16_t vcpu;         /* index in the system */
    uint16_t reserved;
    uint64_t a, b;
};
struct mv_trace_ring {
    uint64_t head;         /* records ever written; slot is head % count */
    uint64_t count;        /* records in the ring, a power of two */
    uint64_t frequency;    /* ticks per second */
    uint64_t reserved;
    struct mv_trace_record record[];
};
#define MV_TRACE_SCHED  (1u << 0)  /* switches           */
#define MV_TRACE_IPC    (1u << 1)  /* calls and replies  */
#define MV_TRACE_VIRQ   (1u << 2)  /* raise, take, ack   */
#define MV_TRACE_IRQ    (1u << 3)  /* device interrupts  */
#define MV_TRACE_FAULT  (1u << 4)
#define MV_TRACE_SPACE  (1u << 5)  /* map, unmap, protect */
#define MV_TRACE_TIME   (1u << 6)  /* budgets, windows, service bounds */
#define MV_TRACE_MARK   (1u << 7)  /* what cells mark    */
#define MV_TRACE_ALL    0xffu
enum mv_trace_event {
    MV_EVENT_SWITCH = 1,   /* a: vCPU left (or ~0), b: priority */
    MV_EVENT_CALL,         /* a: portal's server vCPU, b: badge */
    MV_EVENT_REPLY,        /* a: caller vCPU           */
    MV_EVENT_RAISE,        /* a: sink vCPU, b: line    */
    MV_EVENT_TAKE,         /* a: line, b: payload      */
    MV_EVENT_IRQ,          /* a: interrupt id          */
    MV_EVENT_SPURIOUS,     /* a: interrupt id          */
    MV_EVENT_FAULT,        /* a: kind | syndrome << 32, b: address */
    MV_EVENT_MAP,          /* a: address, b: size      */
    MV_EVENT_UNMAP,        /* a: address, b: size      */
    MV_EVENT_OVERRUN,      /* a: periods lost          */
    MV_EVENT_EXIT,         /* a: syndrome, b: address; class MV_TRACE_FAULT */
    MV_EVENT_DMA,          /* a: StreamID | event << 32, b: address; class MV_TRACE_FAULT */
    MV_EVENT_EXHAUSTED,    /* a budget is used up: a: ticks until some is back, b: 1 if a service goes on as debt */
    MV_EVENT_BOUND,        /* a server has passed a service bound: a: its caller vCPU */
    MV_EVENT_WINDOW,       /* a window begins (no cell, no vCPU): a: table << 32 | window, b: its planned start, ticks */
    MV_EVENT_MARK          /* a, b: the cell's own words */
};
/* Marks that libmv makes (watch.h there): in the lower half of a; the upper is which of the cell's watches. */
#define MV_MARK_MISS     UINT64_C(0x7373696d)    /* "miss": a deadline was missed; b: ns from release to end */
#define MV_MARK_OVERRUN  UINT64_C(0x7265766f)    /* "over": releases have passed unserved; b: how many */
