/* SPDX-License-Identifier: BSD-2-Clause */
/* ARM PrimeCell real-time clock (PL031): counts seconds, has one alarm. */
#include <libmv/device.h>

#include "ticker.h"

#define DR    0x00                 /* now, seconds */
#define MR    0x04                 /* alarm, seconds */
#define CR    0x0c
#define IMSC  0x10
#define ICR   0x1c

static void pl031_next(uint64_t base)
{
    mv_write32(base + ICR, 1);
    mv_write32(base + MR, mv_read32(base + DR) + 1);
}

static void pl031_start(uint64_t base)
{
    mv_write32(base + CR, 1);
    pl031_next(base);
    mv_write32(base + IMSC, 1);
}

const struct ticker ticker_pl031 = {
    .model = "arm,pl031", .text = "real-time clock (PL031)",
    .start = pl031_start, .next = pl031_next,
};
