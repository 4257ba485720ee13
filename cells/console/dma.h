/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses of devices that the SMMU has refused, where this cell handles the
 * system's faults. */
#pragma once

#include <stdint.h>

/* The line mv_cell.stream_line: say which device wanted what. Its stream stays
 * aborted until its cell starts again. */
void dma_fault(void *context, uint64_t payload);
