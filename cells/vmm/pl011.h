/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PrimeCell UART (PL011 r1p5, DDI 0183G) at MV_GUEST_UART; its other end is the
 * console. There is no baud rate: what is written to a FIFO has been sent as
 * soon as the console has taken it. It sends whether or not it is enabled, for
 * guests that expect their firmware to have done that; it receives only when
 * enabled, and nothing typed before is lost.
 */
#pragma once

#include <stdint.h>

void pl011_reset(void);
uint64_t pl011_read(uint64_t offset);
void pl011_write(uint64_t offset, uint64_t value);

/* The console has more to read, or space. */
void pl011_console_event(void);
