/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device interrupt: the PL031's alarm. Its line is high from the moment the
 * match register equals the count until the interrupt is cleared.
 */
#include "virq.h"

#ifdef DEVICE_RTC_ADDRESS

#define RTC_COUNT  0x00u
#define RTC_MATCH  0x04u
#define RTC_ENABLE 0x10u
#define RTC_RAW    0x14u
#define RTC_CLEAR  0x1cu

#define IS_EDGE (TEST_CORES > 1)

static void rtc_write(uint32_t offset, uint32_t value)
{
    mv_write32(DEVICE_RTC_ADDRESS + offset, value);
}

static void rtc_fire(void)
{
    /* The count moves once a second: try again if it just did. */
    for (int i = 0; i < 100 && mv_read32(DEVICE_RTC_ADDRESS + RTC_RAW) == 0; i++)
        rtc_write(RTC_MATCH, mv_read32(DEVICE_RTC_ADDRESS + RTC_COUNT));
    EXPECT_EQ(mv_read32(DEVICE_RTC_ADDRESS + RTC_RAW), 1);
}

static void rtc_clear(void) { rtc_write(RTC_CLEAR, 1); }

/* Whether its vIRQ comes within a while. */
static bool comes(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait_flags(&w, &source, MV_LINES | MV_DEADLINE, test_now() + PATIENCE / 3,
                                   UINT64_C(1) << DEVICE_RTC_LINE);

    return st == MV_OK && MV_SOURCE_LINE(source) == DEVICE_RTC_LINE && w.w[0] == 1;
}

static void ack(void)
{
    EXPECT_STATUS(mv_virq_ack(DEVICE_RTC_CAP, NULL), MV_OK);
}

void device_tests(void)
{
    struct mv_counters *c = (struct mv_counters *)mv_message_data();
    uint64_t before;

    test_start(IS_EDGE ? "virq: a device's edge interrupt" : "virq: a device's level interrupt");
    rtc_write(RTC_ENABLE, 1);
    rtc_clear();
    ack();
    EXPECT(!comes());
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
    before = c->interrupts;
    for (int i = 0; i < 20; i++) {
        rtc_fire();
        EXPECT(comes());
        EXPECT(!comes());             /* not before it is acknowledged */
        rtc_clear();
        ack();
        EXPECT(!comes());
    }
    EXPECT_STATUS(mv_vcpu_counters(CAP_VCPU_MAIN_0), MV_OK);
    EXPECT_EQ(c->interrupts - before, 20);

    test_start("virq: acknowledged while the device still wants something");
    rtc_fire();
    EXPECT(comes());
    for (int i = 0; i < 3; i++) {
        ack();
        EXPECT(comes() == !IS_EDGE);  /* a level comes again and again */
    }
    rtc_clear();
    ack();
    EXPECT(!comes());

    test_start("virq: a second interrupt before the first is acknowledged");
    rtc_fire();
    EXPECT(comes());
    rtc_clear();
    rtc_fire();
    EXPECT(!comes());
    ack();
    EXPECT(comes());
    rtc_clear();
    ack();
    EXPECT(!comes());

    test_start("virq: a device's interrupt that is masked");
    EXPECT_STATUS(mv_virq_mask(DEVICE_RTC_CAP), MV_OK);
    rtc_fire();
    EXPECT(!comes());
    EXPECT_STATUS(mv_virq_unmask(DEVICE_RTC_CAP), MV_OK);
    EXPECT(comes());
    rtc_clear();
    ack();
    EXPECT(!comes());
}

#else

void device_tests(void)
{
}

#endif
