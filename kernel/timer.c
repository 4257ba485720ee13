/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer.h"

#include "sched.h"
#include "trace.h"
#include "virq.h"

void timer_expired(struct timer *t, uint64_t now)
{
    struct vcpu *sink = t->virq->sink;

    if (t->period != 0) {
        /* Periods that passed unserved are counted, not repeated. */
        uint64_t lost = (now - t->node.key) / t->period;
        uint64_t unserved = lost + (sink->virq_pending >> t->virq->line & 1);

        if (unserved != 0) {
            sink->overruns += unserved;
            trace(MV_EVENT_OVERRUN, sink, unserved, 0);
        }
        if (__builtin_mul_overflow(lost + 1, t->period, &lost) ||
            __builtin_add_overflow(t->node.key, lost, &t->node.key))
            t->node.key = UINT64_MAX;
        heap_insert(&sink->core->timers, &t->node);
    }
    virq_raise_local(t->virq, 1);
}

void timer_stop(struct timer *t)
{
    heap_drop(&t->virq->sink->core->timers, &t->node);
}

struct result call_timer_set(HANDLER_ARGS)
{
    struct timer *t = object;
    uint64_t first = a1, period = a2;

    if (t->virq->sink->core != self->core)
        return result_status(MV_NOT_OWNER);
    if (period != 0 && period < t->shortest)
        return result_status(MV_BAD_ARG);

    timer_stop(t);
    if (first == 0 && period == 0)
        return result_status(MV_OK);
    t->period = period == 0 ? 0 : time_to_ticks(period);
    t->node.key = time_to_ticks(first);
    t->node.kind = TIMEOUT_TIMER;
    heap_insert(&self->core->timers, &t->node);
    sched_timer_update(self->core);
    return result_status(MV_OK);
}
