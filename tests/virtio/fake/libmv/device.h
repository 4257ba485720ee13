/* SPDX-License-Identifier: BSD-2-Clause */
/* Device registers that world.c has. */
#pragma once

#include <stdint.h>

uint8_t mv_read8(uint64_t address);
uint16_t mv_read16(uint64_t address);
uint32_t mv_read32(uint64_t address);
void mv_write8(uint64_t address, uint8_t value);
void mv_write16(uint64_t address, uint16_t value);
void mv_write32(uint64_t address, uint32_t value);

static inline void mv_device_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
