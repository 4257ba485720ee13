/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipc.h"

#include "budget.h"
#include "cap.h"
#include "cell.h"
#include "core.h"
#include "fault.h"
#include "sched.h"
#include "trace.h"
#include "virq.h"
#include "vm.h"
#include "window.h"

static size_t size_bytes(uint64_t size)
{
    return size == MV_SIZE_EXTENDED ? MV_EXTENDED_BYTES : size == MV_SIZE_FULL ? MV_FULL_BYTES : 0;
}

/* ---- moving a message ------------------------------------------------------ */

static void copy_words(struct vcpu *to, struct vcpu *from)
{
    const uint64_t *src = arch_words(from);
    uint64_t *dst = arch_words(to);

    /* Unrolled: the compiler makes pairs of it. */
    dst[0] = src[0], dst[1] = src[1], dst[2] = src[2], dst[3] = src[3];
    dst[4] = src[4], dst[5] = src[5], dst[6] = src[6], dst[7] = src[7];
}

/* What is left of a size when one side has no message buffer. */
static uint64_t size_possible(const struct vcpu *a, const struct vcpu *b, uint64_t size)
{
    return a->buffer == NULL || b->buffer == NULL ? MV_SIZE_SHORT : size;
}

static void copy_buffer(struct vcpu *to, const struct vcpu *from, uint64_t size)
{
    if (size != MV_SIZE_SHORT)
        arch_copy(to->buffer->data, from->buffer->data, size_bytes(size));
}

/* ---- whose time a server runs on --------------------------------------------- */

void ipc_move(struct vcpu *v, struct context *c)
{
    struct context *old = v->context;

    /* Whom v has called in turn runs on the same context. */
    for (;;) {
        bool elsewhere = v->queued != QUEUED_NOT;

        if (elsewhere)
            sched_remove(v);
        v->context = c;
        sched_begin(v);
        if (elsewhere)
            sched_place(v);
        else if (sched_running(v->core) == v)
            sched_force_switch(v->core);
        if (vcpu_state(v) != VCPU_CALLING || v->callee->context != old || old == c)
            return;
        v = v->callee;
    }
}

/*
 * The caller leaves before the reply: the server finishes on the portal's own
 * time, at the same rank, and its reply will find nobody.
 */
static void abandon(struct vcpu *server)
{
    server->caller = NULL;
    ipc_move(server, server->serving == NULL ? &server->own : &server->serving->context);
}

/*
 * The call of `caller` arrives at its callee, which is about to be made
 * RUNNABLE, or is running. On the callee's core.
 */
static void arrive(struct vcpu *caller)
{
    struct vcpu *server = caller->callee;
    struct portal *portal = caller->portal;
    uint64_t size = caller->call_flags & MV_SIZE_MASK;

    if (caller->is_fault_call)
        fault_message(caller, arch_words(server));
    else
        copy_words(server, caller);
    copy_buffer(server, caller, size);
    arch_set_result(server, MV_OK, caller->call_badge | size << MV_SOURCE_SIZE_SHIFT);
    server->caller = caller;
    server->serving = portal;
    server->served++;
    server->rank = portal->ceiling;
    if (caller->core == server->core) {
        vcpu_set_state(caller, VCPU_CALLING);
        if (caller->vm != NULL)
            caller->state |= VCPU_EXIT;
        else if ((caller->call_flags & MV_DEADLINE) != 0 || caller->is_fault_call ||
                 virq_upcall_due(caller))
            caller->state |= VCPU_POISON;    /* the reply has more to do */
        server->context = caller->context;
    }
    /* It has no time here, or perhaps no more: it may say just that. */
    if (caller->core != server->core || (caller->is_fault_call && caller->vm == NULL && caller->context->limits != 0))
        server->context = &portal->context;
    /* Its caller's has wanted to be used since that called. */
    if (server->context == &portal->context)
        sched_begin(server);
    trace(MV_EVENT_CALL, caller, server->index, caller->call_badge);
}

/* Whether the server waits for calls; then it takes this one. */
static bool meet(struct vcpu *caller)
{
    struct vcpu *server = caller->callee;

    if (vcpu_state(server) != VCPU_WAITING)
        return false;
    sched_timeout_clear(server);
    arrive(caller);
    vcpu_set_state(server, VCPU_RUNNABLE);
    return true;
}

