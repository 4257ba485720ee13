/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A board is data: its device tree, which the host tool reads, and this
 * structure. boards/NAME/board.c defines it; boards/NAME/board.mk names the
 * interrupt controller and the UART driver.
 */
#pragma once

#include "base.h"
#include <mv/systab.h>

struct board {
    char name[MV_NAME_BYTES];   /* as in the flat table */
};
extern const struct board board;

/* The board's UART, polled, for boot messages and panics. Never waits longer
 * than a bounded number of reads. */
void uart_putc(uint64_t base, char c);
