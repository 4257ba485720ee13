/* SPDX-License-Identifier: BSD-2-Clause */
/* Cadence triple timer counter, its first counter in interval mode. */
#include <libmv/device.h>

#include "ticker.h"

#define CLOCK_CONTROL   0x00
#define COUNTER_CONTROL 0x0c
#define INTERVAL        0x24
#define INTERRUPT       0x54       /* reading clears it */
#define INTERRUPT_ENABLE 0x60

#define CLOCK_PRESCALE(n)  (((n) - 1) << 1 | 1)   /* divide by 2^n */
#define COUNTER_INTERVAL   (1u << 1)
#define COUNTER_RESET      (1u << 4)
#define COUNTER_NO_WAVE    (1u << 5)
#define INTERRUPT_INTERVAL 1u

#define INPUT_HZ        100000000u
#define PRESCALE        16u

static void ttc_next(uint64_t base)
{
    (void)mv_read32(base + INTERRUPT);
}

static void ttc_start(uint64_t base)
{
    mv_write32(base + INTERRUPT_ENABLE, 0);
    mv_write32(base + CLOCK_CONTROL, CLOCK_PRESCALE(PRESCALE));
    mv_write32(base + INTERVAL, INPUT_HZ >> PRESCALE);
    mv_write32(base + COUNTER_CONTROL, COUNTER_NO_WAVE | COUNTER_RESET | COUNTER_INTERVAL);
    ttc_next(base);
    mv_write32(base + INTERRUPT_ENABLE, INTERRUPT_INTERVAL);
}

const struct ticker ticker_ttc = {
    .model = "cdns,ttc", .text = "triple timer counter",
    .start = ttc_start, .next = ttc_next,
};
