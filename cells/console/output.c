/* SPDX-License-Identifier: BSD-2-Clause */
#include "output.h"

#include <libmv/device.h>
#include <libmv/string.h>

#include "uart.h"

#define OUTPUT_SIZE 2048u          /* a power of two */

static const struct uart *uart;
static uint64_t base;
static char queue[OUTPUT_SIZE];
static uint32_t head, tail;        /* free-running */
static bool waiting;               /* the UART was asked to interrupt */

static bool drives(const struct uart *u, const struct mv_device_config *device)
{
    for (const char *const *model = u->models; *model != NULL; model++)
        if (mv_device_is(device, *model))
            return true;
    return false;
}

void output_start(const struct mv_device_config *device)
{
    base = device->address;
    uart = drives(&uart_cadence, device) ? &uart_cadence : &uart_pl011;
    uart->start(base);
}

size_t output_room(void)
{
    return OUTPUT_SIZE - (head - tail);
}

void output_put(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size && output_room() > 0; i++)
        queue[head++ % OUTPUT_SIZE] = bytes[i];
}

void output_put_string(const char *s)
{
    output_put(s, strlen(s));
}

void output_drain(void)
{
    while (tail != head && uart->can_send(base))
        uart->send(base, (uint8_t)queue[tail++ % OUTPUT_SIZE]);
    if (waiting != (tail != head)) {
        waiting = tail != head;
        uart->want_space(base, waiting);
    }
}

int output_receive(void)
{
    return uart->receive(base);
}

void output_acknowledge(void)
{
    uart->acknowledge(base);
}
