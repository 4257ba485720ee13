/* SPDX-License-Identifier: BSD-2-Clause */
/* A case is a function; a check that fails says where, and the case is lost. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

extern unsigned test_failures;     /* checks that failed in this case */

#define CHECK(expression) \
    do { \
        if (!(expression)) { \
            test_failures++; \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #expression); \
        } \
    } while (0)

/* The same numbers in every run. */
static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#define CASE(name) void name(void);
#include "cases.def"
#undef CASE
