/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cells whose text the console shows. Client 0 is the console itself; the
 * others are its byte channels. Text is put together to whole lines, each
 * tagged with its cell's name. Only the client with the keyboard may have an
 * unfinished line on the screen: it is its prompt, and it is drawn again after
 * every line of somebody else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENTS_MAX   64
#define CLIENT_LINE   200          /* bytes of the longest line; longer ones are cut in two */

/* One for each byte channel of this cell. */
void clients_start(void);
unsigned clients_count(void);      /* client 0 included */
const char *client_name(unsigned client);
unsigned client_line(unsigned client);   /* vIRQ line of its channel */

/* Show what clients have sent, by turns and for a bounded time. Returns when
 * to come back (absolute ns), 0 if only an event can bring more. */
uint64_t clients_serve(void);

/* The keyboard: which client has it, and a byte for that one. */
unsigned keyboard_client(void);
void keyboard_give(unsigned client);
bool keyboard_type(uint8_t byte);

/* A line of the console's own. Dropped when too many wait already. */
void console_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
