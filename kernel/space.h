/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A space: what a vCPU can address, made of segments, which are records of the
 * flat table. Tables come from the cell's pool. A space is changed under its lock, by any core
 * that runs the cell.
 */
#pragma once

#include "base.h"
#include "arch/arch.h"
#include "door.h"

struct cell;

struct space {
    struct arch_space arch;
    struct cell      *cell;               /* [I] */
    uint32_t          lock;
    uint32_t          cores;              /* [I] bit mask: where it may run */
    uint32_t          address_bits;       /* [I] */
    uint32_t          index;              /* [I] in the system */
};

/*
 * One bounded step of mapping: at most ARCH_MAP_STEP pages or blocks from the
 * start of the range. *done: bytes treated.
 */
mv_status_t space_map_step(struct space *s, const struct mv_sys_segment *seg, cellva_t at,
                           uint64_t offset, uint64_t size, uint32_t rights, uint32_t most,
                           uint64_t *done);

