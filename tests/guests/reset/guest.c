/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that changes whatever it can, then resets its machine: it must find
 * everything as at the first start, again and again. It is done at each start.
 */
#include "gic.h"

#define WORDS 1024u

static uint64_t data[WORDS] = { 1, 2, 3 };
static uint64_t bss[WORDS];

static void idle(void *argument)
{
    *(volatile uint64_t *)argument = 1;
    for (;;)
        wfi();
}

static void reset_state(void)
{
    test("reset: memory and registers are as new");
    EXPECT(data[0] == 1 && data[1] == 2 && data[2] == 3 && data[WORDS - 1] == 0);
    for (uint32_t i = 0; i < WORDS; i++)
        if (bss[i] != 0) {
            test_fail(__LINE__, "word %u is 0x%lx", i, bss[i]);
            break;
        }
    EXPECT_EQ(READ_REGISTER(cntv_ctl_el0) & 1, 0);
    EXPECT_EQ(READ_REGISTER(daif), 0x3c0);

    test("reset: the interrupt controller is as new");
    EXPECT_EQ(read32(MV_GUEST_GICD + GICD_CTLR) & 3, 0);
    for (uint32_t id = 0; id < 96; id++) {
        if ((id >= 16 && gic_bit(GICD_ISENABLER, id)) || gic_bit(GICD_ISPENDR, id) || gic_bit(GICD_ISACTIVER, id))
            test_fail(__LINE__, "id %u: enabled, pending or active", id);
    }
    for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++)
        EXPECT_EQ(psci(PSCI_AFFINITY_INFO, cpu, 0, 0), 1);
}

static void change_all(void)
{
    volatile uint64_t arrived = 0;

    gic_init();
    for (uint32_t id = 0; id < 96; id++) {
        gic_set_priority(id, 0x40);
        gic_enable(id);
        gic_set_bit(GICD_ISPENDR, id);
    }
    WRITE_REGISTER(cntv_cval_el0, 0);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    (void)gic_ack();
    for (unsigned cpu = 1; cpu < guest_tree.cpu_count; cpu++) {
        arrived = 0;
        EXPECT_EQ(cpu_start(cpu, idle, (void *)(uintptr_t)&arrived), 0);
        EXPECT(WAIT_FOR(arrived != 0, 1000000));
    }
    test_end();
    for (uint32_t i = 0; i < WORDS; i++)
        data[i] = bss[i] = i * 77 + 5;
}

void guest_main(void)
{
    reset_state();
    change_all();
    guest_sums();
    for (;;)
        (void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}
