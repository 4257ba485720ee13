/* SPDX-License-Identifier: BSD-2-Clause */
/* ARM PrimeCell UART (PL011). */

#include <stddef.h>

#include <libmv/device.h>

#include "uart.h"

#define DR    0x00
#define FR    0x18
#define LCRH  0x2c
#define CR    0x30
#define IFLS  0x34
#define IMSC  0x38
#define ICR   0x44

#define FR_RXFE       (1u << 4)
#define FR_TXFF       (1u << 5)
#define LCRH_FIFO_8N1 0x70u
#define CR_ENABLE     0x301u        /* UART, transmit, receive */
#define IFLS_RX_HALF_TX_EIGHTH (2u << 3)
#define INT_RX        (1u << 4)
#define INT_TX        (1u << 5)
#define INT_RX_TIMEOUT (1u << 6)
#define INT_ALL       0x7ffu

static void pl011_start(uint64_t base)
{
    mv_write32(base + IMSC, 0);
    mv_write32(base + CR, 0);          /* the line control may change only then */
    mv_write32(base + LCRH, LCRH_FIFO_8N1);
    mv_write32(base + IFLS, IFLS_RX_HALF_TX_EIGHTH);
    mv_write32(base + ICR, INT_ALL);
    mv_write32(base + CR, CR_ENABLE);
    mv_write32(base + IMSC, INT_RX | INT_RX_TIMEOUT);
}

static bool pl011_can_send(uint64_t base)
{
    return (mv_read32(base + FR) & FR_TXFF) == 0;
}

static void pl011_send(uint64_t base, uint8_t byte)
{
    mv_write32(base + DR, byte);
}

static int pl011_receive(uint64_t base)
{
    if ((mv_read32(base + FR) & FR_RXFE) != 0)
        return -1;
    return (int)(mv_read32(base + DR) & 0xff);
}

static void pl011_want_space(uint64_t base, bool yes)
{
    mv_write32(base + IMSC, INT_RX | INT_RX_TIMEOUT | (yes ? INT_TX : 0));
}

/* Receive interrupts end when the FIFO is read; clearing the timeout too is
 * harmless, for it comes again while something is left. */
static void pl011_acknowledge(uint64_t base)
{
    mv_write32(base + ICR, INT_ALL);
}

static const char *const models[] = { "arm,pl011", NULL };

const struct uart uart_pl011 = {
    .models = models,
    .start = pl011_start,
    .can_send = pl011_can_send,
    .send = pl011_send,
    .receive = pl011_receive,
    .want_space = pl011_want_space,
    .acknowledge = pl011_acknowledge,
};
