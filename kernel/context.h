/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scheduling context: whose time is used. A vCPU has one of its own, a portal
 * has one for calls that come without a caller's. A call lends the caller's to
 * the server until the reply.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>

struct context {
    uint64_t consumed;      /* ticks used so far, written by its core only */
    int64_t  slice_left;    /* ticks of its turn among equals; not positive: a whole one is next */
    const struct mv_sys_context *sys;  /* [I] budget, period, partition: for the real-time scheduler */
    uint32_t rank;          /* [I] its priority as a rank, see sched.h */
};
