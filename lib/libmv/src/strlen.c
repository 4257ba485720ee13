/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/string.h>

size_t strnlen(const char *s, size_t size)
{
    size_t n = 0;

    while (n < size && s[n] != '\0')
        n++;
    return n;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0')
        n++;
    return n;
}
