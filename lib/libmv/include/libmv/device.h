/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device registers. Each access is one instruction of exactly that width, so
 * that the compiler neither merges nor repeats it. Device memory of a cell is
 * nGnRnE: accesses to one device stay in program order.
 */
#pragma once

#include <stdint.h>

#include <libmv/config.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline uint32_t mv_read32(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline void mv_write32(uint64_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline uint16_t mv_read16(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldrh %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return (uint16_t)value;
}

static inline void mv_write16(uint64_t address, uint16_t value)
{
    __asm__ volatile("strh %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

static inline uint8_t mv_read8(uint64_t address)
{
    uint32_t value;

    __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return (uint8_t)value;
}

static inline void mv_write8(uint64_t address, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" : : "rZ"(value), "r"(address) : "memory");
}

/*
 * What was written to memory before is seen by the device, or by the peer of
 * a channel, before anything written after.
 */
static inline void mv_device_barrier(void)
{
    __asm__ volatile("dsb sy" : : : "memory");
}

/* Whether the device tree's `compatible` of the device names `model`. */
int mv_device_is(const struct mv_device_config *device, const char *model);

#ifdef __cplusplus
}
#endif