static void queue_for(struct vcpu *server, struct vcpu *caller)
{
    static uint64_t arrivals[MV_CORES_MAX];   /* equals in the order they came */

    caller->sending.key = ((uint64_t)(2 * MV_PRIORITIES - caller->rank) << 48) |
                          (++arrivals[server->core->index] & UINT64_C(0xffffffffffff));
    heap_insert(&server->callers, &caller->sending);
    server->attention |= ATTENTION_CALLERS;
}

static void unqueue(struct vcpu *server, struct vcpu *caller)
{
    heap_remove(&server->callers, &caller->sending);
    if (server->callers.count == 0)
        server->attention &= ~ATTENTION_CALLERS;
}

/* ---- the call --------------------------------------------------------------- */

/* Would `caller` wait for itself if it waited for `server`? Followed on this
 * core only; a circle across cores ends by a time-out. */
static bool is_circle(const struct vcpu *caller, const struct vcpu *server)
{
    const struct vcpu *v = server;

    while (v != caller && v->core == caller->core &&
           (vcpu_state(v) == VCPU_CALLING || vcpu_state(v) == VCPU_SENDING))
        v = v->callee;
    return v == caller;
}

#define HELD (1u << 31)    /* in call_flags: the caller has PORTAL_CALL_HELD only */

/* The call of v, on the server's core, has to wait until v may run for longer. */
static bool must_wait(const struct vcpu *v)
{
    return (v->call_flags & HELD) != 0 && v->core == v->portal->server->core && !window_has_room(v, v->portal);
}

/* v makes its call again when it runs next. */
static void call_again(struct vcpu *v, enum queued where)
{
    sched_timeout_clear(v);
    vcpu_set_state(v, VCPU_RUNNABLE);
    arch_call_again(v);
    sched_put_aside(v, where);
}

/* The call in caller->portal, call_flags and call_badge. */
static mv_status_t call_portal(struct vcpu *self, uint64_t deadline)
{
    struct vcpu *server = self->portal->server;
    enum queued where = must_wait(self) ? QUEUED_WINDOW : budget_must_wait(self) ? QUEUED_BUDGET : QUEUED_NOT;

    if (where != QUEUED_NOT && !self->is_fault_call) {
        if ((self->call_flags & MV_NOWAIT) != 0)
            return MV_WOULD_BLOCK;
        call_again(self, where);
        return MV_OK;
    }
    if (server->core == self->core) {
        if (vcpu_state(server) == VCPU_STOPPED || vcpu_state(server) == VCPU_FAULTED)
            return MV_CANCELLED;
        if (vcpu_state(server) != VCPU_WAITING) {
            if ((self->call_flags & MV_NOWAIT) != 0)
                return MV_WOULD_BLOCK;
            if (is_circle(self, server))
                return MV_DEADLOCK;
        }
    }

    /* commit */
    self->calls++;
    self->callee = server;
    if (server->core != self->core) {
        vcpu_set_state(self, VCPU_REMOTE);
        sched_block(self->core);
    } else if (meet(self)) {
        self->core->run = server;   /* on the same context: no decision to make */
    } else {
        vcpu_set_state(self, VCPU_SENDING);
        queue_for(server, self);
        sched_block(self->core);
    }
    if ((self->call_flags & MV_DEADLINE) != 0)
        sched_timeout_set(self, time_to_ticks(deadline));
    if (server->core != self->core)
        message_post(server->core, &self->request, MESSAGE_CALL);
    return MV_OK;
}

