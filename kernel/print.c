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

void print_dec_to(print_char_fn *put, uint64_t value)
{
    char digit[20];
    int n = 0;

    do {
        digit[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0)
        put(digit[--n]);
}
