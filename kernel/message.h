/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one core asks of another. A message lies in a vCPU, its kind tells as
 * which of the three, and belongs to one
 * core at a time: posting hands it over, the other core posts it back. While a
 * request is away its vCPU is REMOTE, and whoever holds the request may read
 * and write the vCPU's frame.
 */
#pragma once

#include "base.h"

struct vcpu;
struct core;

enum message_kind {
    MESSAGE_CALL,         /* to the server's core: vcpu calls vcpu->callee     */
    MESSAGE_CALL_DONE,    /* back: frame and remote_status are filled          */
    MESSAGE_CANCEL,       /* to the server's core: take vcpu's call back       */
    MESSAGE_CANCEL_DONE,  /* back: the call has come back, or came before this */
    MESSAGE_OPERATION,    /* to the target's core: do vcpu's kernel call there */
    MESSAGE_OPERATION_DONE,
    MESSAGE_KICK,         /* to the vCPU's core: it has a vIRQ pending         */
};

struct message {
    struct message *next;
    uint32_t        kind;
};

/* Hand m to a core and make it look; the order between two cores is kept. */
void message_post(struct core *to, struct message *m, enum message_kind kind);

/* Do what other cores have asked of this one, until an interrupt waits; then the rest comes with another. */
void message_drain(struct core *core);
