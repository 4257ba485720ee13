/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual interrupt line of one vCPU, its sink, with a payload word. (That of a
 * VM is an interrupt of the VM's vGIC instead, without a payload.) Raising
 * ORs into the payload and makes the line pending, from any core; a pending
 * line that is masked stays pending. The sink takes payload and pending state
 * together. A line whose source is a device also holds the physical interrupt
 * active, from when it fires until the sink acknowledges it.
 */
#pragma once

#include "base.h"
#include "door.h"
#include "heap.h"
#include "vcpu.h"

struct core;

struct virq {
    struct vcpu *sink;       /* [I] */
    uint64_t     payload;    /* [A] */
    uint32_t     line;       /* [I] */
    uint32_t     source;     /* [I] enum mv_virq_source */
    uint32_t     interrupt;  /* [I] of a device */
    uint32_t     guest_interrupt;  /* [I] of a VM: which one there */
    struct timer *timer;     /* [I] that raises it, or NULL */
    struct limit *limit;     /* [I] of a device: how often it may interrupt, or NULL */
    bool         edge;       /* [I] */
    bool         active;     /* the device waits for its acknowledge; sink's core only */
};

/*
 * How often a device may interrupt: sys->limit_count times in an interval of sys->limit_ns, which
 * begins with the acknowledge of an interrupt that comes when the one before is over. Touched
 * by the sink's core alone.
 */
struct limit {
    struct heap_node node;   /* in core->timers while the next interrupt is held back */
    struct virq     *virq;   /* [I] */
    const struct mv_sys_virq *sys;  /* [I] */
    uint64_t         since;  /* ticks: when the present interval began */
    uint64_t         count;  /* interrupts in it */
};

/* Let v's core look at what is pending for it. */
void virq_kick(struct vcpu *v);
/* Raise that of a native vCPU on the sink's core. */
void virq_raise_local(struct virq *q, uint64_t payload);
/* Raise any on any core. */
void virq_raise_any(struct virq *q, uint64_t payload);
/* self, on its core, raises it. */
void virq_raise_by(struct vcpu *self, struct virq *q, uint64_t payload);
/* The kick of v has arrived on its core. */
void virq_kicked(struct vcpu *v);
/* The interval in which a device may not interrupt any more is over; it is in no heap. */
void virq_limit_over(struct limit *l);
/* A device interrupt was taken on this core; false if it is nobody's. */
bool irq_handle(struct core *core, uint32_t interrupt);

/*
 * Take the lowest line of `lines` that is pending and not masked: its payload
 * and line become v's result. False if there is none.
 */
bool virq_take(struct vcpu *v, uint64_t lines);
/* Whether a line of v is pending, not masked, and wants an upcall. */
INLINE bool virq_upcall_due(const struct vcpu *v)
{
    return (v->attention & ATTENTION_VIRQ) != 0 && v->upcall_entry.va != 0;
}
/* Start the upcall that is due, or note in the buffer that it is held back. */
void virq_upcall_if_due(struct vcpu *v);

/* The MESSAGE call upcall_return. */
void virq_upcall_return(struct vcpu *self);

/* v runs from now on: its devices may interrupt. Or it stops: they interrupt no more,
 * none waits for v, its timers stop; those of a VM when its last vCPU stops. */
void virq_run(struct vcpu *v, bool on);
/* The lines of a stopped v become as at boot. */
void virq_reset(struct vcpu *v);

