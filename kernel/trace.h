/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: fixed-size records in a ring per core, in memory that a cell can
 * be granted to read. The fast paths have no trace points: while a class of theirs
 * is on, they are not taken.
 */
#pragma once

#include "base.h"
#include "door.h"
#include "vcpu.h"

extern uint32_t trace_mask;    /* classes that are recorded, MV_TRACE_* */

/* Whether something is recorded that the fast paths do. */
bool trace_is_fast(void);
/* Record an event on this core if its class is on. */
void trace(enum mv_trace_event event, const struct vcpu *v, uint64_t a, uint64_t b);
