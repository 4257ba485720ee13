/* SPDX-License-Identifier: BSD-2-Clause */
/* A word at any address of normal memory, whatever lies there. */
#pragma once

#include <stdint.h>

typedef uint64_t word_t;

struct word_unaligned {
    word_t value;
} __attribute__((packed, may_alias));

static inline word_t word_get(const void *at, unsigned index)
{
    return ((const struct word_unaligned *)at)[index].value;
}

static inline void word_put(void *at, unsigned index, word_t value)
{
    ((struct word_unaligned *)at)[index].value = value;
}