void ipc_call(struct vcpu *self)
{
    uint64_t flags = arch_call_flags(self);
    const struct cap *cap;
    mv_status_t st = cap_lookup(self, arch_call_cap(self), MV_RIGHT_PORTAL_CALL | MV_RIGHT_PORTAL_CALL_HELD, &cap);

    if (st == MV_OK) {
        self->portal = cap->object;
        self->call_badge = cap->badge;
        self->call_flags = (uint32_t)flags | ((cap->rights & MV_RIGHT_PORTAL_CALL) != 0 ? 0 : HELD);
        self->is_fault_call = false;
        if ((flags & ~(uint64_t)(MV_SIZE_MASK | MV_NOWAIT | MV_DEADLINE)) != 0 ||
            (flags & MV_SIZE_MASK) == MV_SIZE_MASK ||
            size_possible(self, self->portal->server, flags & MV_SIZE_MASK) !=
            (flags & MV_SIZE_MASK))
            st = MV_BAD_ARG;
        else
            st = call_portal(self, arch_call_deadline(self));
    }
    if (st != MV_OK)
        arch_set_result(self, st, 0);
}

void ipc_fault(struct vcpu *self)
{
    mv_status_t st = MV_CANCELLED;

    self->portal = self->fault_portal;
    self->call_badge = self->sys->fault_badge;
    self->call_flags = MV_SIZE_SHORT;
    self->is_fault_call = true;
    if (self->portal != NULL)
        st = call_portal(self, 0);
    if (st != MV_OK) {
        fault_log(self);
        vcpu_halt(self, VCPU_FAULTED);
    }
}

/* ---- the reply --------------------------------------------------------------- */

/* What the fault handler has decided; false: v stops. */
static bool fault_resumes(struct vcpu *v)
{
    if (v->vm != NULL)
        return vm_answered(v);
    if (v->remote_status == MV_FAULT_RESUME_AT)
        arch_frame_set_pc(v, v->remote_source);
    return v->remote_status == MV_FAULT_RESUME || v->remote_status == MV_FAULT_RESUME_AT;
}

/* The fault handler has decided, or has gone. */
static void fault_answered(struct vcpu *v)
{
    v->is_fault_call = false;
    vcpu_set_state(v, VCPU_RUNNABLE);    /* the call is over: vcpu_halt() has nothing to cancel */
    if (!fault_resumes(v))
        vcpu_halt(v, VCPU_FAULTED);
    else if (vcpu_state(v) == VCPU_RUNNABLE)
        sched_resume(v);
}

/* The call of v, which is no fault, returns what remote_status and
 * remote_source tell; on v's core. */
static void finish_call(struct vcpu *v)
{
    sched_timeout_clear(v);
    arch_set_result(v, v->remote_status, v->remote_source);
    vcpu_set_state(v, VCPU_RUNNABLE);
    sched_resume(v);
}

/* The same for any call, and for a caller that is to stop. */
static void end_call(struct vcpu *v)
{
    if (v->is_fault_call)
        fault_answered(v);
    else
        finish_call(v);
    if (v->stopping)
        vcpu_halt(v, VCPU_STOPPED);
}

/* The same wherever v's core is; the server has let go of v. */
static void return_call(struct vcpu *v)
{
    if (v->core == core_here())
        end_call(v);
    else
        message_post(v->core, &v->request, MESSAGE_CALL_DONE);
}

/*
 * Its server stops. There may be many callers, and one that has faulted stops too,
 * which could go on from one fault handler to the next: the end comes by message,
 * so that neither the time with interrupts masked nor the stack grows with them.
 */
static void cancel_call(struct vcpu *v)
{
    v->remote_status = v->is_fault_call ? MV_FAULT_STOP : MV_CANCELLED;
    v->remote_source = 0;
    if (v->core == core_here())
        vcpu_set_state(v, VCPU_REMOTE);
    message_post(v->core, &v->request, MESSAGE_CALL_DONE);
}

/* Move the server's answer to its caller, and part the two. */
static struct vcpu *answer(struct vcpu *server, uint64_t size)
{
    struct vcpu *caller = server->caller;
    const uint64_t *words = arch_words(server);

    server->caller = NULL;
    server->context = &server->own;
    if (caller == NULL)
        return NULL;
    if (caller->is_fault_call) {
        caller->remote_status = words[0];
        caller->remote_source = words[1] & ~UINT64_C(3);
        if (caller->vm != NULL)
            arch_copy(caller->vm->message, words, sizeof(caller->vm->message));
    } else {
        size = size_possible(server, caller, size);
        copy_words(caller, server);
        copy_buffer(caller, server, size);
        caller->remote_status = MV_OK;
        caller->remote_source = size << MV_SOURCE_SIZE_SHIFT;
    }
    trace(MV_EVENT_REPLY, server, caller->index, 0);
    return caller;
}

