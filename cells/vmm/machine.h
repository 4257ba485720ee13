/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM asks of the processor itself. */
#pragma once

#include <stdint.h>

/* Another vCPU of the VMM is to go on first, if it shares the processor's
 * execution units with this one. */
void machine_relax(void);

/* The counter that the guest sees as CNTVCT_EL0 and CNTPCT_EL0. */
uint64_t machine_counter(void);

/* Clean and invalidate the data caches, to the point of coherency. */
void machine_flush(uint64_t address, uint64_t size);
