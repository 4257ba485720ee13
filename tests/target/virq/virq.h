/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the main cell. */
#pragma once

#include "raiser.h"
#include "test.h"

#include "cell.h"

#define LINE_BIT(name) (UINT64_C(1) << LINE_##name)

/* Ask the raiser; see raiser.h. */
mv_status_t raiser(uint64_t what, uint64_t a, uint64_t b, uint64_t c, uint64_t delay);
/* Take a vIRQ without waiting: its line, or 64 when there is none. */
unsigned take(uint64_t *payload);

void device_tests(void);
void upcall_tests(void);