/* ---- waiting ----------------------------------------------------------------- */

/* A vIRQ, else the most urgent caller; false if there is neither. */
static bool take_event(struct vcpu *self)
{
    struct heap_node *first;

    if (virq_take(self, UINT64_MAX))
        return true;
    while ((first = heap_first(&self->callers)) != NULL) {
        struct vcpu *caller = container_of(first, struct vcpu, sending);

        unqueue(self, caller);
        if (!must_wait(caller)) {
            arrive(caller);
            return true;
        }
        call_again(caller, QUEUED_WINDOW);
    }
    return false;
}

/* Wait as `state` says; the caller has seen that nothing is there. */
static void block_until(struct vcpu *self, enum vcpu_state state, uint64_t flags)
{
    uint64_t deadline = arch_call_deadline(self);

    vcpu_set_state(self, state);
    sched_block(self->core);
    if ((flags & MV_DEADLINE) != 0) {
        self->state |= VCPU_POISON;          /* whoever wakes it stops the timer */
        sched_timeout_set(self, time_to_ticks(deadline));
    }
}

void ipc_wait_ended(struct vcpu *v)
{
    sched_timeout_clear(v);
    if (vcpu_state(v) == VCPU_WAITING) {
        v->context = &v->own;
        v->rank = v->own.rank;
    }
    vcpu_set_state(v, VCPU_RUNNABLE);
    sched_wake(v);
}

void ipc_reply_wait(struct vcpu *self)
{
    uint64_t flags = arch_call_flags(self);
    struct vcpu *caller;

    if ((flags & ~(uint64_t)(MV_SIZE_MASK | MV_DEADLINE)) != 0 ||
        (flags & MV_SIZE_MASK) == MV_SIZE_MASK) {
        arch_set_result(self, MV_BAD_ARG, 0);
        return;
    }
    caller = answer(self, flags & MV_SIZE_MASK);
    self->rank = self->own.rank;
    if (take_event(self))
        sched_recheck(self);
    else
        block_until(self, VCPU_WAITING, flags);
    if (caller != NULL)
        return_call(caller);
}

void ipc_reply(struct vcpu *self)
{
    uint64_t flags = arch_call_flags(self);
    struct vcpu *caller;

    if ((flags & ~(uint64_t)MV_SIZE_MASK) != 0 || flags == MV_SIZE_MASK) {
        arch_set_result(self, MV_BAD_ARG, 0);
        return;
    }
    caller = answer(self, flags);
    arch_set_result(self, caller == NULL ? MV_NO_CALLER : MV_OK, 0);
    self->rank = self->own.rank;
    sched_recheck(self);
    if (caller != NULL)
        return_call(caller);
}

void ipc_wait(struct vcpu *self)
{
    uint64_t flags = arch_call_flags(self);
    uint64_t lines = arch_call_cap(self);
    bool listen = (flags & MV_LINES) != 0;
    mv_status_t st = MV_OK;

    if ((flags & ~(uint64_t)(MV_NOWAIT | MV_DEADLINE | MV_LINES)) != 0)
        st = MV_BAD_ARG;
    else if (!listen && self->caller != NULL)
        st = MV_BUSY;
    if (st != MV_OK) {
        arch_set_result(self, st, 0);
        return;
    }
    if (!listen) {
        /* A service whose caller has left ends here. */
        self->context = &self->own;
        self->rank = self->own.rank;
    }
    if (listen ? virq_take(self, lines) : take_event(self)) {
        sched_recheck(self);
    } else if ((flags & MV_NOWAIT) != 0) {
        arch_set_result(self, MV_WOULD_BLOCK, 0);
        sched_recheck(self);
    } else {
        block_until(self, listen ? VCPU_LISTENING : VCPU_WAITING, flags);
    }
}

/* ---- ends that nobody asked for ------------------------------------------------ */

/* Ask the server's core to let go of v's call. */
static void ask_back(struct vcpu *v)
{
    if (v->cancelling || v->request.kind != MESSAGE_CALL)
        return;
    v->cancelling = true;
    message_post(v->callee->core, &v->cancel, MESSAGE_CANCEL);
}

