/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU has done what it may not, or the hardware says so. It becomes a call
 * to the cell's fault portal; without one the vCPU stops and the kernel's log
 * says why.
 */
#pragma once

#include "base.h"

struct vcpu;

/* v, on this core, has faulted; its frame's pc is where. */
void fault_raise(struct vcpu *v, enum mv_fault kind, uint64_t address, uint64_t syndrome);
/* The same when no message can be sent, for v may be waiting or calling by now: it stops. */
void fault_stop(struct vcpu *v, enum mv_fault kind);
/* The eight words of v's fault message. */
void fault_message(struct vcpu *v, uint64_t *words);
/* Note a fault that no portal takes. */
void fault_log(const struct vcpu *v);
/* Write what the log holds to the board's UART; called when a core is idle. */
void fault_log_drain(void);
