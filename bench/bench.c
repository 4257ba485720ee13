/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program of every cell of the benchmark. MARK() gives a place a name in
 * the symbol table and costs no instruction: the harness counts what the log
 * of executed addresses shows between two of them. Where a path begins and
 * ends in the same cell, the cell also measures it with the counter, which the
 * harness compares: with `-icount shift=4` a tick of 16 ns is one instruction.
 */
#include <libmv/libmv.h>

#include "cell.h"

/*
 * Capabilities and addresses differ between the cells, but the instructions
 * must not: they are read from here.
 */
static const volatile struct {
    uint32_t echo_short, echo_sized, echo_far, echo_fp, fp_go, driver_arm, say;
    uint32_t waiter_go, busy_go, equal_go, far_go, page, space, system;
} cap = {
#if defined(METER)
    .echo_short = CAP_ECHO_SHORT, .echo_sized = CAP_ECHO_SIZED, .echo_far = CAP_ECHO_FAR,
    .fp_go = CAP_FP_GO, .driver_arm = CAP_DRIVER_ARM, .say = CAP_SAY,
    .waiter_go = CAP_WAITER_GO, .busy_go = CAP_BUSY_GO, .equal_go = CAP_EQUAL_GO,
    .far_go = CAP_FAR_GO, .page = CAP_PAGE, .space = CAP_SPACE_MAIN, .system = CAP_SYSTEM,
#elif defined(FPCLIENT)
    .echo_fp = CAP_ECHO_FP,
#endif
};

#define MARK(name) __asm__ volatile(".global mark_" #name "\nmark_" #name ":" : : : "memory")
#define NOINLINE   __attribute__((noinline, noclone))
#define REPEAT     4
#define FREE_ADDRESS 0x180000      /* nothing of a cell's own is there */

static uint64_t ticks(void)
{
    uint64_t t;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t) : : "memory");
    return t;
}

/* The words are in registers here, and the compiler does not know them. */
#define OPAQUE(w)                                                                        \
    __asm__ volatile("" : "+r"((w).w[0]), "+r"((w).w[1]), "+r"((w).w[2]), "+r"((w).w[3]), \
                          "+r"((w).w[4]), "+r"((w).w[5]), "+r"((w).w[6]), "+r"((w).w[7]))

/* ---- what the meter measures, once each ----------------------------------------- */

static NOINLINE uint64_t call_reply_short(void)
{
    struct mv_words w = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
    uint32_t portal = cap.echo_short;

    OPAQUE(w);
    uint64_t begin = ticks();

    MARK(call_reply_short_begin);
    (void)mv_call(portal, &w);
    MARK(call_reply_short_end);
    uint64_t end = ticks();

    OPAQUE(w);
    return end - begin;
}

static NOINLINE uint64_t call_reply_full(void)
{
    struct mv_words w = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
    uint32_t portal = cap.echo_sized;

    OPAQUE(w);
    uint64_t begin = ticks();

    MARK(call_reply_full_begin);
    (void)mv_call_full(portal, &w);
    MARK(call_reply_full_end);
    uint64_t end = ticks();

    OPAQUE(w);
    return end - begin;
}

static NOINLINE uint64_t call_reply_extended(void)
{
    struct mv_words w = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
    uint32_t portal = cap.echo_sized;

    OPAQUE(w);
    uint64_t begin = ticks();

    MARK(call_reply_extended_begin);
    (void)mv_call_extended(portal, &w);
    MARK(call_reply_extended_end);
    uint64_t end = ticks();

    OPAQUE(w);
    return end - begin;
}

static NOINLINE uint64_t call_reply_other_core(void)
{
    struct mv_words w = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
    uint32_t portal = cap.echo_far;

    OPAQUE(w);
    uint64_t begin = ticks();

    MARK(call_reply_other_core_begin);
    (void)mv_call(portal, &w);
    MARK(call_reply_other_core_end);
    uint64_t end = ticks();

    OPAQUE(w);
    return end - begin;
}

static NOINLINE uint64_t syscall_null(void)
{
    uint64_t begin = ticks();

    MARK(syscall_null_begin);
    (void)mv_null();
    MARK(syscall_null_end);
    return ticks() - begin;
}

/* The busy cell is ready and less urgent, so it does not wait and does not run. */
static NOINLINE uint64_t raise_no_waiter(void)
{
    uint32_t virq = cap.busy_go;
    uint64_t begin = ticks();

    MARK(raise_no_waiter_begin);
    (void)mv_virq_raise(virq, 1);
    MARK(raise_no_waiter_end);
    return ticks() - begin;
}

static NOINLINE uint64_t raise_to_waiter(void)
{
    uint32_t virq = cap.waiter_go;

    MARK(raise_to_waiter_begin);
    (void)mv_virq_raise(virq, 1);
    return 0;
}

