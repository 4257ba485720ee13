/* SPDX-License-Identifier: BSD-2-Clause */
#include "window.h"

#include "core.h"
#include "ipc.h"
#include "sched.h"
#include "system.h"
#include "timer.h"
#include "trace.h"

#define SWITCH_NS 100000u      /* all cores have come past the beginning of a frame so long after it */
#define CALL_NS   8000u        /* what the kernel itself takes of a call that may be held back */

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
    /* All cores do, before any cell runs. Until the next frame begins, nothing else is open. */
    present.table = s;
    present.from = 0;
    core->schedule = s;
    core->frame = time_to_ns(arch_time()) / s->frame_ns * s->frame_ns;
    core->window = s->window_count[core->index] - 1;
    core->eligible = 1;
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
        sched_close(running);
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
    return window_is_open(v) && arch_time() + time_to_ticks(portal->sys->bound_ns + CALL_NS) <= v->core->window_end.key;
}

struct result call_schedule_switch(HANDLER_ARGS)
{
    const struct core *core = self->core;
    const struct mv_sys_schedule *s = system_schedule(a1);
    uint64_t now = time_to_ns(arch_time()), from;
    struct result r = { MV_BUSY, 0 };

    if (s == NULL)
        return result_status(MV_BAD_ARG);
    from = core->frame + core->schedule->frame_ns;
    if (from < now + SWITCH_NS)
        from += core->schedule->frame_ns;
    arch_lock(&present.lock);
    /* Each core is to see each change. */
    if (now >= present.from + SWITCH_NS) {
        present.table = s;
        present.from = from;
        r = (struct result){ MV_OK, from };
    }
    arch_unlock(&present.lock);
    return r;
}
