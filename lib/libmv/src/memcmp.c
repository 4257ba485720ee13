/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include <libmv/string.h>

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

    for (; size > 0; size--, x++, y++)
        if (*x != *y)
            return *x < *y ? -1 : 1;
    return 0;
}

void *memchr(const void *in, int value, size_t size)
{
    const unsigned char *at = (const unsigned char *)in;

    for (; size > 0; size--, at++)
        if (*at == (unsigned char)value)
            return (void *)(uintptr_t)at;
    return NULL;
}
