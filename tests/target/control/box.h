/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared segment through which main tells the others what to do. */
#pragma once

#include <stdint.h>

enum {
    BOX_IDLE, BOX_SPIN, BOX_FILL, BOX_WAIT, BOX_CALL, BOX_FAULT, BOX_EXIT, BOX_SERVE, BOX_SERVE_FAULT
};

struct box {
    volatile uint64_t mode;        /* what vCPU 0 of the victim does once it starts */
    volatile uint64_t starts;      /* of the victim's vCPU 0 */
    volatile uint64_t other;       /* vCPU 1 counts here */
    volatile uint64_t spins;
    volatile uint64_t status;      /* what its last call returned */
    volatile uint64_t data, bss;   /* what its variables were at its start */
    volatile uint64_t sleeper_ok, sleeper_bad, sleeper_starts;
    volatile uint64_t fragile;
    volatile uint64_t fault_kind, fault_address;  /* the fault to make, and where */
    volatile uint64_t faults_done;
};
#define BOX ((struct box *)SEGMENT_BOX_ADDRESS)
