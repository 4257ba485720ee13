/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel call that links make; world.c stands for the kernel. */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

mv_status_t mv_virq_raise(uint32_t cap, uint64_t payload);
