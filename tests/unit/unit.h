/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The groups of tests. A file of tests ends with GROUP(name, tests...), and
 * groups.def names the group.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct group {
    const char              *name;
    const struct CMUnitTest *tests;
    size_t                   count;
};

#define UNIT_GROUP(name) extern const struct group group_##name;
#include "groups.def"
#undef UNIT_GROUP

#define GROUP(group_name, ...)                                                       \
    static const struct CMUnitTest group_name##_tests[] = { __VA_ARGS__ };           \
    const struct group group_##group_name = { #group_name, group_name##_tests,       \
        sizeof(group_name##_tests) / sizeof(group_name##_tests[0]) }

/* Random numbers that are the same every time (xorshift64*). */
struct random { uint64_t state; };
static inline uint64_t random_next(struct random *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * UINT64_C(2685821657736338717);
}
static inline uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)((random_next(r) >> 32) * n >> 32);
}
