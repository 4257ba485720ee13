/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/calls.h>
#include <libmv/watch.h>

#include "internal.h"

void watch_tell(const struct mv_watch *w, uint64_t mark, uint64_t value)
{
    if (w->trace_cap != 0)
        (void)mv_trace_mark(w->trace_cap, mark | (uint64_t)w->index << 32, value);
    if (w->raise_cap != 0)
        (void)mv_virq_raise(w->raise_cap, UINT64_C(1) << (w->index & 63));
}