static NOINLINE uint64_t raise_other_core(void)
{
    uint32_t virq = cap.far_go;

    MARK(raise_other_core_begin);
    (void)mv_virq_raise(virq, 1);
    mv_sleep(100 * MV_US);
    return 0;
}

static NOINLINE uint64_t yield_to_equal(void)
{
    MARK(yield_to_equal_begin);
    (void)mv_yield();
    return 0;
}

static NOINLINE uint64_t map_page(void)
{
    uint32_t space = cap.space, page = cap.page;
    uint64_t begin = ticks();

    MARK(map_page_begin);
    (void)mv_space_map(space, page, FREE_ADDRESS, 0, MV_PAGE_SIZE, MV_MAP_READ | MV_MAP_WRITE);
    MARK(map_page_end);
    uint64_t end = ticks();

    *(volatile uint64_t *)FREE_ADDRESS = 1;
    return end - begin;
}

static NOINLINE uint64_t protect_page(void)
{
    uint32_t space = cap.space;
    uint64_t begin = ticks();

    MARK(protect_page_begin);
    (void)mv_space_protect(space, FREE_ADDRESS, MV_PAGE_SIZE, MV_MAP_READ);
    MARK(protect_page_end);
    return ticks() - begin;
}

static NOINLINE uint64_t unmap_page(void)
{
    uint32_t space = cap.space;
    uint64_t begin = ticks();

    MARK(unmap_page_begin);
    (void)mv_space_unmap(space, FREE_ADDRESS, MV_PAGE_SIZE);
    MARK(unmap_page_end);
    return ticks() - begin;
}

/* ---- FP --------------------------------------------------------------------------- */

static inline void use_fp(void)
{
    __asm__ volatile(".arch_extension fp\n\tfmov d0, xzr");
}

/* One instruction of FP here, one in the server: each finds the other's there. */
static NOINLINE uint64_t fp_switch(void)
{
    struct mv_words w = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
    uint32_t portal = cap.echo_fp;

    OPAQUE(w);
    uint64_t begin = ticks();

    MARK(fp_switch_begin);
    use_fp();
    (void)mv_call(portal, &w);
    MARK(fp_switch_end);
    uint64_t end = ticks();

    OPAQUE(w);
    return end - begin;
}

static void play_fpclient(void)
{
    struct mv_words w;
    uint64_t source;

    (void)mv_wait(&w, &source);
    for (;;) {
        w.w[0] = fp_switch();
        (void)mv_reply_wait(&w, &source);
    }
}

static void play_fpserver(void)
{
    struct mv_words w;
    uint64_t source;

    (void)mv_wait(&w, &source);
    for (;;) {
        use_fp();
        (void)mv_reply_wait(&w, &source);
    }
}

/* ---- the partners --------------------------------------------------------------------- */

static void play_echo(void)
{
    struct mv_words w;
    uint64_t source;

    (void)mv_wait(&w, &source);
    for (;;)
        (void)mv_reply_wait(&w, &source);
}

static void play_sized(void)
{
    struct mv_words w;
    uint64_t source;

    (void)mv_wait(&w, &source);
    for (;;)
        (void)mv_reply_wait_flags(&w, &source, MV_SOURCE_SIZE(source), 0);
}

static void play_waiter(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        (void)mv_wait(&w, &source);
        MARK(waiter_runs);
        OPAQUE(w);
    }
}

static void play_farwaiter(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        (void)mv_wait(&w, &source);
        MARK(farwaiter_runs);
        OPAQUE(w);
    }
}

/* Spins until the time that the payload says. */
static void play_busy(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        (void)mv_wait(&w, &source);
        while (ticks() < w.w[0])
            ;
    }
}

/* Once it has been raised, it takes turns with the meter. */
static void play_equal(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        (void)mv_wait(&w, &source);
        for (int i = 0; i <= REPEAT; i++) {
            (void)mv_yield();
            MARK(equal_runs);
        }
    }
}

#define RTC_DR    0x00             /* now, seconds */
#define RTC_MR    0x04             /* alarm, seconds */
#define RTC_CR    0x0c
#define RTC_IMSC  0x10
#define RTC_ICR   0x1c

