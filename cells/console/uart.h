/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the console needs of a UART. The speed stays as the firmware set it. No
 * function waits for the device.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct uart {
    const char *const *models;                 /* names in "compatible", ended by NULL */
    void (*start)(uint64_t base);              /* enable, with receive interrupts */
    bool (*can_send)(uint64_t base);
    void (*send)(uint64_t base, uint8_t byte); /* only after can_send() said yes */
    int  (*receive)(uint64_t base);            /* -1: nothing there */
    void (*want_space)(uint64_t base, bool yes); /* interrupt when a full FIFO has space */
    void (*acknowledge)(uint64_t base);        /* clear what the interrupt was for */
};

extern const struct uart uart_pl011, uart_cadence;
