/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include <libmv/string.h>

#include "word.h"

/* Each byte is read once and written once, so that a copy of what another writes
 * at the same time is some mixture of what was there, and nothing else. */
void *memcpy(void *__restrict to, const void *__restrict from, size_t size)
{
    unsigned char *t = (unsigned char *)to;
    const unsigned char *f = (const unsigned char *)from;

    for (; size >= 4 * sizeof(pair_t); size -= 4 * sizeof(pair_t)) {
        pair_t a = pair_get(f, 0), b = pair_get(f, 1), c = pair_get(f, 2), d = pair_get(f, 3);

        /* Nothing moves across: a core that works in order would else wait for
         * each load before its store. */
        __asm__ volatile("" : : : "memory");
        pair_put(t, 0, a);
        pair_put(t, 1, b);
        pair_put(t, 2, c);
        pair_put(t, 3, d);
        t += 4 * sizeof(pair_t);
        f += 4 * sizeof(pair_t);
    }
    for (; size >= sizeof(pair_t); size -= sizeof(pair_t)) {
        pair_put(t, 0, pair_get(f, 0));
        t += sizeof(pair_t);
        f += sizeof(pair_t);
    }
    if (size >= sizeof(word_t)) {
        word_put(t, 0, word_get(f, 0));
        t += sizeof(word_t);
        f += sizeof(word_t);
        size -= sizeof(word_t);
    }
    for (; size > 0; size--)
        *t++ = *f++;
    return to;
}
