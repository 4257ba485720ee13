/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "world.h"

extern const struct CMUnitTest order_tests[], serve_tests[], mishap_tests[], hostile_tests[];
extern const size_t order_test_count, serve_test_count, mishap_test_count, hostile_test_count;
