/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include "cell.h"
#include "core.h"
#include "system.h"

/* What the fast path does without a record. */
#define FAST_CLASSES (MV_TRACE_IPC | MV_TRACE_VIRQ | MV_TRACE_SCHED | MV_TRACE_IRQ)

uint32_t trace_mask = MV_TRACE_FAULT;

static const uint8_t class_of[] = {
    [MV_EVENT_SWITCH] = MV_TRACE_SCHED,   [MV_EVENT_CALL] = MV_TRACE_IPC,      [MV_EVENT_REPLY] = MV_TRACE_IPC,
    [MV_EVENT_RAISE] = MV_TRACE_VIRQ,     [MV_EVENT_TAKE] = MV_TRACE_VIRQ,     [MV_EVENT_IRQ] = MV_TRACE_IRQ,
    [MV_EVENT_SPURIOUS] = MV_TRACE_IRQ,   [MV_EVENT_FAULT] = MV_TRACE_FAULT,   [MV_EVENT_MAP] = MV_TRACE_SPACE,
    [MV_EVENT_UNMAP] = MV_TRACE_SPACE,    [MV_EVENT_OVERRUN] = MV_TRACE_SCHED, [MV_EVENT_EXIT] = MV_TRACE_FAULT,
    [MV_EVENT_DMA] = MV_TRACE_FAULT,      [MV_EVENT_EXHAUSTED] = MV_TRACE_TIME, [MV_EVENT_BOUND] = MV_TRACE_TIME,
    [MV_EVENT_WINDOW] = MV_TRACE_TIME,    [MV_EVENT_MARK] = MV_TRACE_MARK,
};

__attribute__((noinline))
void trace(enum mv_trace_event event, const struct vcpu *v, uint64_t a, uint64_t b)
{
    struct mv_trace_ring *ring;

    if (likely((trace_mask & class_of[event]) == 0) || (ring = core_here()->trace) == NULL)
        return;
    uint64_t head = ring->head;

    ring->record[head & (ring->count - 1)] = (struct mv_trace_record){
        .time = arch_time(),
        .event = (uint16_t)event,
        .cell = v == NULL ? UINT16_MAX : (uint16_t)v->cell->index,
        .vcpu = v == NULL ? UINT16_MAX : v->index,
        .a = a,
        .b = b,
    };
    /* The record must be seen before the head that covers it; a reader on
     * another core loads the head with acquire. */
    __atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
}

struct result call_trace_mark(HANDLER_ARGS)
{
    trace(MV_EVENT_MARK, self, a1, a2);
    return result_status(MV_OK);
}

bool trace_is_fast(void) { return (trace_mask & FAST_CLASSES) != 0; }

struct result call_trace_set(HANDLER_ARGS)
{
    if ((a1 & ~(uint64_t)MV_TRACE_ALL) != 0)
        return result_status(MV_BAD_ARG);
    trace_mask = (uint32_t)a1 | MV_TRACE_FAULT;
    /* How far it has come travels in the half of a register that the door ignores. */
    for (uint64_t i = a0 >> 32; i < system_vcpu_count(); i++) {
        vcpu_set_keys(vcpu_at((uint32_t)i), (a1 & FAST_CLASSES) != 0);
        if (arch_irq_pending()) {
            arch_restart_call(self, (uint32_t)a0 | (i + 1) << 32, a1, 0, 0, 0, 0);
            return result_none();
        }
    }
    return result_status(MV_OK);
}
