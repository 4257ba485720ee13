/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A spare Cadence UART in local loopback: what is sent comes back, and the
 * receive interrupt is the tick. For boards whose timers are not emulated.
 */
#include <libmv/device.h>

#include "ticker.h"

#define CR      0x00
#define MR      0x04
#define IER     0x08               /* write 1: enable  */
#define IDR     0x0c               /* write 1: disable */
#define ISR     0x14               /* write 1: clear   */
#define RXWM    0x20
#define SR      0x2c
#define FIFO    0x30

#define CR_RX_ENABLE   (1u << 2)
#define CR_TX_ENABLE   (1u << 4)
#define MR_8N1         0x20u
#define MR_LOOPBACK    (2u << 8)
#define SR_RX_EMPTY    (1u << 1)
#define SR_TX_FULL     (1u << 4)
#define INT_RX_TRIGGER (1u << 0)
#define INT_ALL        0x1fffu
#define FIFO_BYTES     64

static void loopback_next(uint64_t base)
{
    for (int i = 0; i < FIFO_BYTES && (mv_read32(base + SR) & SR_RX_EMPTY) == 0; i++)
        (void)mv_read32(base + FIFO);
    mv_write32(base + ISR, INT_ALL);
}

static void loopback_start(uint64_t base)
{
    mv_write32(base + IDR, INT_ALL);
    mv_write32(base + MR, MR_8N1 | MR_LOOPBACK);
    mv_write32(base + CR, CR_TX_ENABLE | CR_RX_ENABLE);
    mv_write32(base + RXWM, 1);
    loopback_next(base);
    mv_write32(base + IER, INT_RX_TRIGGER);
}

static void loopback_second(uint64_t base)
{
    if ((mv_read32(base + SR) & SR_TX_FULL) == 0)
        mv_write32(base + FIFO, 't');
}

const struct ticker ticker_loopback = {
    .model = "cdns,uart-r1p12", .text = "second UART, in loopback",
    .start = loopback_start, .next = loopback_next, .second = loopback_second,
};
