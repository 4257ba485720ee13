/* SPDX-License-Identifier: BSD-2-Clause */
/* Arm PL011 (DDI 0183), transmit only, as firmware or reset left it. */
#include "board.h"

#define UARTDR       0x00
#define UARTFR       0x18
#define UARTFR_TXFF  (1u << 5)
#define SPINS_MAX    100000

void uart_putc(uint64_t base, char c)
{
    volatile uint32_t *reg = (volatile uint32_t *)base;

    for (int i = 0; i < SPINS_MAX && (reg[UARTFR / 4] & UARTFR_TXFF) != 0; i++)
        ;
    reg[UARTDR / 4] = (uint8_t)c;
}
