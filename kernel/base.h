/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every kernel file needs: fixed-width types, checked assumptions, and
 * address types that cannot be mixed.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mv/abi.h>

#include "machine_check.h"

typedef struct { uint64_t pa;  } paddr_t;   /* what the memory bus sees    */
typedef struct { uint64_t va;  } cellva_t;  /* what a cell calls an address */

#define ARRAY_SIZE(a)  (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) \
    ((type *)(void *)((char *)(p) - offsetof(type, member)))
/* For what is shorter in place than its call; -Os does not always see it. */
#define INLINE         __attribute__((always_inline)) static inline
#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)

static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Whether [start, start + size) is page-aligned, not empty, does not wrap and
 * ends at or below limit. */
INLINE bool range_is_valid(uint64_t start, uint64_t size, uint64_t limit)
{
    return ((start | size) & (MV_PAGE_SIZE - 1)) == 0 && size != 0 && size <= limit &&
           start <= limit - size;
}

/* The kernel's own mistakes end here: prints, then resets the machine. */
_Noreturn void panic(const char *what);

/* CHECK stands in every build; never on what an outsider can influence. */
#define CHECK(x) do { if (unlikely(!(x))) arch_check_failed(); } while (0)
#ifdef MV_DEBUG
#define ASSERT(x) CHECK(x)
#else
#define ASSERT(x) ((void)sizeof(x))
#endif