/* A call arms the alarm: it comes a second after the time that is returned. */
static void play_driver(void)
{
    uint64_t base = mv_cell.devices[0].address;
    uint32_t line_cap = mv_cell.devices[0].line_cap;
    struct mv_words w;
    uint64_t source;

    mv_write32(base + RTC_CR, 1);
    mv_write32(base + RTC_IMSC, 1);
    for (;;) {
        (void)mv_wait(&w, &source);
        if ((source & MV_SOURCE_VIRQ) != 0) {
            MARK(driver_runs);
            mv_write32(base + RTC_ICR, 1);
            MARK(virq_ack_begin);
            (void)mv_virq_ack(line_cap, NULL);
            MARK(virq_ack_end);
        } else {
            mv_write32(base + RTC_MR, mv_read32(base + RTC_DR) + 1);
            w.w[0] = ticks();
            (void)mv_reply(&w, MV_SIZE_SHORT);
        }
    }
}

#define UART_DR   0x00
#define UART_FR   0x18
#define UART_FR_TXFF (1u << 5)

static void put(char c)
{
    uint64_t base = mv_cell.devices[0].address;

    while ((mv_read32(base + UART_FR) & UART_FR_TXFF) != 0)
        __asm__ volatile("yield");
    mv_write32(base + UART_DR, (uint32_t)(unsigned char)c);
}

/* Words 0-3 are a name, word 4 is a number. */
static void play_printer(void)
{
    struct mv_words w;
    uint64_t source;

    (void)mv_wait(&w, &source);
    for (;;) {
        const char *name = (const char *)w.w;
        char digits[20];
        int n = 0;

        for (int i = 0; i < 32 && name[i] != 0; i++)
            put(name[i]);
        put(' ');
        do {
            digits[n++] = (char)('0' + w.w[4] % 10);
            w.w[4] /= 10;
        } while (w.w[4] != 0);
        while (n > 0)
            put(digits[--n]);
        put('\n');
        (void)mv_reply_wait(&w, &source);
    }
}

/* ---- the order of it all ------------------------------------------------------------------ */

static void say(const char *name, uint64_t value)
{
    struct mv_words w = { { 0 } };
    char *text = (char *)w.w;

    for (int i = 0; i < 31 && name[i] != 0; i++)
        text[i] = name[i];
    w.w[4] = value;
    (void)mv_call(cap.say, &w);
}

static void measure(const char *name, uint64_t (*what)(void))
{
    uint64_t result = 0;

    for (int i = 0; i < REPEAT; i++)
        result = what();
    if (result != 0)
        say(name, result);
}

static void measure_fp(void)
{
    struct mv_words w = { { 0 } };

    for (int i = 0; i < REPEAT; i++)
        (void)mv_call(cap.fp_go, &w);
    say("fp_switch", w.w[0]);
}

static void measure_map(void)
{
    uint64_t map = 0, protect = 0, unmap = 0;

    for (int i = 0; i < REPEAT; i++) {
        map = map_page();
        protect = protect_page();
        unmap = unmap_page();
    }
    say("map_page", map);
    say("protect_page", protect);
    say("unmap_page", unmap);
}

static uint64_t arm(void)
{
    struct mv_words w = { { 0 } };

    (void)mv_call(cap.driver_arm, &w);
    return w.w[0];
}

#define TICK_NS    16
#define US_TICKS   (1000 / TICK_NS)
#define SECOND     (MV_S / TICK_NS)

/* The interrupt finds the core idle, then the busy cell. */
static void measure_interrupt(void)
{
    for (int i = 0; i < REPEAT; i++) {
        uint64_t at = arm() + SECOND;

        mv_sleep_until((at + 200 * US_TICKS) * TICK_NS);
    }
    MARK(interrupts_of_busy);
    for (int i = 0; i < REPEAT; i++) {
        uint64_t at = arm() + SECOND;

        mv_sleep_until((at - 20 * US_TICKS) * TICK_NS);
        (void)mv_virq_raise(cap.busy_go, at + 20 * US_TICKS);
        mv_sleep_until((at + 200 * US_TICKS) * TICK_NS);
    }
}

static void play_meter(void)
{
    measure("syscall_null", syscall_null);
    measure("call_reply_short", call_reply_short);
    measure("call_reply_full", call_reply_full);
    measure("call_reply_extended", call_reply_extended);
    mv_sleep(100 * MV_US);
    measure("raise_to_waiter", raise_to_waiter);
    measure("raise_no_waiter", raise_no_waiter);
    measure_map();
    measure_fp();
    (void)mv_virq_raise(cap.equal_go, 1);
    measure("yield_to_equal", yield_to_equal);
    mv_sleep(MV_MS);
    measure("call_reply_other_core", call_reply_other_core);
    measure("raise_other_core", raise_other_core);
    measure_interrupt();
    (void)mv_system_reset(cap.system, 1);
}

int main(void)
{
    static void (*const part[])(void) = {
        play_meter, play_echo, play_sized, play_fpclient, play_fpserver, play_waiter, play_busy,
        play_equal, play_driver, play_echo, play_farwaiter, play_printer,
    };

    part[mv_cell.index]();
    return 0;
}
