/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu.h"

#include "budget.h"
#include "cell.h"
#include "core.h"
#include "door.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "virq.h"
#include "vm.h"

void vcpu_set_state(struct vcpu *v, enum vcpu_state s)
{
    v->state = (uint32_t)s | (v->core->index + 1) << VCPU_CORE_SHIFT;
}

void vcpu_set_keys(struct vcpu *v, bool traced)
{
    uint32_t core_part = (v->core->index + 1) << VCPU_CORE_SHIFT;

    v->wait_key = v->reply_key = VCPU_KEY_NEVER;
    if (traced)
        return;
    if (v->vm != NULL) {
        /* It neither waits nor serves, so no native fast path may leave it; this
         * is the state of a VMM that its exit may enter, or that its bell may wake. */
        if (ARCH_EXITS_FAST)
            v->reply_key = core_part | VCPU_WAITING;
    } else if (!v->has_device) {
        v->wait_key = core_part | VCPU_WAITING;
        v->reply_key = core_part | VCPU_CALLING;
    }
}

void vcpu_halt(struct vcpu *v, enum vcpu_state into)
{
    if (vcpu_is_stopped(v))
        return;
    if (vcpu_state(v) == VCPU_RUNNABLE)
        sched_remove(v);
    sched_timeout_clear(v);
    if (!ipc_sever(v))
        return;
    if (vcpu_state(v) != VCPU_RUNNABLE && vcpu_state(v) != VCPU_IDLE && !v->is_fault_call)
        arch_set_result(v, MV_CANCELLED, 0);
    if (v->vm != NULL && v->core->owner == v)
        vm_disown(v->core);
    budget_stop(v);
    v->is_fault_call = v->stopping = false;
    v->context = &v->own;
    v->rank = v->own.rank;
    virq_run(v, false);
    vcpu_set_state(v, into);
    if (v->stopper != NULL) {
        struct vcpu *stopper = v->stopper;

        v->stopper = NULL;
        /* By message: it may stop others in turn. */
        message_post(v->core, &stopper->request, MESSAGE_OPERATION);
    }
}

void vcpu_reset(struct vcpu *v)
{
    const struct mv_sys_vcpu *sys = v->sys;

    virq_reset(v);
    v->fault = MV_FAULT_NONE;
    v->space = &v->cell->spaces[sys->space - v->cell->sys->first_space];
    arch_set_space(v);
    arch_frame_start(v, sys->entry, sys->stack, sys->argument, sys->message_address);
    arch_fp_reset(v);
    if (v->vm != NULL)
        vm_reset(v);
    if (v->core->current == v) {
        if (v->has_device)
            arch_bus_error_take();  /* it was the old life's */
        v->core->current = NULL;    /* what the hardware still holds is not wanted */
        sched_force_switch(v->core);
    }
}

void vcpu_release(struct vcpu *v)
{
    ASSERT(v->context == &v->own && v->rank == v->own.rank);
    vcpu_set_state(v, VCPU_RUNNABLE);
    virq_run(v, true);
    sched_wake(v);
}

/* ---- the calls ------------------------------------------------------------- */

struct result call_vcpu_start(HANDLER_ARGS)
{
    struct vcpu *v = object;

    if (!vcpu_is_stopped(v))
        return result_status(MV_BUSY);
    arch_lock(&v->cell->lock);
    bool made = v->cell->made;           /* else only cell_start can make it so */

    if (made)
        vcpu_release(v);
    arch_unlock(&v->cell->lock);
    return result_status(made ? MV_OK : MV_BUSY);
}

struct result call_vcpu_stop(HANDLER_ARGS)
{
    struct vcpu *v = object;

    if (v == self) {
        arch_set_plain_result(v, MV_OK, 0);
        vcpu_halt(v, VCPU_STOPPED);
        return result_none();
    }
    vcpu_halt(v, VCPU_STOPPED);
    if (!vcpu_is_stopped(v))
        return door_defer(self, v, call_vcpu_stop, v);
    return result_status(MV_OK);
}

/* Whether `self` may copy the state of v now, here; MV_OK if so. */
static mv_status_t may_copy(const struct vcpu *self, const struct vcpu *v)
{
    if (self->buffer == NULL)
        return MV_BAD_ARG;
    /* Stopped a moment ago, its registers may still be in the hardware. */
    bool served = v->vm != NULL && self->caller == v;    /* then it is an exit */

    return (vcpu_is_stopped(v) || served) && v->core->current != v ? MV_OK : MV_BUSY;
}

static uint64_t run_state(const struct vcpu *v)
{
    static const uint8_t state[] = {
        [VCPU_STOPPED] = MV_STATE_STOPPED, [VCPU_RUNNABLE] = MV_STATE_RUNNABLE,
        [VCPU_WAITING] = MV_STATE_WAITING, [VCPU_LISTENING] = MV_STATE_WAITING,
        [VCPU_SENDING] = MV_STATE_CALLING, [VCPU_CALLING] = MV_STATE_CALLING,
        [VCPU_REMOTE] = MV_STATE_CALLING,  [VCPU_FAULTED] = MV_STATE_FAULTED,
        [VCPU_IDLE] = MV_STATE_WAITING,
    };
    return state[vcpu_state(v)];
}

struct result call_vcpu_read(HANDLER_ARGS)
{
    struct vcpu *v = object;
    struct mv_vcpu_state *out;
    mv_status_t st;

    st = may_copy(self, v);
    if (st != MV_OK)
        return (struct result){ st, run_state(v) };
    out = (struct mv_vcpu_state *)self->buffer->data;
    arch_frame_read(v, out);
    out->run_state = run_state(v);
    out->fault = v->fault;
    out->fault_address = v->fault_address;
    out->fault_syndrome = v->fault_syndrome;
    return (struct result){ MV_OK, out->run_state };
}

struct result call_vcpu_write(HANDLER_ARGS)
{
    struct vcpu *v = object;
    mv_status_t st;

    st = may_copy(self, v);
    if (st == MV_OK)
        arch_frame_write(v, (const struct mv_vcpu_state *)self->buffer->data);
    return result_status(st);
}

static_assert(offsetof(struct mv_counters, exhausted) - offsetof(struct mv_counters, raises) ==
              offsetof(struct vcpu, overruns) + 8 - offsetof(struct vcpu, raises),
              "counters are copied whole");

struct result call_vcpu_counters(HANDLER_ARGS)
{
    struct vcpu *v = object;
    struct mv_counters *out;
    uint64_t ticks = v->own.consumed;

    if (self->buffer == NULL)
        return result_status(MV_BAD_ARG);
    if (v->core->context == &v->own)
        ticks += arch_time() - v->core->since;
    out = (struct mv_counters *)self->buffer->data;
    out->run_ns = time_to_ns(ticks);
    out->calls = v->calls;
    out->served = v->served;
    arch_copy(&out->raises, &v->raises, offsetof(struct mv_counters, exhausted) - offsetof(struct mv_counters, raises));
    out->exhausted = v->own.budget == NULL ? 0 : v->own.budget->times;
    return result_status(MV_OK);
}
