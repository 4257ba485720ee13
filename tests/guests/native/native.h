/* SPDX-License-Identifier: BSD-2-Clause */
/* How a native cell of these tests reports; its lines are read like a guest's. */
#pragma once

#include <libmv/libmv.h>

static unsigned native_passed, native_failed;

/* One test is done. */
static inline void native_result(const char *name, bool is_right)
{
    native_passed += is_right;
    native_failed += !is_right;
    mv_print("cell: %s %s\n", name, is_right ? "ok" : "FAIL");
}

static inline void native_done(void)
{
    mv_print("cell: done %u passed %u failed\n", native_passed, native_failed);
}
