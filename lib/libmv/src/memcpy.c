/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include <libmv/string.h>

#include "word.h"

void *memcpy(void *__restrict to, const void *__restrict from, size_t size)
{
    unsigned char *t = (unsigned char *)to;
    const unsigned char *f = (const unsigned char *)from;

    for (; size >= 4 * sizeof(word_t); size -= 4 * sizeof(word_t)) {
        word_t a = word_get(f, 0), b = word_get(f, 1), c = word_get(f, 2), d = word_get(f, 3);

        word_put(t, 0, a);
        word_put(t, 1, b);
        word_put(t, 2, c);
        word_put(t, 3, d);
        t += 4 * sizeof(word_t);
        f += 4 * sizeof(word_t);
    }
    for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
        word_put(t, 0, word_get(f, 0));
        t += sizeof(word_t);
        f += sizeof(word_t);
    }
    for (; size > 0; size--)
        *t++ = *f++;
    return to;
}
