/* SPDX-License-Identifier: BSD-2-Clause */
/* Cadence UART, as in Xilinx Zynq and ZynqMP. */

#include <stddef.h>

#include <libmv/device.h>

#include "uart.h"

#define CR      0x00
#define MR      0x04
#define IER     0x08               /* write 1: enable  */
#define IDR     0x0c               /* write 1: disable */
#define ISR     0x14               /* write 1: clear   */
#define RXTOUT  0x1c
#define RXWM    0x20
#define SR      0x2c
#define FIFO    0x30

#define CR_RX_ENABLE       (1u << 2)
#define CR_TX_ENABLE       (1u << 4)
#define CR_RESTART_TIMEOUT (1u << 6)
#define MR_8N1             0x20u
#define SR_RX_EMPTY        (1u << 1)
#define SR_TX_FULL         (1u << 4)
#define INT_RX_TRIGGER     (1u << 0)
#define INT_TX_EMPTY       (1u << 3)
#define INT_RX_TIMEOUT     (1u << 8)
#define INT_ALL            0x1fffu
#define TIMEOUT_CHARACTERS 10u     /* in units of four bit times */

static void cadence_start(uint64_t base)
{
    mv_write32(base + IDR, INT_ALL);
    mv_write32(base + MR, MR_8N1);
    mv_write32(base + CR, CR_TX_ENABLE | CR_RX_ENABLE | CR_RESTART_TIMEOUT);
    mv_write32(base + RXTOUT, TIMEOUT_CHARACTERS);
    mv_write32(base + RXWM, 1);
    mv_write32(base + ISR, INT_ALL);
    mv_write32(base + IER, INT_RX_TRIGGER | INT_RX_TIMEOUT);
}

static bool cadence_can_send(uint64_t base)
{
    return (mv_read32(base + SR) & SR_TX_FULL) == 0;
}

static void cadence_send(uint64_t base, uint8_t byte)
{
    mv_write32(base + FIFO, byte);
}

static int cadence_receive(uint64_t base)
{
    if ((mv_read32(base + SR) & SR_RX_EMPTY) != 0)
        return -1;
    return (int)(mv_read32(base + FIFO) & 0xff);
}

static void cadence_want_space(uint64_t base, bool yes)
{
    mv_write32(base + (yes ? IER : IDR), INT_TX_EMPTY);
}

static void cadence_acknowledge(uint64_t base)
{
    mv_write32(base + ISR, INT_ALL);
}

static const char *const models[] = { "cdns,uart-r1p12", "cdns,uart-r1p8", "xlnx,xuartps", NULL };

const struct uart uart_cadence = {
    .models = models,
    .start = cadence_start,
    .can_send = cadence_can_send,
    .send = cadence_send,
    .receive = cadence_receive,
    .want_space = cadence_want_space,
    .acknowledge = cadence_acknowledge,
};
