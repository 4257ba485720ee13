/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guard takes the faults that a test provokes, notes them in a segment
 * that it shares with the tested cells, and lets them go on.
 */
#pragma once

#include "test.h"

enum guard_action {
    GUARD_SKIP,              /* go on at the next instruction, or at `resume` if that is not 0 */
    GUARD_RETRY,             /* execute the instruction again */
    GUARD_STOP
};

struct guard_slot {
    volatile uint64_t count;                 /* faults so far */
    volatile uint64_t kind, pc, address, syndrome;  /* of the last */
    volatile uint64_t resume;
    volatile uint64_t action;                /* enum guard_action */
    volatile uint64_t badge;
};

#define GUARD_VCPUS 4
/* The slot of a cell's vCPU. */
#define GUARD_SLOT(cell, vcpu) \
    (&((struct guard_slot *)SEGMENT_GUARD_LOG_ADDRESS)[(cell) * GUARD_VCPUS + (vcpu)])

/* One access of the calling vCPU: MV_FAULT_NONE, or the fault it was. */
enum mv_fault guard_read(struct guard_slot *g, uint64_t address, uint64_t *value);
enum mv_fault guard_write(struct guard_slot *g, uint64_t address, uint64_t value);
/* Branch to code at `address`, with x0 = argument; it must return. */
enum mv_fault guard_execute(struct guard_slot *g, uint64_t address, uint64_t *x0);
