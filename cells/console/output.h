/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes on their way to the UART. They wait here when the UART is full; its
 * interrupt then lets them out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libmv/config.h>

/* Choose the driver for the device and start it. */
void output_start(const struct mv_device_config *device);

/* Bytes that can still be put. */
size_t output_room(void);

/* Put bytes; what exceeds the room is dropped, so ask first. */
void output_put(const char *bytes, size_t size);
void output_put_string(const char *s);

/* Give the UART what it takes now; asks for its interrupt if some is left. */
void output_drain(void);

/* A byte that was received, -1: none. */
int output_receive(void);

/* The device interrupts: what it was for is cleared in the device. */
void output_acknowledge(void);
