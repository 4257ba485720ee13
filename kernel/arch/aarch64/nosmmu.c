/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of stream.c and smmuv3.c where no SMMU stands between devices and memory. */
#include "init.h"
#include "stream.h"

void stream_boot(const struct mv_systab *t) { }
void stream_cell(struct cell *c, enum mv_stream_status status) { }
bool arch_dma_interrupt(uint32_t interrupt) { return false; }
void smmu_shut(void) { }

/* There is no stream, so nobody holds a capability of one. */
struct result call_stream_control(HANDLER_ARGS) { return result_status(MV_BAD_CALL); }
