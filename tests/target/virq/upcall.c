/* SPDX-License-Identifier: BSD-2-Clause */
#include "virq.h"

void load(uint64_t rounds, uint64_t result[31]);
uint64_t wait_for_flags(volatile uint64_t *word);

static struct {
    volatile uint64_t count, lines, payloads[64], order[16];
    volatile uint64_t sp, masked;
} seen;
static volatile uint64_t stop_word;
static uint64_t stack[512] __attribute__((aligned(16)));

static void note(unsigned line, uint64_t payload)
{
    uint64_t here;

    if (seen.count < 16)
        seen.order[seen.count] = line;
    seen.count++;
    seen.lines |= UINT64_C(1) << line;
    seen.payloads[line] |= payload;
    seen.masked = mv_message_buffer()->upcall.masked;
    seen.sp = (uint64_t)&here;
}

static void forget(void)
{
    memset((void *)&seen, 0, sizeof(seen));
}

static bool on_stack(uint64_t sp)
{
    return sp >= (uint64_t)stack && sp < (uint64_t)(stack + 512);
}

/* Until `count` upcalls were seen; no system call meanwhile. */
static bool seen_within(uint64_t count, uint64_t ns)
{
    uint64_t end = test_now() + ns;

    while (seen.count < count && test_now() < end)
        ;
    return seen.count >= count;
}

static void delivery(void)
{
    struct mv_words w;
    uint64_t source;
    volatile struct mv_upcall *u = &mv_message_buffer()->upcall;

    test_start("upcall: delivered while the sink runs");
    forget();
    EXPECT_STATUS(mv_upcall_start(note, stack + 512), MV_OK);
    for (uint64_t i = 1; i <= 20; i++) {
        EXPECT_STATUS(raiser(RAISE_LATER, i, 0, 0, 20 * MV_US), MV_OK);
        EXPECT(seen_within(i, 100 * MV_MS));
        EXPECT_EQ(seen.count, i);
        EXPECT_EQ(u->masked, 0);
    }
    EXPECT_EQ(seen.lines, LINE_BIT(A));
    EXPECT_EQ(seen.masked, 1);
    EXPECT(on_stack(seen.sp));

    test_start("upcall: on the interrupted stack");
    forget();
    EXPECT_STATUS(mv_upcall_start(note, NULL), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 0, 5, 0, 0), MV_OK);
    EXPECT(seen_within(1, 100 * MV_MS));
    EXPECT_EQ(seen.payloads[LINE_B], 5);
    EXPECT_RANGE(seen.sp, (uint64_t)&w - 0x1000, (uint64_t)&w);

    test_start("upcall: held back while masked, and noted");
    forget();
    EXPECT_STATUS(mv_upcall_start(note, stack + 512), MV_OK);
    mv_upcall_mask();
    u->pending = 0;
    EXPECT_STATUS(raiser(RAISE, 1, 2, 4, 0), MV_OK);
    test_spin(MV_MS);
    EXPECT_EQ(seen.count, 0);
    EXPECT_EQ(u->pending, 1);
    mv_upcall_unmask();
    EXPECT(seen_within(3, 100 * MV_MS));
    EXPECT_EQ(seen.count, 3);
    EXPECT_EQ(seen.order[0], LINE_A);
    EXPECT_EQ(seen.order[1], LINE_B);
    EXPECT_EQ(seen.order[2], LINE_C);
    EXPECT_EQ(seen.payloads[LINE_A], 1);
    EXPECT_EQ(seen.payloads[LINE_B], 2);
    EXPECT_EQ(seen.payloads[LINE_C], 4);

    test_start("upcall: not for a line that is masked");
    forget();
    EXPECT_STATUS(mv_virq_mask(CAP_A), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 1, 0, 0, 0), MV_OK);
    test_spin(MV_MS);
    EXPECT_EQ(seen.count, 0);
    EXPECT_STATUS(mv_virq_unmask(CAP_A), MV_OK);
    EXPECT(seen_within(1, 100 * MV_MS));

    test_start("upcall: a wait takes the line itself");
    forget();
    mv_upcall_mask();                /* the raiser may be early */
    EXPECT_STATUS(raiser(RAISE_LATER, 0, 9, 0, MV_MS), MV_OK);
    EXPECT_STATUS(mv_wait(&w, &source), MV_OK);
    mv_upcall_unmask();
    EXPECT_EQ(source, MV_SOURCE_VIRQ | LINE_B);
    EXPECT_EQ(w.w[0], 9);
    EXPECT_EQ(seen.count, 0);
    /* One for another line than it listens to comes after the wait. */
    EXPECT_STATUS(raiser(RAISE_LATER, 3, 0, 0, 500 * MV_US), MV_OK);
    EXPECT_STATUS(mv_wait_flags(&w, &source, MV_LINES | MV_DEADLINE, test_now() + PATIENCE,
                                LINE_BIT(B)), MV_TIMEOUT);
    EXPECT(seen_within(1, 100 * MV_MS));
    EXPECT_EQ(seen.payloads[LINE_A], 3);

    test_start("upcall: one that comes during a call follows it");
    for (uint64_t i = 1; i < 50; i++) {
        forget();
        w = (struct mv_words){ { RAISE, i, i + 1 } };
        EXPECT_STATUS(mv_call(CAP_RAISER_DOOR, &w), MV_OK);
        EXPECT_EQ(w.w[1], i);
        EXPECT(seen_within(2, 100 * MV_MS));
        EXPECT_EQ(seen.payloads[LINE_A], i);
        EXPECT_EQ(seen.payloads[LINE_B], i + 1);
    }

    test_start("upcall: ended");
    forget();
    EXPECT_STATUS(mv_upcall_start(NULL, NULL), MV_OK);
    EXPECT_STATUS(raiser(RAISE, 1, 0, 0, 0), MV_OK);
    test_spin(MV_MS);
    EXPECT_EQ(seen.count, 0);
    EXPECT_STATUS(mv_virq_ack(CAP_A, NULL), MV_OK);
}

