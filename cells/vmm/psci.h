/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power State Coordination Interface (DEN 0022, version 1.1) of one virtual
 * machine. Whether a vCPU is on is known to the kernel alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmv/words.h>

/* Whether `function` is one of PSCI's; then `io` is replaced by the answer. */
bool psci_call(uint32_t vcpu, uint32_t function, struct mv_words *io);

/* PSCI_FEATURES: 0 or its flags, or SMCCC_NOT_SUPPORTED. */
uint64_t psci_features(uint32_t function);
