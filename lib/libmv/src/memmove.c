/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include <libmv/string.h>

#include "word.h"

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *t = (unsigned char *)to;
    const unsigned char *f = (const unsigned char *)from;

    if ((uintptr_t)to - (uintptr_t)from >= size) {
        for (; size >= sizeof(word_t); size -= sizeof(word_t)) {
            word_put(t, 0, word_get(f, 0));
            t += sizeof(word_t);
            f += sizeof(word_t);
        }
        for (; size > 0; size--)
            *t++ = *f++;
        return to;
    }
    for (; size >= sizeof(word_t); size -= sizeof(word_t))
        word_put(t + size - sizeof(word_t), 0, word_get(f + size - sizeof(word_t), 0));
    while (size-- > 0)
        t[size] = f[size];
    return to;
}
