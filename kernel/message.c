/* SPDX-License-Identifier: BSD-2-Clause */
#include "message.h"

#include "core.h"
#include "door.h"
#include "ipc.h"
#include "vcpu.h"
#include "virq.h"

void message_post(struct core *to, struct message *m, enum message_kind kind)
{
    struct message *old = __atomic_load_n(&to->inbox, __ATOMIC_RELAXED);

    m->kind = kind;
    do {
        m->next = old;
        /* The message and all it speaks of must be seen before the inbox
         * names it: pairs with the exchange in message_drain(). */
    } while (!__atomic_compare_exchange_n(&to->inbox, &old, m, true, __ATOMIC_RELEASE,
                                          __ATOMIC_RELAXED));
    arch_core_interrupt(to);
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
    /* Pairs with the exchange in message_post(): what was posted is visible. */
    struct message *m = __atomic_exchange_n(&core->inbox, NULL, __ATOMIC_ACQUIRE);
    struct message *in_order = NULL;

    while (m != NULL) {
        struct message *next = m->next;

        m->next = in_order;
        in_order = m;
        m = next;
    }
    while (in_order != NULL) {
        struct message *next = in_order->next;  /* the message may be posted on */

        handle(core, in_order);
        in_order = next;
    }
}
