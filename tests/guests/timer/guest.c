/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual timer. Alone: each rule of its three registers. With "hog=1" a
 * native cell takes the processor away again and again. With "ticks=N": N ticks
 * of 250 us (or "us"), none lost, none later than "late_us".
 */
#include "gic.h"

#define TIMER      MV_GUEST_PPI_VTIMER
#define ENABLE     1u
#define IMASK      2u
#define ISTATUS    4u
#define TICK_US    250u
#define MARGIN     40u         /* 10 ms: machines beside this one start and end within that */

static volatile uint32_t fired;
static volatile uint64_t fired_at, latest;     /* latest: the most that one came late, in ticks */
static volatile uint64_t next, period;         /* next: what the comparator is set to; period: 0: once */
static volatile uint32_t early, lost, wanted;   /* wanted: how many a periodic one makes */
static uint32_t margin;        /* so many at either end may be late: another machine prints then */

static uint32_t control(void) { return (uint32_t)READ_REGISTER(cntv_ctl_el0); }
static void set_control(uint32_t v) { WRITE_REGISTER(cntv_ctl_el0, v); isb(); }
static void set_compare(uint64_t v) { next = v; WRITE_REGISTER(cntv_cval_el0, v); isb(); }
static uint64_t us_of(uint64_t ticks) { return ticks * 1000000 / READ_REGISTER(cntfrq_el0); }

static void tick(struct frame *f, unsigned vector)
{
    uint64_t now = now_ticks();
    uint32_t iar = gic_ack();

    (void)f;
    (void)vector;
    if (GIC_ID(iar) != TIMER) {
        if (GIC_ID(iar) < 1020)
            gic_eoi(iar);
        return;
    }
    fired++;
    fired_at = now;
    early += now < next;
    bool counts = margin == 0 || (fired > margin && fired + margin < wanted);
    if (counts && now >= next && now - next > latest)
        latest = now - next;
    if (period == 0 || fired == wanted) {
        set_control(0);
    } else {
        lost += counts && now >= next + period;
        set_compare(next + period);
    }
    gic_eoi(iar);
}

static void clear(void)
{
    set_control(0);
    fired = early = lost = 0;
    latest = period = 0;
}

/* The comparator is set to `at`; how long after that, or after now if it is
 * past already, does the interrupt come? */
static void comes_once(unsigned line, uint64_t at)
{
    set_control(0);     /* or it comes while the host holds this processor between the next two lines */
    fired = 0;
    set_compare(at);
    set_control(ENABLE);
    if (!WAIT_FOR(fired != 0, 100000))
        test_fail(line, "it does not come");
    else if (fired_at < at)
        test_fail(line, "it came %lu ticks early", at - fired_at);
    spin_us(20);
    if (fired > 1)
        test_fail(line, "it came %u times", fired);
    set_control(0);
}

static void past(void)
{
    test("timer: set in the past, and just ahead");
    clear();
    irq_enable();
    comes_once(__LINE__, 0);
    comes_once(__LINE__, now_ticks() - 1);
    for (unsigned ahead = 0; ahead < 200; ahead++)
        comes_once(__LINE__, now_ticks() + ahead);
    irq_disable();
    EXPECT_EQ(early, 0);
}

static void masks(void)
{
    uint32_t before;

    test("timer: masked in the timer, in the processor, and not enabled");
    clear();
    irq_enable();
    set_compare(now_ticks() - 1);
    set_control(ENABLE | IMASK);
    spin_us(50);
    EXPECT_EQ(fired, 0);
    EXPECT_EQ(control(), ENABLE | IMASK | ISTATUS);
    set_control(ENABLE);
    EXPECT(WAIT_FOR(fired == 1, 10000));
    irq_disable();
    set_compare(now_ticks() + ticks_of_us(100));
    set_control(ENABLE);
    uint32_t seen = control();
    if (now_ticks() < next)            /* or the host was not there so long */
        EXPECT_EQ(seen & ISTATUS, 0);
    before = fired;
    /* A host that is busy lets QEMU's own timers come late. */
    EXPECT(WAIT_FOR(control() == (ENABLE | ISTATUS), 10000));
    EXPECT(WAIT_FOR((READ_REGISTER(isr_el1) >> 7 & 1) == 1, 10000));
    EXPECT_EQ(fired, before);
    irq_enable();
    EXPECT(WAIT_FOR(fired == before + 1, 10000));
    /* Taken back before it comes. */
    set_compare(now_ticks() + ticks_of_us(500));
    set_control(ENABLE);
    set_control(0);
    bool in_time = now_ticks() < next;
    spin_us(800);
    if (in_time)
        EXPECT_EQ(fired, before + 1);
    irq_disable();
}

static void far(void)
{
    test("timer: in the far future");
    clear();
    irq_enable();
    set_compare(UINT64_MAX);
    set_control(ENABLE);
    spin_us(500);
    set_compare(now_ticks() + (UINT64_C(1) << 55));
    spin_us(500);
    EXPECT_EQ(control(), ENABLE);
    EXPECT_EQ(fired, 0);
    comes_once(__LINE__, now_ticks() + ticks_of_us(100));
    irq_disable();
}

