/* SPDX-License-Identifier: BSD-2-Clause */
/* What lwIP wants to know of a machine: a little-endian one with gcc or clang. */
#pragma once

#include <stdint.h>

#define BYTE_ORDER LITTLE_ENDIAN

#define X8_F  "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"

/* In net.c. The end of the cell: something of lwIP's own is wrong. */
void net_failed(const char *message) __attribute__((noreturn));
uint32_t net_random(void);

#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) net_failed(x)
#define LWIP_RAND() net_random()
