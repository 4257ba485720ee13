/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include <libmv/string.h>

#include "word.h"

void *memset(void *to, int value, size_t size)
{
    unsigned char *t = (unsigned char *)to;
    word_t word = (unsigned char)value * UINT64_C(0x0101010101010101);

    for (; size >= 2 * sizeof(word_t); size -= 2 * sizeof(word_t)) {
        word_put(t, 0, word);
        word_put(t, 1, word);
        t += 2 * sizeof(word_t);
    }
    for (; size > 0; size--)
        *t++ = (unsigned char)value;
    return to;
}
