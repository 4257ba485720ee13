/* SPDX-License-Identifier: BSD-2-Clause */
#include "window.h"

#include "core.h"
#include "ipc.h"
#include "sched.h"
#include "system.h"
#include "timer.h"
#include "trace.h"

#define START_NS  1000000u     /* after the first core has asked: all are there by then        */
#define SWITCH_NS 100000u      /* no core that is told now begins a frame before it knows that */

/* Frames from `from` on follow `table`. */
static struct {
    uint32_t lock;
    const struct mv_sys_schedule *table;
    uint64_t from;             /* ns */
} present;

/* To the end of the present window. */
static void wait_for_end(struct core *core)
{
    const struct mv_sys_schedule *s = core->schedule;
    uint32_t next = core->window + 1;

    core->window_end.key = time_to_ticks(core->frame + (next == s->window_count[core->index] ? s->frame_ns :
                                                        system_window(s->first_window[core->index] + next)->start_ns));
    core->window_end.kind = TIMEOUT_WINDOW;
    heap_insert(&core->timers, &core->window_end);
    sched_timer_update(core);
}

void window_start(struct core *core)
{
    const struct mv_sys_schedule *s = system_schedule(0);

    core->eligible = UINT32_MAX;
    if (s == NULL)
        return;
    arch_lock(&present.lock);
    if (present.table == NULL) {
        present.table = s;
        present.from = time_to_ns(arch_time()) + START_NS;
    }
    core->frame = present.from - s->frame_ns;
    arch_unlock(&present.lock);
    core->schedule = s;
    core->eligible = 1;
    core->window = s->window_count[core->index] - 1;
    wait_for_end(core);
}

void window_expired(struct core *core)
{
    const struct mv_sys_schedule *s = core->schedule;
    const struct mv_sys_window *w;
    struct vcpu *running = sched_running(core);
    uint64_t start;

    if (++core->window == s->window_count[core->index]) {
        core->window = 0;
        core->frame += s->frame_ns;
        arch_lock(&present.lock);
        if (core->frame >= present.from)
            core->schedule = s = present.table;
        arch_unlock(&present.lock);
    }
    w = system_window(s->first_window[core->index] + core->window);
    start = core->window_end.key;
    core->eligible = w->partitions;
    wait_for_end(core);
    trace(MV_EVENT_WINDOW, NULL, (uint64_t)(s - system_schedule(0)) << 32 | core->window, start);
    if (running != NULL && !window_is_open(running))
        sched_put_aside(running, QUEUED_WINDOW);
    for (uint32_t open = w->partitions; open != 0; open &= open - 1) {
        uint32_t p = (uint32_t)__builtin_ctz(open);

        while (core->parked[p] != 0) {
            struct vcpu *v = vcpu_at(core->parked[p] - 1u);

            sched_remove(v);
            sched_place(v);
        }
    }
}

bool window_has_room(const struct vcpu *v, const struct portal *portal)
{
    return window_is_open(v) && arch_time() + time_to_ticks(portal->sys->bound_ns) <= v->core->window_end.key;
}

struct result call_schedule_switch(HANDLER_ARGS)
{
    const struct core *core = self->core;
    const struct mv_sys_schedule *s = system_schedule(a1);
    uint64_t from;

    if (s == NULL)
        return result_status(MV_BAD_ARG);
    from = core->frame + core->schedule->frame_ns;
    if (from < time_to_ns(arch_time()) + SWITCH_NS)
        from += core->schedule->frame_ns;
    arch_lock(&present.lock);
    present.table = s;
    present.from = from;
    arch_unlock(&present.lock);
    return (struct result){ MV_OK, from };
}
