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

/* Two words at once: a pair of registers, loaded and stored by one instruction. */
typedef unsigned __int128 pair_t;

struct pair_unaligned {
    pair_t value;
} __attribute__((packed, may_alias));

static inline pair_t pair_get(const void *at, unsigned index)
{
    return ((const struct pair_unaligned *)at)[index].value;
}

static inline void pair_put(void *at, unsigned index, pair_t value)
{
    ((struct pair_unaligned *)at)[index].value = value;
}
