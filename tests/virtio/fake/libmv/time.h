/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <stdint.h>

#define MV_MS UINT64_C(1000000)

uint64_t mv_time_ns(void);
void mv_sleep(uint64_t ns);
