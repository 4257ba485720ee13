/* SPDX-License-Identifier: BSD-2-Clause */
#include "mark.h"

#include "cell.h"

void mark_fill(struct test_regs *r, uint64_t turn)
{
    for (uint64_t i = 0; i < 31; i++)
        r->x[i] = (uint64_t)MARK << 56 | i << 48 | (turn & UINT64_C(0xffffffffffff));
    r->nzcv = (turn & 15) << 28;
}

static void wrong(unsigned where, uint64_t value, unsigned number)
{
    if (FOUND->cell[CELL_INDEX].wrong++ == 0) {
        FOUND->cell[CELL_INDEX].where = where;
        FOUND->cell[CELL_INDEX].value = value;
        FOUND->cell[CELL_INDEX].number = number;
    }
}

void mark_check(const struct test_regs *before, const struct test_regs *after, unsigned number,
                bool message)
{
    bool plain = number > MV_CALL_upcall_return;

    FOUND->cell[CELL_INDEX].checks++;
    if (after->nzcv != 0 && after->nzcv != before->nzcv)
        wrong(31, after->nzcv, number);      /* the flags */
    for (unsigned i = 0; i < 31; i++) {
        uint64_t value = after->x[i];

        if (i >= 19) {
            if (value != before->x[i])
                wrong(i, value, number);
            continue;
        }
        if (value == 0 || value == before->x[i])
            continue;
        if (i < 8 && message)
            continue;
        /* A status and a small value, or a status and the source. */
        if (plain && ((i == 0 && value < 32) || (i == 1 && value < 0x100000)))
            continue;
        if (!plain && ((i == 8 && value < 32) || (i == 9 && value < UINT64_C(1) << 41)))
            continue;
        wrong(i, value, number);
    }
}
