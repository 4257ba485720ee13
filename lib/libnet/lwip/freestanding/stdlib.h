/* SPDX-License-Identifier: BSD-2-Clause */
/* For lwIP's netif_find(), which nobody calls. */
#pragma once

#include <stddef.h>

#include <libmv/print.h>

static inline int atoi(const char *text)
{
    return (int)mv_parse_number(text, NULL);
}
