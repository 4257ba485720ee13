/* SPDX-License-Identifier: BSD-2-Clause */
/* What main.c runs. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct test_group {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
};

extern const struct test_group *const groups[];
extern const size_t group_count;
