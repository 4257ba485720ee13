/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.h"

void print_to(print_char_fn *put, const char *text)
{
    while (*text != '\0')
        put(*text++);
}

void print_hex_to(print_char_fn *put, uint64_t value)
{
    int shift = 60;

    print_to(put, "0x");
    while (shift > 0 && value >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put("0123456789abcdef"[(value >> shift) & 15]);
}
