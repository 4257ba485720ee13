/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain text output: at boot, in a panic, and for the fault log. */
#pragma once

#include "base.h"

typedef void print_char_fn(char c);

void print_to(print_char_fn *put, const char *text);
void print_hex_to(print_char_fn *put, uint64_t value);
