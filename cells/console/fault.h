/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults of cells that name a portal of this one as their fault portal. */
#pragma once

#include <stdint.h>

#include <libmv/words.h>

/* Say what happened and answer that the vCPU stays stopped. Any other call
 * gets the same treatment, for the kernel alone makes fault messages. */
uint64_t fault_call(void *context, uint32_t badge, uint32_t size, struct mv_words *io);
