/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cell's console channel: the bytes of the guest's console device, whole
 * and unchanged, and the VMM's own lines between them. Nothing here waits.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Once, by vCPU 0, before anything else here. */
void console_open(void);

/* Take up to `size` bytes and return how many. Fewer: the channel is full, and
 * console_event() follows when there is space. Without a channel, all. */
size_t console_write(const void *bytes, size_t size);

/* What was typed, up to `size` bytes. 0: console_event() follows when there is
 * more. */
size_t console_read(void *bytes, size_t size);

/* The vIRQ of this line has come. */
void console_event(uint32_t line);

/*
 * Tell whoever looks at the console of something that has happened to the
 * guest: one line, "VMM: ...". Lines in excess of a few per second, or
 * that find the channel full, are counted and dropped.
 */
void event(const char *format, ...) __attribute__((format(printf, 1, 2)));
