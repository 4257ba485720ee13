/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain text output: at boot, in a panic, and for the fault log. */
#pragma once

#include "base.h"

typedef void print_char_fn(char c);

/* Puts the text; each '%' in it stands for the next value as a hexadecimal
 * number, each '$' for the string that it is the address of. Returns its end. */
const char *print_to(print_char_fn *put, const char *text, const uint64_t *value);
