/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/time.h>

void mv_period_start(struct mv_period *p, uint64_t length_ns)
{
    p->length = length_ns != 0 ? length_ns : 1;
    p->next = mv_time_ns() + p->length;
}

uint64_t mv_period_wait(struct mv_period *p)
{
    uint64_t now = mv_time_ns(), missed = 0;

    if (now > p->next) {
        missed = (now - p->next) / p->length;
        p->next += missed * p->length;
    } else {
        mv_sleep_until(p->next);
    }
    p->next += p->length;
    return missed;
}
