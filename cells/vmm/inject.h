/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions that a guest's instruction causes in the guest itself: the vCPU
 * whose exit is being served goes on at EL1's vector for a synchronous
 * exception, as if the processor had taken it (DDI 0487, AArch64.TakeException).
 * If its state cannot be had, it stops.
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>
#include <mv/vm.h>

#include "exit.h"

struct guest_state {
    struct mv_vcpu_state cpu;
    struct mv_vm_state   vm;
};

/* The state of the vCPU that is served, in this VMM vCPU's message buffer;
 * NULL if it cannot be had. */
struct guest_state *guest_read(uint32_t vcpu);

/* A load, store or fetch found nothing that answers: a synchronous external
 * abort. `syndrome` is the exit's. */
struct reply inject_abort(uint32_t vcpu, uint64_t syndrome, uint64_t far);

/* The instruction, or this use of it, does not exist here. */
struct reply inject_undefined(uint32_t vcpu, uint64_t syndrome);

/* An exception with its own syndrome, which EL2 has got in place of EL1. */
struct reply inject_same(uint32_t vcpu, uint64_t syndrome);
