/* SPDX-License-Identifier: BSD-2-Clause */
#include "door.h"

#include "cap.h"
#include "core.h"
#include "ipc.h"
#include "sched.h"
#include "virq.h"

/* By number, as the bit; a call without a right names no object. A MESSAGE call does not
 * come here: its number is as good as none. */
#define NO_RIGHT             31
#define RIGHT_PLAIN(right)   (MV_RIGHT_##right == 0 ? NO_RIGHT : __builtin_ctz((uint32_t)MV_RIGHT_##right | 1u << NO_RIGHT))
#define RIGHT_MESSAGE(right) NO_RIGHT
static const uint8_t right_needed[MV_CALL_COUNT] = {
#define CALL(number, name, kind, type, right, text) [number] = RIGHT_##kind(right),
#include <mv/calls.def>
#undef CALL
};

struct result door_plain(struct vcpu *self, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4, uint64_t a5, uint64_t number)
{
    uint64_t index = arch_index(number, MV_CALL_COUNT);   /* a MESSAGE call if out of range */
    uint32_t right = 1u << right_needed[index];
    handler_fn *handler = arch_handler(index);
    void *object = NULL;

    if (right != 1u << NO_RIGHT) {
        const struct cap *c = cap_at(self, (uint32_t)a0);

        if (unlikely((c->rights & right) == 0))
            return result_status(cap_refusal(c, right));
        object = c->object;
        /* A vCPU is its core's: that core does it. */
        if (right == MV_RIGHT_VCPU_CONTROL && ((struct vcpu *)object)->core != self->core)
            return door_forward(self, ((struct vcpu *)object)->core, handler, object);
    }
    return handler(self, object, a1, a2, a3, a4, a5, a0);
}

void door_store(struct vcpu *self, mv_status_t status, uint64_t value)
{
    if (status != DOOR_NO_RESULT)
        arch_set_plain_result(self, status, value);
}

void door_message(struct vcpu *self, uint64_t number)
{
    switch (number) {
    case MV_CALL_call:          ipc_call(self);            break;
    case MV_CALL_reply_wait:    ipc_reply_wait(self);      break;
    case MV_CALL_wait:          ipc_wait(self);            break;
    case MV_CALL_reply:         ipc_reply(self);           break;
    case MV_CALL_upcall_return: virq_upcall_return(self);  break;
    }
}

/* ---- calls that another core carries out ------------------------------------ */

/* self waits until `fn` has been done on the object: later, or elsewhere. */
static void await_operation(struct vcpu *self, handler_fn *fn, void *object)
{
    self->operation = fn;
    self->operation_object = object;
    self->request.kind = MESSAGE_OPERATION;
    if (self->core == core_here()) {
        vcpu_set_state(self, VCPU_REMOTE);
        sched_remove(self);     /* it may have made way already */
    }
}

struct result door_forward(struct vcpu *self, struct core *to, handler_fn *fn, void *object)
{
    await_operation(self, fn, object);
    message_post(to, &self->request, MESSAGE_OPERATION);
    return result_none();
}

void door_remote(struct vcpu *caller)
{
    struct result r = caller->operation(caller, caller->operation_object, 0, 0, 0, 0, 0, 0);

    if (r.status == DOOR_NO_RESULT)
        return;                             /* forwarded once more */
    caller->remote_status = r.status;
    caller->remote_source = r.value;
    if (caller->core == core_here())
        door_remote_done(caller);
    else
        message_post(caller->core, &caller->request, MESSAGE_OPERATION_DONE);
}

void door_remote_done(struct vcpu *caller)
{
    arch_set_plain_result(caller, caller->remote_status, caller->remote_source);
    vcpu_set_state(caller, VCPU_RUNNABLE);
    if (caller->stopping)
        vcpu_halt(caller, VCPU_STOPPED);
    else
        sched_resume(caller);
}

struct result door_defer(struct vcpu *self, struct vcpu *until, handler_fn *fn, void *object)
{
    if (until->stopper != NULL || until->request.kind == MESSAGE_OPERATION)
        return result_status(MV_BUSY);
    until->stopper = self;
    await_operation(self, fn, object);
    return result_none();
}

/* ---- calls without an object -------------------------------------------------- */

struct result call_bad(HANDLER_ARGS)
{
    return result_status(MV_BAD_CALL);
}

struct result call_null(HANDLER_ARGS)
{
    return result_status(MV_OK);
}

struct result call_yield(HANDLER_ARGS)
{
    sched_give_turn(self->core);
    return result_status(MV_OK);
}

struct result call_exit(HANDLER_ARGS)
{
    return call_vcpu_stop(self, self, 0, 0, 0, 0, 0, 0);
}

struct result call_system_reset(HANDLER_ARGS)
{
    if (a1 > 1)
        return result_status(MV_BAD_ARG);
    arch_system_reset(a1 == 1);
}
