/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "groups.h"
#include "world.h"

extern const struct test_group order_group, serve_group, mishap_group, hostile_group;
