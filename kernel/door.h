/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way in for a cell's request. Every check that decides whether the
 * caller may do it is made here; a handler checks only its arguments.
 */
#pragma once

#include "base.h"

struct core;
struct vcpu;

struct result {
    mv_status_t status;
    uint64_t    value;
};

/* The handler has no result to give: the vCPU is blocked, gone, or calls again. */
#define DOOR_NO_RESULT  (~UINT64_C(0))

static inline struct result result_status(mv_status_t s)
{
    return (struct result){ s, 0 };
}
static inline struct result result_none(void)
{
    return (struct result){ DOOR_NO_RESULT, 0 };
}

/*
 * A PLAIN call's handler is call_NAME. Its object carries the type and right
 * that calls.def asks for; a1-a5 are the caller's arguments, unchecked; a0 is
 * the capability's index.
 */
#define HANDLER_ARGS struct vcpu *self, void *object, uint64_t a1, uint64_t a2, uint64_t a3, \
                     uint64_t a4, uint64_t a5, uint64_t a0
typedef struct result handler_fn(HANDLER_ARGS);
#define DECLARE_PLAIN(name)   handler_fn call_##name;
#define DECLARE_MESSAGE(name)
#define CALL(number, name, kind, type, right, text) DECLARE_##kind(name)
#include <mv/calls.def>
#undef CALL
/* What a number without a handler gets: MV_BAD_CALL. */
handler_fn call_bad;

/*
 * PLAIN call `number` with its arguments as they came. If core->run is still
 * self afterwards, the exit code returns the result to it at once; otherwise
 * it gives it to door_store().
 */
struct result door_plain(struct vcpu *self, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4, uint64_t a5, uint64_t number);
void door_store(struct vcpu *self, mv_status_t status, uint64_t value);

/* MESSAGE call `number`; arguments and results are in self's frame. */
void door_message(struct vcpu *self, uint64_t number);

/* Let another core do `fn` on the object for self, which blocks until then. */
struct result door_forward(struct vcpu *self, struct core *to, handler_fn *fn, void *object);
/* `until` is stopping, on this core: make the call again when it has. MV_BUSY
 * if another waits for that, or `until` itself waits for an operation, which
 * might be on self. */
struct result door_defer(struct vcpu *self, struct vcpu *until, handler_fn *fn, void *object);
/* At the other core, and back. */
void door_remote(struct vcpu *caller);
void door_remote_done(struct vcpu *caller);
