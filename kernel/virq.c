/* SPDX-License-Identifier: BSD-2-Clause */
#include "virq.h"

#include "ipc.h"
#include "sched.h"
#include "system.h"
#include "timer.h"
#include "trace.h"
#include "vgic.h"
#include "vm.h"

static uint64_t lines_ready(const struct vcpu *v)
{
    return __atomic_load_n(&v->virq_pending, __ATOMIC_RELAXED) & v->virq_enabled;
}

static void note_attention(struct vcpu *v)
{
    if (lines_ready(v) != 0)
        v->attention |= ATTENTION_VIRQ;
    else
        v->attention &= ~ATTENTION_VIRQ;
}

/* Clear the pending bit first: a raise that comes between sets it again and
 * finds the payload taken, or adds to it; either way nothing is lost. */
static uint64_t take_payload(struct virq *q)
{
    /* Acquire: pairs with the release in set_pending(), so that the payload is
     * at least what was there when the bit was set. */
    __atomic_fetch_and(&q->sink->virq_pending, ~(UINT64_C(1) << q->line), __ATOMIC_ACQUIRE);
    return __atomic_exchange_n(&q->payload, 0, __ATOMIC_ACQUIRE);
}

static void set_pending(struct virq *q, uint64_t payload)
{
    __atomic_fetch_or(&q->payload, payload, __ATOMIC_RELAXED);
    /* The payload must be seen with the bit: pairs with take_payload(). */
    __atomic_fetch_or(&q->sink->virq_pending, UINT64_C(1) << q->line, __ATOMIC_RELEASE);
}

/* v has taken a line: what its wait returns. */
static void virq_result(struct vcpu *v, uint32_t line, uint64_t payload)
{
    arch_set_plain_result(v, payload, 0);    /* the words; the others are 0 */
    arch_set_result(v, MV_OK, MV_SOURCE_VIRQ | line);
    v->virqs++;
    trace(MV_EVENT_TAKE, v, line, payload);
}

bool virq_take(struct vcpu *v, uint64_t lines)
{
    uint64_t ready = lines_ready(v) & lines;

    if (ready == 0)
        return false;
    uint32_t line = (uint32_t)__builtin_ctzll(ready);

    virq_result(v, line, take_payload(&v->lines[line]));
    note_attention(v);
    return true;
}

/* A line of v has become ready: end its wait, or see that it notices. */
static void deliver(struct vcpu *v)
{
    uint64_t listen = vcpu_state(v) == VCPU_WAITING ? UINT64_MAX :
                      vcpu_state(v) == VCPU_LISTENING ? arch_call_cap(v) : 0;

    if (listen != 0 && virq_take(v, listen)) {
        ipc_wait_ended(v);
        return;
    }
    note_attention(v);
    if (virq_upcall_due(v)) {
        if (sched_running(v->core) == v)
            sched_force_switch(v->core);
        else
            v->state |= VCPU_POISON;    /* the fast path would overlook it */
    }
}

void virq_raise_local(struct virq *q, uint64_t payload)
{
    set_pending(q, payload);
    deliver(q->sink);
}

void virq_kick(struct vcpu *v)
{
    /* Pairs with the exchange in virq_kicked(): either that core sees what has
     * been made pending, or we see that a new kick is needed. */
    if (__atomic_exchange_n(&v->kicked, 1, __ATOMIC_ACQ_REL) == 0)
        message_post(v->core, &v->kick, MESSAGE_KICK);
}

void virq_kicked(struct vcpu *v)
{
    /*
     * An exchange like that in virq_kick(), with which it pairs: if that one
     * comes later it kicks again; if it came before, what it made pending is
     * seen by the look below. (A store would let the look go ahead of it.)
     */
    __atomic_exchange_n(&v->kicked, 0, __ATOMIC_ACQ_REL);
    if (v->vm != NULL)
        vgic_update(v);
    else if (!vcpu_is_stopped(v))
        deliver(v);
}

void virq_raise_any(struct virq *q, uint64_t payload)
{
    struct vcpu *sink = q->sink;

    if (sink->vm != NULL) {
        vgic_raise(q);
    } else if (likely(sink->core == core_here())) {
        virq_raise_local(q, payload);
    } else {
        set_pending(q, payload);
        virq_kick(sink);
    }
}

void virq_raise_by(struct vcpu *self, struct virq *q, uint64_t payload)
{
    self->raises++;
    trace(MV_EVENT_RAISE, self, q->sink->index, q->line);
    virq_raise_any(q, payload);
}

bool irq_handle(struct core *core, uint32_t interrupt)
{
    struct virq *q = system_irq(interrupt);

    if (q == NULL || q->sink->core != core || (q->sink->vm == NULL && vcpu_is_stopped(q->sink)))
        return false;
    q->sink->interrupts++;
    trace(MV_EVENT_IRQ, q->sink, interrupt, 0);
    if (q->sink->vm != NULL)
        return vgic_raise(q);
    q->active = true;
    virq_raise_local(q, 1);
    return true;
}

