/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of the SMC Calling Convention (DEN 0028, version 1.2), by HVC #0 or
 * SMC #0: of PSCI, of the architecture, and of the hypervisor.
 */
#pragma once

#include <stdint.h>

#include <libmv/words.h>

#define SMCCC_NOT_SUPPORTED    (~UINT64_C(0))

#define SMCCC_IS_64(function)  (((function) >> 30 & 1) != 0)

/* The message of the exit is replaced by the answer. */
void smccc_exit(uint32_t vcpu, struct mv_words *io);