static void give_up(struct vcpu *v)
{
    switch (vcpu_state(v)) {
    case VCPU_WAITING:
    case VCPU_LISTENING:
        arch_set_result(v, MV_TIMEOUT, 0);
        ipc_wait_ended(v);
        return;
    case VCPU_REMOTE:
        ask_back(v);
        return;
    case VCPU_SENDING:
        unqueue(v->callee, v);
        break;
    case VCPU_CALLING:
        abandon(v->callee);
        break;
    default:
        return;
    }
    v->remote_status = MV_TIMEOUT;
    v->remote_source = 0;
    end_call(v);
}

/*
 * While it is served, a caller with a budget waits for the reply or the service
 * bound: its time stays lent, or it could have services for nothing.
 */
void ipc_timeout(struct vcpu *v)
{
    if (vcpu_state(v) != VCPU_CALLING || v->context->budget == NULL || v->callee->serving->sys->bound_ns == 0)
        give_up(v);
}

void ipc_bound_passed(struct vcpu *v)
{
    struct vcpu *server = v->callee;
    const struct mv_sys_vcpu *sys = server->sys;

    trace(MV_EVENT_BOUND, server, v->index, 0);
    give_up(v);
    if (vcpu_state(server) == VCPU_CALLING) {    /* whom it has called goes on alone */
        sched_timeout_clear(server);
        abandon(server->callee);
        arch_set_result(server, MV_CANCELLED, 0);
        vcpu_set_state(server, VCPU_RUNNABLE);
        sched_resume(server);
    }
    if (server->serving->sys->recovery == 0)
        fault_stop(server, MV_FAULT_BOUND);
    else
        arch_frame_start(server, server->serving->sys->recovery, sys->stack, sys->argument, sys->message_address);
}

bool ipc_sever(struct vcpu *v)
{
    struct heap_node *n;

    switch (vcpu_state(v)) {
    case VCPU_REMOTE:
        v->stopping = true;
        ask_back(v);
        break;
    case VCPU_SENDING:
        unqueue(v->callee, v);
        break;
    case VCPU_CALLING:
        abandon(v->callee);
        break;
    default:
        break;
    }
    if (v->caller != NULL) {
        struct vcpu *caller = v->caller;

        v->caller = NULL;
        v->context = &v->own;
        cancel_call(caller);
    }
    while ((n = heap_first(&v->callers)) != NULL) {
        struct vcpu *caller = container_of(n, struct vcpu, sending);

        unqueue(v, caller);
        cancel_call(caller);
    }
    return vcpu_state(v) != VCPU_REMOTE;
}

/* ---- between cores --------------------------------------------------------------- */

void ipc_remote_call(struct vcpu *caller)
{
    struct vcpu *server = caller->callee;

    if (vcpu_state(server) == VCPU_STOPPED || vcpu_state(server) == VCPU_FAULTED) {
        cancel_call(caller);
    } else if (meet(caller)) {
        sched_wake(server);
    } else if ((caller->call_flags & MV_NOWAIT) != 0) {
        caller->remote_status = MV_WOULD_BLOCK;
        caller->remote_source = 0;
        return_call(caller);
    } else {
        queue_for(server, caller);
    }
}

void ipc_remote_cancel(struct core *core, struct vcpu *caller)
{
    struct vcpu *server = caller->callee;

    ASSERT(server->core == core);
    (void)core;
    if (heap_holds(&caller->sending) || server->caller == caller) {
        if (heap_holds(&caller->sending))
            unqueue(server, caller);
        else
            abandon(server);
        caller->remote_status = caller->is_fault_call ? MV_FAULT_STOP :
                                caller->stopping ? MV_CANCELLED : MV_TIMEOUT;
        caller->remote_source = 0;
    }
    message_post(caller->core, &caller->cancel, MESSAGE_CANCEL_DONE);
}

void ipc_remote_done(struct vcpu *caller)
{
    if (!caller->cancelling)
        end_call(caller);
}

void ipc_remote_cancelled(struct vcpu *caller)
{
    caller->cancelling = false;
    end_call(caller);
}
