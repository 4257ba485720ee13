/* SPDX-License-Identifier: BSD-2-Clause */
/* For lwIP, which a cell has no C library for. */
#pragma once

#include <libmv/string.h>
