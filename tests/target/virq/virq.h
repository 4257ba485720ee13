/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the main cell. */
#pragma once

#include "raiser.h"
#include "test.h"

#include "cell.h"

#define LINE_BIT(name) (UINT64_C(1) << LINE_##name)

/* Where instructions are not the clock, QEMU may lose the processor for a
 * while: only beyond LATE something is late, and what should happen during
 * PATIENCE will have happened. */
#ifdef TEST_ICOUNT
#define LATE     (20 * MV_US)
#define PATIENCE (3 * MV_MS)
#else
#define LATE     (400 * MV_MS)
#define PATIENCE (60 * MV_MS)
#endif

/* Ask the raiser; see raiser.h. */
mv_status_t raiser(uint64_t what, uint64_t a, uint64_t b, uint64_t c, uint64_t delay);
/* Take a vIRQ without waiting: its line, or 64 when there is none. */
unsigned take(uint64_t *payload);

void device_tests(void);
void upcall_tests(void);