static void values(void)
{
    uint64_t now, compare;

    test("timer: the two views of its time");
    clear();
    now = now_ticks();
    WRITE_REGISTER(cntv_tval_el0, 1000000);
    isb();
    compare = READ_REGISTER(cntv_cval_el0);
    EXPECT(compare >= now + 1000000 && compare <= now_ticks() + 1000000);
    int32_t left = (int32_t)READ_REGISTER(cntv_tval_el0);
    EXPECT(left > 0 && left <= 1000000);
    WRITE_REGISTER(cntv_tval_el0, (uint32_t)-5);
    isb();
    set_control(ENABLE | IMASK);
    EXPECT_EQ(control() & ISTATUS, ISTATUS);
    EXPECT((int32_t)READ_REGISTER(cntv_tval_el0) < 0);
    set_control(0);
    WRITE_REGISTER(cntv_cval_el0, UINT64_C(0x123456789abcdef0));
    EXPECT_EQ(READ_REGISTER(cntv_cval_el0), UINT64_C(0x123456789abcdef0));
    EXPECT(READ_REGISTER(cntfrq_el0) >= 1000000);
    /* Counting, and never backwards. */
    for (int i = 0; i < 1000; i++) {
        now = now_ticks();
        compare = now_ticks();
        if (compare < now)
            test_fail(__LINE__, "the counter goes back by %lu", now - compare);
    }
}

static void physical(void)
{
    test("timer: the physical one says when it would fire");
    WRITE_REGISTER(cntp_cval_el0, 0);
    WRITE_REGISTER(cntp_ctl_el0, ENABLE | IMASK);
    isb();
    EXPECT_EQ(READ_REGISTER(cntp_ctl_el0) & 7, ENABLE | IMASK | ISTATUS);
    WRITE_REGISTER(cntp_cval_el0, UINT64_MAX);
    isb();
    EXPECT_EQ(READ_REGISTER(cntp_ctl_el0) & 7, ENABLE | IMASK);
    EXPECT_EQ(READ_REGISTER(cntp_cval_el0), UINT64_MAX);
    WRITE_REGISTER(cntp_ctl_el0, 0);
}

static void waiting(void)
{
    uint64_t seed = 5;

    test("timer: WFI until it comes");
    clear();
    for (int i = 0; i < 300; i++) {
        uint64_t at = now_ticks() + ticks_of_us(random_next(&seed) % 2000);
        uint32_t before = fired;

        set_compare(at);
        set_control(ENABLE);
        while (fired == before) {
            /* Masked: the interrupt cannot slip in between the question and the WFI. */
            irq_disable();
            if (fired == before)
                wfi();
            irq_enable();
            isb();
        }
        irq_disable();
        if (fired_at < at || fired != before + 1)
            test_fail(__LINE__, "turn %d: early by %lu, %u came", i, at - fired_at, fired - before);
    }
    /* Already pending: WFI does not wait. */
    set_compare(0);
    set_control(ENABLE);
    for (int i = 0; i < 100; i++)
        wfi();
    irq_enable();
    EXPECT(WAIT_FOR(control() == 0, 10000));
    irq_disable();
    EXPECT_EQ(early, 0);
}

/* `count` ticks, armed again in the handler; between them WFI, or none. */
static void run_ticks(uint32_t count, uint64_t us, bool sleeps)
{
    clear();
    period = ticks_of_us(us);
    wanted = count;
    set_compare(now_ticks() + period);
    set_control(ENABLE);
    while (fired < count) {
        if (sleeps) {
            irq_disable();
            wfi();
        }
        irq_enable();
        isb();
    }
    irq_disable();
    set_control(0);
}

static void periodic(void)
{
    uint64_t begin;

    test("timer: armed again in its handler");
    for (unsigned sleeps = 0; sleeps < 2; sleeps++) {
        begin = now_ticks();
        run_ticks(500, 100, sleeps != 0);
        EXPECT_EQ(fired, 500);
        EXPECT_EQ(early, 0);
        EXPECT(us_of(now_ticks() - begin) >= 50000);
    }
}

/* A native cell of higher priority takes the processor for 3 of 10 ms. */
static void hogged(void)
{
    uint64_t begin, last, gap, longest = 0;

    test("timer: fires while another one has the processor");
    begin = last = now_ticks();
    /* A host that is busy may let it come late. */
    while (us_of(now_ticks() - begin) < (us_of(longest) < 2000 ? 2000000 : 50000)) {
        gap = now_ticks() - last;
        last = now_ticks();
        longest = gap > longest ? gap : longest;
    }
    if (us_of(longest) < 2000)
        test_fail(__LINE__, "nobody takes the processor away: at most %lu us", us_of(longest));
    for (unsigned sleeps = 0; sleeps < 2; sleeps++) {
        run_ticks(300, 1000, sleeps != 0);
        EXPECT_EQ(early, 0);
        EXPECT_EQ(fired, 300);
        if (guest_option("icount", 0) != 0 && us_of(latest) > 3100)
            test_fail(__LINE__, "%lu us late", us_of(latest));
    }
}

static void all_ticks(void)
{
    uint64_t late_us = guest_option("late_us", 0);

    test("timer: 4,000 ticks a second, none lost and none late");
    margin = MARGIN;
    run_ticks((uint32_t)guest_option("ticks", 4000), guest_option("us", TICK_US), true);
    say("guest: latest %lu us", us_of(latest));
    EXPECT_EQ(early, 0);
    if (late_us != 0) {
        EXPECT_EQ(lost, 0);
        if (us_of(latest) > late_us)
            test_fail(__LINE__, "one came %lu us late", us_of(latest));
    }
}

void guest_main(void)
{
    gic_init();
    gic_set_priority(TIMER, 0x80);
    gic_quiet(TIMER);
    gic_enable(TIMER);
    guest_on_irq = tick;
    if (guest_option("ticks", 0) != 0) {
        all_ticks();
        return;
    }
    past();
    masks();
    far();
    values();
    physical();
    waiting();
    periodic();
    if (guest_option("hog", 0) != 0)
        hogged();
}
