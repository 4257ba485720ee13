/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.h"

static void put_number(print_char_fn *put, uint64_t value)
{
    put('0');
    put('x');
    for (int shift = 60 - (__builtin_clzll(value | 1) & ~3); shift >= 0; shift -= 4)
        put("0123456789abcdef"[(value >> shift) & 15]);
}

const char *print_to(print_char_fn *put, const char *text, const uint64_t *value)
{
    for (; *text != '\0'; text++) {
        if (*text == '%') {
            put_number(put, *value++);
        } else if (*text == '$') {
            for (const char *s = (const char *)(uintptr_t)*value++; *s != '\0'; s++)
                put(*s);
        } else {
            put(*text);
        }
    }
    return text;
}
