/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer raises its vIRQ at a time, and again every period. It lies in the
 * timer heap of its sink's core and is set from that core only.
 */
#pragma once

#include "base.h"
#include "door.h"
#include "heap.h"

enum timeout_kind { TIMEOUT_VCPU, TIMEOUT_TIMER, TIMEOUT_VM, TIMEOUT_BUDGET, TIMEOUT_WINDOW, TIMEOUT_LIMIT };   /* heap_node.kind */

struct timer {
    struct heap_node node;
    struct virq     *virq;      /* [I] */
    uint64_t         shortest;  /* [I] ns: no period is below it */
    uint64_t         period;    /* ticks; 0: once */
};

void timer_expired(struct timer *t, uint64_t now);
void timer_stop(struct timer *t);

