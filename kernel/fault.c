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
 * milliseconds on a real UART, so an idle core makes a line of it, a part at a time, and prints
 * that, a character at a time; what does not fit is dropped, and the trace has it all the same.
 */
#define LOG_FAULTS 8u    /* a power of two */
#define LOG_PARTS  5u    /* of a line; each ends with a NUL and has one value */
#define LOG_STEP   8u    /* from a fault's values to the next one's */
static const char log_line[] = "mullion: cell $\0 stopped: fault %\0 at %\0, pc %\0, syndrome %\n";

static uint64_t    log_value[LOG_FAULTS * LOG_STEP];
static uint32_t    log_head, log_tail;     /* of them; the tail's part is being printed */
static const char *log_part = log_line;    /* the next to be made text */
static char        log_text[64];
static uint32_t    log_made, log_put;
static uint32_t    log_lock;
static_assert(sizeof("mullion: cell ") - 1 + MV_NAME_BYTES <= sizeof(log_text), "the longest part fits");

static void log_char(char c)
{
    log_text[log_made++] = c;
}

void fault_log(const struct vcpu *v)
{
    arch_lock(&log_lock);
    if (log_head - log_tail <= (LOG_FAULTS - 1) * LOG_STEP) {
        uint64_t *value = &log_value[log_head % (LOG_FAULTS * LOG_STEP)];

        value[0] = (uint64_t)(uintptr_t)v->cell->sys->name;
        value[1] = v->fault;    /* enum mv_fault in abi.h */
        value[2] = v->fault_address;
        value[3] = arch_frame_pc(v);
        value[4] = v->fault_syndrome;
        log_head += LOG_STEP;
    }
    arch_unlock(&log_lock);
}

void fault_log_drain(void)
{
    while (log_tail != log_head && !arch_irq_pending()) {
        arch_lock(&log_lock);
        if (log_tail != log_head) {
            if (log_put == log_made) {
                log_put = log_made = 0;
                log_part = print_to(log_char, log_part, &log_value[log_tail % (LOG_FAULTS * LOG_STEP)]) + 1;
            }
            arch_putc(log_text[log_put++]);
            if (log_put == log_made && ++log_tail % LOG_STEP == LOG_PARTS) {
                log_tail += LOG_STEP - LOG_PARTS;
                log_part = log_line;
            }
        }
        arch_unlock(&log_lock);
    }
}
