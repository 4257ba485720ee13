/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls between cells: rendezvous at a portal, reply, wait. The machine's fast
 * path does the commonest case of call and reply_wait; these functions define
 * what they mean and do every case.
 *
 * Between a call and its reply the server runs on the caller's context at the
 * portal's ceiling. A caller of another core stays REMOTE meanwhile and the
 * server runs on the portal's own context; all that concerns the server
 * happens on its core, see message.h.
 */
#pragma once

#include "base.h"
#include "context.h"

struct core;
struct vcpu;

struct portal {
    struct vcpu    *server;      /* [I] its core is the portal's home  */
    uint32_t        ceiling;     /* [I] as a rank                      */
    const struct mv_sys_portal *sys;  /* [I] service bound: for the real-time scheduler */
    struct context  context;     /* for calls without a context here   */
};

/* The MESSAGE calls; self is current and its frame holds the arguments. */
void ipc_call(struct vcpu *self);
void ipc_reply_wait(struct vcpu *self);
void ipc_wait(struct vcpu *self);
void ipc_reply(struct vcpu *self);

/* self has faulted: call its fault portal, or stop it. */
void ipc_fault(struct vcpu *self);

/* v's wait is over and its result is set: it runs on its own account. */
void ipc_wait_ended(struct vcpu *v);
/* v, and whom it has called in turn, run on another context than the present. */
void ipc_move(struct vcpu *v, struct context *c);
/* The server that v has called has passed the service bound. */
void ipc_bound_passed(struct vcpu *v);
/* v's deadline has passed. */
void ipc_timeout(struct vcpu *v);
/* v stops: those that wait for it are told, and it leaves those it waits for.
 * False while another core still has its request: it ends with that. */
bool ipc_sever(struct vcpu *v);

/* Messages between cores: at the server's, and back at the caller's. */
void ipc_remote_call(struct vcpu *caller);
void ipc_remote_cancel(struct core *core, struct vcpu *caller);
void ipc_remote_done(struct vcpu *caller);
void ipc_remote_cancelled(struct vcpu *caller);
