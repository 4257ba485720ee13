/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests.h"

const struct test_group *const groups[] = { &order_group, &serve_group, &mishap_group, &hostile_group };
const size_t group_count = sizeof(groups) / sizeof(groups[0]);
