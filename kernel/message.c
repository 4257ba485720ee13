/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

#include "core.h"
#include "door.h"
#include "ipc.h"
#include "vcpu.h"
#include "virq.h"

/* m becomes the newest. Until its predecessor names it, none is found from there on. */
static void append(struct core *to, struct message *m)
{
    struct message *before;

    m->next = NULL;
    /* Release: the NULL is seen by who comes after m, and changes it. Acquire: that is us. */
    before = __atomic_exchange_n(&to->newest, m, __ATOMIC_ACQ_REL);
    /* The message and all it speaks of must be seen before it is found: pairs with take(). */
    __atomic_store_n(&before->next, m, __ATOMIC_RELEASE);
}

void message_post(struct core *to, struct message *m, enum message_kind kind)
{
    m->kind = kind;
    append(to, m);
    arch_core_interrupt(to);
}

static struct message *next_of(const struct message *m)
{
    /* Pairs with the store in append(): what was posted is visible. */
    return __atomic_load_n(&m->next, __ATOMIC_ACQUIRE);
}

/* The oldest message, which is nobody's then; NULL if there is none, or if the
 * next one is about to be posted, which comes with an interrupt. */
static struct message *take(struct core *core)
{
    struct message *m = core->oldest, *next = next_of(m);

    if (m == &core->rest) {
        if (next == NULL)
            return NULL;
        core->oldest = m = next;
        next = next_of(m);
    }
    /* There is always one in the inbox: what is posted next is found from it. */
    if (next == NULL && m == __atomic_load_n(&core->newest, __ATOMIC_RELAXED)) {
        append(core, &core->rest);
        next = next_of(m);
    }
    if (next == NULL)
        return NULL;
    core->oldest = next;
    return m;
}

static void handle(struct core *core, struct message *m)
{
    struct vcpu *request = container_of(m, struct vcpu, request);

    switch ((enum message_kind)m->kind) {
    case MESSAGE_CALL:           ipc_remote_call(request);   break;
    case MESSAGE_CALL_DONE:      ipc_remote_done(request);   break;
    case MESSAGE_OPERATION:      door_remote(request);       break;
    case MESSAGE_OPERATION_DONE: door_remote_done(request);  break;
    case MESSAGE_CANCEL:
        ipc_remote_cancel(core, container_of(m, struct vcpu, cancel));
        break;
    case MESSAGE_CANCEL_DONE:
        ipc_remote_cancelled(container_of(m, struct vcpu, cancel));
        break;
    case MESSAGE_KICK:
        virq_kicked(container_of(m, struct vcpu, kick));
        break;
    }
}

void message_drain(struct core *core)
{
    struct message *m;

    while ((m = take(core)) != NULL) {
        handle(core, m);
        /* The rest has its turn after what waits, be it that others are posted all the time. */
        if (arch_irq_pending()) {
            arch_core_interrupt(core);
            return;
        }
    }
}
