/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "../lib/test.h"

/* What a cell found that it should not have: by cell index. */
struct found {
    struct {
        volatile uint64_t checks, wrong;
        volatile uint64_t where, value, number;   /* the first wrong one: register, value, call */
    } cell[16];
    volatile uint64_t newborn[32 + 3 + 66];       /* x0-x30, sp, nzcv, tpidr, tpidrro, FP */
    volatile uint64_t newborn_done;
};
#define FOUND ((struct found *)SEGMENT_FOUND_ADDRESS)

/* Fill with this cell's mark, the number of the register and of the turn. */
void mark_fill(struct test_regs *r, uint64_t turn);

/*
 * What a call number returned: x8-x18 must be results or 0 or what they were,
 * x19-x30 what they were. `message`: x0-x7 may hold another cell's message.
 */
void mark_check(const struct test_regs *before, const struct test_regs *after, unsigned number,
                bool message);
