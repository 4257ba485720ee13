/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that interrupts once per second, by itself or when it is told. */
#pragma once

#include <stdint.h>

struct ticker {
    const char *model;                     /* name in "compatible" */
    const char *text;
    void (*start)(uint64_t base);
    void (*next)(uint64_t base);           /* clear the interrupt, prepare the next */
    void (*second)(uint64_t base);         /* a second has passed; NULL: it knows */
};

extern const struct ticker ticker_pl031, ticker_loopback;
