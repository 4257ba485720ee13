/* SPDX-License-Identifier: BSD-2-Clause */
/* Cadence UART (Zynq UltraScale+ TRM, UG1085, chapter 21), transmit only, as
 * firmware left it; QEMU leaves it off, so the transmitter is enabled. */
#include "board.h"

#define UART_CONTROL     0x00
#define UART_STATUS      0x2c
#define UART_FIFO        0x30
#define CONTROL_TX_EN    (1u << 4)
#define CONTROL_TX_DIS   (1u << 5)
#define STATUS_TX_FULL   (1u << 4)
#define SPINS_MAX        100000

void uart_putc(uint64_t base, char c)
{
    volatile uint32_t *reg = (volatile uint32_t *)base;
    uint32_t control = reg[UART_CONTROL / 4];

    if ((control & CONTROL_TX_EN) == 0)
        reg[UART_CONTROL / 4] = (control & ~CONTROL_TX_DIS) | CONTROL_TX_EN;
    for (int i = 0; i < SPINS_MAX && (reg[UART_STATUS / 4] & STATUS_TX_FULL) != 0; i++)
        ;
    reg[UART_FIFO / 4] = (uint8_t)c;
}
