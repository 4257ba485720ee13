/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine that works for ever, and says now and then that it does. */
#include "gic.h"

static volatile uint64_t beats;

static void tick(struct frame *f, unsigned vector)
{
    uint32_t iar = gic_ack();

    (void)f;
    (void)vector;
    if (GIC_ID(iar) >= 1020)
        return;
    WRITE_REGISTER(cntv_cval_el0, READ_REGISTER(cntv_cval_el0) + ticks_of_us(1000));
    isb();
    gic_eoi(iar);
    beats++;
}

void guest_main(void)
{
    gic_init();
    gic_set_priority(MV_GUEST_PPI_VTIMER, 0x80);
    gic_enable(MV_GUEST_PPI_VTIMER);
    guest_on_irq = tick;
    test_end();
    WRITE_REGISTER(cntv_cval_el0, now_ticks());
    WRITE_REGISTER(cntv_ctl_el0, 1);
    irq_enable();
    for (;;) {
        uint64_t before = beats;

        while (beats < before + 20)
            wfi();
        say("guest: beats");
    }
}