void virq_upcall_if_due(struct vcpu *v)
{
    v->state &= ~VCPU_POISON;
    if (likely(!virq_upcall_due(v)))
        return;
    if (__atomic_load_n(&v->buffer->upcall.masked, __ATOMIC_RELAXED) != 0) {
        v->buffer->upcall.pending = 1;
        return;
    }
    uint32_t line = (uint32_t)__builtin_ctzll(lines_ready(v));

    arch_upcall_enter(v, line, take_payload(&v->lines[line]));
    v->virqs++;
    note_attention(v);
}

void virq_upcall_return(struct vcpu *self)
{
    if (self->buffer == NULL) {
        arch_set_result(self, MV_BAD_ARG, 0);
        return;
    }
    arch_upcall_leave(self);
    note_attention(self);
    self->core->current = NULL;   /* its frame is newer than its registers */
}

/*
 * A VM's devices are vCPU 0's lines but serve all its vCPUs, on any core: the lock
 * orders who starts, who is the last to stop, and a device that interrupts.
 */
void virq_run(struct vcpu *v, bool on)
{
    struct vgic *g = v->vm == NULL ? NULL : v->vm->vgic;
    const struct vcpu *sink = g == NULL ? v : g->vcpus;
    uint32_t count = sink->line_count;

    if (g != NULL) {
        arch_lock(&g->lock);
        g->running += on ? 1u : UINT32_MAX;
        if (!on && g->running != 0)
            count = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct virq *q = &sink->lines[i];

        if (!on && q->timer != NULL)
            timer_stop(q->timer);
        if (q->source != MV_VIRQ_DEVICE)
            continue;
        if (on) {
            arch_irq_enable(q->interrupt, sink->core, q->edge);
        } else {
            arch_irq_disable(q->interrupt);
            arch_irq_clear_active(q->interrupt);
            q->active = false;
            if (q->limit != NULL && heap_holds(&q->limit->node))
                heap_remove(&sink->core->timers, &q->limit->node);
        }
    }
    if (g != NULL)
        arch_unlock(&g->lock);
    else
        note_attention(v);
}

void virq_reset(struct vcpu *v)
{
    for (uint32_t i = 0; i < v->line_count; i++)
        take_payload(&v->lines[i]);
    v->virq_enabled = UINT64_MAX;
    v->upcall_entry.va = 0;
    v->attention &= ~ATTENTION_VIRQ;
}

/* ---- devices that interrupt too often --------------------------------------- */

/* The device of q may interrupt again. */
static void let_again(struct virq *q)
{
    q->active = false;
    arch_irq_deactivate(q->interrupt);
}

/* An interrupt of q is acknowledged; whether it was the last that may come in this
 * interval: then the next one is held back by its staying active. */
static bool hold_back(struct virq *q)
{
    struct limit *l = q->limit;
    uint64_t now = arch_time(), interval;

    if (l == NULL || heap_holds(&l->node))
        return l != NULL;
    interval = time_to_ticks(l->sys->limit_ns);
    if (now - l->since >= interval) {
        l->since = now;
        l->count = 0;
    }
    if (++l->count < l->sys->limit_count)
        return false;
    l->node.key = l->since + interval;
    l->node.kind = TIMEOUT_LIMIT;
    heap_insert(&q->sink->core->timers, &l->node);
    sched_timer_update(q->sink->core);
    return true;
}

void virq_limit_over(struct limit *l)
{
    let_again(l->virq);
}

/* ---- the calls ---------------------------------------------------------- */

struct result call_virq_raise(HANDLER_ARGS)
{
    virq_raise_by(self, object, a1);
    return result_status(MV_OK);
}

struct result call_virq_ack(HANDLER_ARGS)
{
    struct virq *q = object;

    if (q->sink != self)
        return result_status(MV_NOT_OWNER);
    struct result r = { MV_OK, take_payload(q) };

    note_attention(self);
    if (q->active && !hold_back(q))
        let_again(q);
    return r;
}

static struct result enable(struct vcpu *self, struct virq *q, bool on)
{
    uint64_t bit = UINT64_C(1) << q->line;

    if (q->sink != self)
        return result_status(MV_NOT_OWNER);
    self->virq_enabled = on ? self->virq_enabled | bit : self->virq_enabled & ~bit;
    deliver(self);
    return result_status(MV_OK);
}

struct result call_virq_mask(HANDLER_ARGS) { return enable(self, object, false); }
struct result call_virq_unmask(HANDLER_ARGS) { return enable(self, object, true); }

struct result call_upcall_set(HANDLER_ARGS)
{
    if (self->buffer == NULL || (a1 & 3) != 0 || (a2 & 15) != 0)
        return result_status(MV_BAD_ARG);
    self->upcall_entry.va = a1;
    self->upcall_stack.va = a2;
    deliver(self);
    return result_status(MV_OK);
}