/* The handler makes every kind of call before it returns. */
static void busy_handler(unsigned line, uint64_t payload)
{
    struct mv_words w = { { RAISED } };

    note(line, payload);
    (void)mv_null();
    if (seen.count % 8 == 0)
        (void)mv_call(CAP_RAISER_DOOR, &w);
    if (seen.count % 16 == 0)
        (void)mv_yield();
}

#define LOAD_ROUNDS 5000

static void under_load(void)
{
    uint64_t want[31], got[31];

    test_start("upcall: nothing of the interrupted code is lost");
    load(LOAD_ROUNDS, want);
    forget();
    EXPECT_STATUS(mv_upcall_start(busy_handler, stack + 512), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now(), 50 * MV_US), MV_OK);
    for (int round = 0; round < 2000 && seen.count < 200; round++) {
        load(LOAD_ROUNDS, got);
        for (unsigned i = 1; i < 31; i++) {
            if (got[i] != want[i])
                test_fail(__FILE__, __LINE__, "round %d: value %u is 0x%lx, expected 0x%lx", round,
                          i, got[i], want[i]);
        }
    }
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
    EXPECT_RANGE(seen.count, 200, 1000000);
    EXPECT_STATUS(mv_upcall_start(NULL, NULL), MV_OK);
    EXPECT_STATUS(mv_virq_ack(CAP_TICK_LINE, NULL), MV_OK);
}

static uint64_t give_pstate;

static void change_frame(unsigned line, uint64_t payload)
{
    struct mv_upcall *u = &mv_message_buffer()->upcall;

    note(line, payload);
    stop_word = 1;
    u->pstate = give_pstate;
}

static void frame(void)
{
    static const uint64_t row[] = {
        UINT64_MAX, 0, UINT64_C(0x3c5), UINT64_C(0x3c9), UINT64_C(0x10), UINT64_C(0x1f),
        UINT64_C(0x200000), UINT64_C(0x100000), UINT64_C(0xf0000000), UINT64_C(0x60000005)
    };

    test_start("upcall: a frame with a wild state is made harmless");
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        forget();
        stop_word = 0;
        give_pstate = row[i];
        EXPECT_STATUS(mv_upcall_start(change_frame, stack + 512), MV_OK);
        EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now() + MV_MS, 0), MV_OK);
        EXPECT_EQ(wait_for_flags(&stop_word), row[i] & UINT64_C(0xf0000000));
        EXPECT_EQ(seen.lines, LINE_BIT(TICK));
    }
    EXPECT_STATUS(mv_upcall_start(NULL, NULL), MV_OK);

    test_start("upcall: returning restores everything, and unmasks");
    struct test_regs r;
    volatile struct mv_upcall *u = &mv_message_buffer()->upcall;

    /* A frame of one's own: it leads to the instruction behind the call. */
    for (unsigned k = 0; k < 20; k++) {
        uint64_t sp;

        for (uint64_t i = 0; i < 31; i++)
            u->x[i] = UINT64_C(0xab00000000000000) + i * 0x1111 + k;
        u->masked = 1;
        u->pstate = (uint64_t)(k % 16) << 28;
        __asm__ volatile("mov %0, sp" : "=r"(sp));
        u->sp = sp;
        __asm__ volatile(
            "stp x29, x30, [sp, #-16]!\n\t"
            "str x19, [sp, #-16]!\n\t"
            "mov x9, sp\n\t"
            "str x9, [%0, #248]\n\t"      /* sp */
            "adr x9, 1f\n\t"
            "str x9, [%0, #256]\n\t"      /* pc */
            "str %1, [sp, #8]\n\t"
            "svc %2\n"
            "1:\n\t"
            "str x9, [sp, #-16]!\n\t"
            "ldr x9, [sp, #24]\n\t"       /* where the registers go */
            "stp x0, x1, [x9]\n\t"
            "stp x2, x3, [x9, #16]\n\t"
            "stp x4, x5, [x9, #32]\n\t"
            "stp x6, x7, [x9, #48]\n\t"
            "str x8, [x9, #64]\n\t"
            "ldr x8, [sp], #16\n\t"
            "stp x8, x10, [x9, #72]\n\t"
            "stp x11, x12, [x9, #88]\n\t"
            "stp x13, x14, [x9, #104]\n\t"
            "stp x15, x16, [x9, #120]\n\t"
            "stp x17, x18, [x9, #136]\n\t"
            "stp x19, x20, [x9, #152]\n\t"
            "stp x21, x22, [x9, #168]\n\t"
            "stp x23, x24, [x9, #184]\n\t"
            "stp x25, x26, [x9, #200]\n\t"
            "stp x27, x28, [x9, #216]\n\t"
            "stp x29, x30, [x9, #232]\n\t"
            "mrs x8, nzcv\n\t"
            "str x8, [x9, #248]\n\t"
            "ldr x19, [sp], #16\n\t"
            "ldp x29, x30, [sp], #16"
            : : "r"(u->x), "r"(&r), "i"(MV_CALL_upcall_return)
            : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
              "x13", "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x22", "x23", "x24", "x25",
              "x26", "x27", "x28", "cc", "memory");
        for (uint64_t i = 0; i < 31; i++)
            EXPECT_EQ(r.x[i], UINT64_C(0xab00000000000000) + i * 0x1111 + k);
        EXPECT_EQ(r.nzcv, (uint64_t)(k % 16) << 28);
        EXPECT_EQ(u->masked, 0);
    }
}

void upcall_tests(void)
{
    delivery();
    under_load();
    frame();
}
