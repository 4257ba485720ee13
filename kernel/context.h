/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scheduling context: whose time is used. A vCPU has one of its own, a portal
 * has one for calls that come without a caller's. A call lends the caller's to
 * the server until the reply.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>

struct budget;

struct context {
    uint64_t consumed;      /* ticks used so far, written by its core only */
    int64_t  slice_left;    /* ticks of its turn among equals; not positive: a whole one is next */
    struct budget *budget;  /* [I] how much it may use, or NULL: no limit */
    uint32_t rank;          /* [I] its priority as a rank, see sched.h */
    uint32_t limits;        /* [I] its partition, and MV_LIMITS_BUDGET; 0: it may always run */
};
