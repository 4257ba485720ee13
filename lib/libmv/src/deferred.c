/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/loop.h>
#include <libmv/start.h>

uint64_t mv_lines_deferred(void)
{
    struct mv_local *local = mv_local();
    uint64_t lines = local->deferred;

    local->deferred = 0;
    return lines;
}

void mv_lines_defer(uint64_t lines)
{
    mv_local()->deferred |= lines;
}
