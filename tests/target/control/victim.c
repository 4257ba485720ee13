/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include "box.h"
#include "cell.h"

static volatile uint64_t in_data = 0xdada, in_bss;

void fill_and_spin(volatile uint64_t *count) __attribute__((noreturn));

void mv_main(unsigned vcpu)
{
    (void)vcpu;
    for (;;) {
        BOX->other++;
        mv_sleep(MV_MS);
    }
}

static void fault(uint64_t kind)
{
    struct guard_slot *g = GUARD_SLOT(CELL_INDEX, 0);
    uint64_t value = 0;

    switch (kind) {
    case MV_FAULT_READ:
        (void)guard_read(g, BOX->fault_address, &value);
        break;
    case MV_FAULT_WRITE:
        (void)guard_write(g, BOX->fault_address, 1);
        break;
    case MV_FAULT_EXECUTE:
    case MV_FAULT_ALIGNMENT:
        (void)guard_execute(g, BOX->fault_address, &value);
        break;
    case MV_FAULT_UNDEFINED:
        __asm__ volatile("udf #7");
        break;
    case MV_FAULT_TRAPPED:
        __asm__ volatile("mrs x9, cntpct_el0" : : : "x9");
        break;
    case MV_FAULT_FP:
        __asm__ volatile(".inst 0x9e6703e0");   /* fmov d0, xzr */
        break;
    case MV_FAULT_DEBUG:
        __asm__ volatile("brk #0x1234");
        break;
    }
    BOX->faults_done++;
}

static void serve(bool faulty)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        if (st != MV_OK)
            mv_exit();
        if (faulty)
            fault(BOX->fault_kind);
        w.w[0]++;
        st = mv_reply_wait(&w, &source);
    }
}

int main(void)
{
    struct mv_words w = { { 0 } };
    uint64_t source;

    BOX->starts++;
    BOX->data = in_data++;
    BOX->bss = in_bss++;
    switch (BOX->mode) {
    case BOX_SPIN:
        for (;;)
            BOX->spins++;
    case BOX_FILL:
        fill_and_spin(&BOX->spins);
    case BOX_WAIT:
        BOX->status = mv_wait(&w, &source);
        break;
    case BOX_CALL:
        BOX->status = mv_call(CAP_QUIET_DOOR, &w);
        break;
    case BOX_FAULT:
        fault(BOX->fault_kind);
        break;
    case BOX_EXIT:
        return 0;
    case BOX_SERVE:
    case BOX_SERVE_FAULT:
        serve(BOX->mode == BOX_SERVE_FAULT);
        break;
    }
    for (;;)
        BOX->spins++;
}
