/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/print.h>

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a' + 10);
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A' + 10);
    return 99;
}

uint64_t mv_parse_number(const char *text, const char **end)
{
    unsigned base = 10;
    uint64_t value = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit_value(text[2]) < 16) {
        base = 16;
        text += 2;
    }
    for (; digit_value(*text) < base; text++)
        value = value * base + digit_value(*text);
    if (end != NULL)
        *end = text;
    return value;
}
