/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"

#include "cell.h"
#include "core.h"
#include "ipc.h"
#include "print.h"
#include "trace.h"
#include "vm.h"

static void note(struct vcpu *v, enum mv_fault kind, uint64_t address, uint64_t syndrome)
{
    v->fault = kind;
    v->fault_address = address;
    v->fault_syndrome = syndrome;
    v->faults++;
    trace(MV_EVENT_FAULT, v, kind | syndrome << 32, address);
}

void fault_raise(struct vcpu *v, enum mv_fault kind, uint64_t address, uint64_t syndrome)
{
    note(v, kind, address, syndrome);
    ipc_fault(v);
}

void fault_stop(struct vcpu *v, enum mv_fault kind)
{
    note(v, kind, 0, 0);
    fault_log(v);
    vcpu_halt(v, VCPU_FAULTED);
}

void fault_message(struct vcpu *v, uint64_t *words)
{
    if (v->vm != NULL) {
        arch_copy(words, v->vm->message, sizeof(v->vm->message));
        return;
    }
    words[0] = v->fault;
    words[1] = arch_frame_pc(v);
    words[2] = v->fault_address;
    words[3] = v->fault_syndrome;
    words[4] = v->cell->index;
    words[5] = v->number;
    words[6] = words[7] = 0;
}

/* ---- the log of faults nobody takes --------------------------------------- */

/*
 * Text for the board's UART. Printing at once would keep interrupts masked for
 * milliseconds on a real UART, so an idle core prints it; what does not fit is
 * dropped, and the trace has it all the same.
 */
static char     log_text[512];
static uint32_t log_head, log_tail;
static uint32_t log_lock;

static void log_char(char c)
{
    if (log_head - log_tail < sizeof(log_text))
        log_text[log_head++ % sizeof(log_text)] = c;
}

void fault_log(const struct vcpu *v)
{
    const uint64_t value[] = { (uint64_t)(uintptr_t)v->cell->sys->name, v->fault /* enum mv_fault in abi.h */,
                               v->fault_address, arch_frame_pc(v), v->fault_syndrome };

    arch_lock(&log_lock);
    print_to(log_char, "mullion: cell $ stopped: fault % at %, pc %, syndrome %\n", value);
    arch_unlock(&log_lock);
}

void fault_log_drain(void)
{
    while (log_tail != log_head && !arch_irq_pending()) {
        arch_lock(&log_lock);
        if (log_tail != log_head)
            arch_putc(log_text[log_tail++ % sizeof(log_text)]);
        arch_unlock(&log_lock);
    }
}
