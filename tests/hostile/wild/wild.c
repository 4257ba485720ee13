/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile cell. It is started again and again with another seed, does one
 * stage, and may destroy itself at any time.
 */
#include "../../target/lib/test.h"
#include "score.h"

#include "cell.h"

void wild_execute(uint64_t code, uint64_t value, uint64_t *results);
void wild_instructions(void);

#ifdef SEGMENT_WILD0_DIARY_ADDRESS
#define DIARY ((struct diary *)SEGMENT_WILD0_DIARY_ADDRESS)
#define CAP_DATA CAP_WILD0_DATA
#define CAP_CODE CAP_WILD0_CODE
#define CAP_CELL_SELF CAP_CELL_WILD0
#define CAP_VCPU_SELF CAP_VCPU_WILD0_0
#else
#define DIARY ((struct diary *)SEGMENT_WILD1_DIARY_ADDRESS)
#define CAP_DATA CAP_WILD1_DATA
#define CAP_CODE CAP_WILD1_CODE
#define CAP_CELL_SELF CAP_CELL_WILD1
#define CAP_VCPU_SELF CAP_VCPU_WILD1_0
#endif

#define CODE_RW   UINT64_C(0x1400000)
#define CODE_RX   UINT64_C(0x1410000)
#define DATA      UINT64_C(0x1420000)
#define CODE_SIZE UINT64_C(0x4000)

static uint64_t random_state;
static uint64_t next(void)
{
    /* splitmix64 */
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void map_code(void)
{
    (void)mv_space_map(CAP_SPACE_MAIN, CAP_CODE, CODE_RW, 0, CODE_SIZE, MV_MAP_READ | MV_MAP_WRITE);
    (void)mv_space_map(CAP_SPACE_MAIN, CAP_CODE, CODE_RX, 0, CODE_SIZE,
                       MV_MAP_READ | MV_MAP_EXECUTE);
    (void)mv_space_map(CAP_SPACE_MAIN, CAP_DATA, DATA, 0, 0x8000, MV_MAP_READ | MV_MAP_WRITE);
}

static void code_is_written(void)
{
    for (uint64_t at = CODE_RW; at < CODE_RW + CODE_SIZE; at += 64)
        __asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb ish" : : : "memory");
    for (uint64_t at = CODE_RX; at < CODE_RX + CODE_SIZE; at += 64)
        __asm__ volatile("ic ivau, %0" : : "r"(at) : "memory");
    __asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* ---- every encoding of MRS, MSR, SYS and SYSL ------------------------------- */

#define BATCH 64
#define ENCODINGS (1u << 17)          /* read or write, op0, op1, CRn, CRm, op2 */
/* The two cells share the work; a slow machine does a part of it. */
#ifdef TEST_ICOUNT
#define STRIDE (BATCH * 16)
#else
#define STRIDE (BATCH * 2)
#endif

static bool is_kernel_address(uint64_t value)
{
    return value >= UINT64_C(0x40200000) && value < UINT64_C(0x40400000);
}

static void registers(void)
{
    volatile uint32_t *code = (uint32_t *)CODE_RW;
    uint64_t *results = (uint64_t *)DATA;

    map_code();
    while (DIARY->at < ENCODINGS) {
        uint64_t first = DIARY->at + (uint64_t)(CELL_INDEX % 2) * BATCH;

        for (uint32_t i = 0; i < BATCH; i++) {
            uint32_t e = (uint32_t)first + i;
            uint32_t rt = (e >> 14 & 3) == 0 ? 31 : e >> 16 != 0 ? 11 : 10;

            /* Bit 21: read; bits 20-5: op0, op1, CRn, CRm, op2. */
            code[2 * i] = 0xd5000000u | (e >> 16) << 21 | (e >> 14 & 3) << 19 |
                          (e >> 11 & 7) << 16 | (e >> 7 & 15) << 12 | (e >> 3 & 15) << 8 |
                          (e & 7) << 5 | rt;
            code[2 * i + 1] = 0xf800852bu;     /* str x11, [x9], #8 */
            results[i] = 0;
        }
        code[2 * BATCH] = 0xd65f03c0u;         /* ret */
        code_is_written();
        DIARY->at += STRIDE;                   /* should this be its end, the next life goes on there */
        /* Written: an address of its own (for DC and IC), nothing, or all bits. */
        wild_execute(CODE_RX, ORDER->seed % 3 == 0 ? DATA + 0x4000 : ORDER->seed % 3 == 1 ? 0 :
                     UINT64_MAX, results);
        for (uint32_t i = 0; i < BATCH; i++) {
            if (is_kernel_address(results[i])) {
                DIARY->kernel_values++;
                DIARY->kernel_value = results[i];
                DIARY->kernel_encoding = first + i;
            }
        }
        DIARY->beat++;
    }
    DIARY->done++;
    for (;;)
        mv_sleep(MV_MS);
}

/* ---- kernel calls with wild arguments ------------------------------------------ */

static uint64_t wild_number(void)
{
    static const uint64_t edge[] = {
        0, 1, 2, 3, 4, 7, 8, 15, 16, 0xff, 0xfff, 0x1000, 0x1001, 0x2000, 0xffff, 0x10000, 0x10004,
        0x1ff000, 0x200000, 0x1400000, 0x1410000, 0x1420000, 0x1fff000, 0x2000000, 0x7fffffff,
        0x80000000, 0xffffffff, 0x40200000, 0x40000000, 0x09000000, 0x08000000,
        UINT64_C(0x100000000), UINT64_C(0x8000000000), UINT64_C(0x1000000000000),
        UINT64_C(0x7fffffffffffffff), UINT64_C(0x8000000000000000), UINT64_C(0xfffffffffffff000),
        UINT64_C(0xffffffffffffffff)
    };
    uint64_t r = next();

    switch (r % 4) {
    case 0:
        return edge[(r >> 8) % (sizeof(edge) / sizeof(edge[0]))];
    case 1:
        return (r >> 8) % (CAP_COUNT + 2);
    case 2:
        return (r >> 8) % 64 << (r >> 16) % 32;
    default:
        return next();
    }
}

static void wild_call(void)
{
    struct test_regs r;
    unsigned number = (unsigned)(next() % 33);

    for (int i = 0; i < 31; i++)
        r.x[i] = wild_number();
    r.nzcv = 0;
    if (number == MV_CALL_exit && next() % 64 != 0)
        number = MV_CALL_null;
    if (number <= MV_CALL_reply) {
        r.x[8] = next() % (CAP_COUNT + 1);
        if (next() % 8 != 0) {
            /* So that it comes back in most cases. */
            r.x[9] = (next() % 3) | MV_DEADLINE | (next() % 2 ? MV_NOWAIT : 0) |
                     (number == MV_CALL_wait && next() % 2 ? MV_LINES : 0);
            r.x[10] = mv_time_ns() + next() % (200 * MV_US);
            if (number == MV_CALL_wait)
                r.x[9] &= ~(uint64_t)MV_SIZE_MASK;
            if (number == MV_CALL_reply_wait)
                r.x[9] &= ~(uint64_t)MV_NOWAIT;
        }
    } else if (next() % 2 == 0) {
        r.x[1] = next() % (CAP_COUNT + 1);
    }
    test_svc(number, &r);
    DIARY->counts[r.x[0] % 8]++;
    DIARY->beat++;
}

static void calls(void)
{
    map_code();
    for (;;) {
        wild_call();
        if (DIARY->at++ == 4000)       /* in all its lives */
            DIARY->done++;
    }
}

/* ---- memory ----------------------------------------------------------------------- */

static void touch(uint64_t at)
{
    uint64_t value = 0;

    /* Faults are skipped; what is its own is written as it was. */
    __asm__ volatile("ldr %0, [%1]\n\tstr %0, [%1]" : "+r"(value) : "r"(at) : "memory");
    DIARY->beat++;
}

static void memory(void)
{
    for (uint64_t at = 0; at < UINT64_C(0x2400000); at += 0x1000)
        touch(at + (next() & 0xff8));
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int64_t around = -8; around <= 8; around += 8)
            touch((UINT64_C(1) << bit) + (uint64_t)around);
    }
    for (uint64_t at = UINT64_C(0x40000000); at < UINT64_C(0x41000000); at += 0x1000)
        touch(at);                        /* where the kernel and the other cells lie */
    for (uint64_t at = UINT64_C(0x08000000); at < UINT64_C(0x0a010000); at += 0x1000)
        touch(at);                        /* the interrupt controller and devices */
    for (int i = 0; i < 2000; i++)
        touch(next());
    DIARY->done++;
    for (;;)
        mv_sleep(MV_MS);
}

/* ---- instructions ----------------------------------------------------------------- */

static void instructions(void)
{
    volatile uint32_t *code = (uint32_t *)CODE_RW;

    map_code();
    for (int i = 0; i < 20; i++) {
        wild_instructions();
        DIARY->beat++;
    }
    DIARY->done++;
    /* Words at random, until one of them destroys this cell. */
    for (;;) {
        for (int i = 0; i < 64; i++) {
            uint32_t word = (uint32_t)next();

            /* No SVC that waits for ever, and no branch, in most of them. */
            if ((word >> 26 & 0x1f) == 5 && next() % 8 != 0)
                word = 0xd503201f;
            code[i] = word;
        }
        code[64] = 0xd65f03c0u;
        code_is_written();
        wild_execute(CODE_RX, DATA, (uint64_t *)DATA);
        DIARY->beat++;
    }
}

/* ---- stack, floods, upcalls, faults ---------------------------------------------- */

static uint64_t deeper(uint64_t n)
{
    volatile uint64_t here[16];

    here[0] = n;
    DIARY->beat++;
    if (n == UINT64_MAX)
        return 0;
    return deeper(n + 1) + here[0];
}

/* The shortest period there is, where instructions are the clock; elsewhere
 * QEMU itself would have time for nothing else. */
#ifdef TEST_ICOUNT
#define FLOOD_PERIOD (10 * MV_US)
#else
#define FLOOD_PERIOD (200 * MV_US)
#endif

static void flood(void)
{
    (void)mv_timer_set(CAP_TICK, mv_time_ns(), FLOOD_PERIOD);
    (void)mv_timer_set(CAP_TOCK, 1, FLOOD_PERIOD);
    for (uint64_t n = 0;; n++) {
        struct mv_words w = { { n } };
        uint32_t size;

        (void)mv_virq_raise(CAP_VAULT_LINE, n);
        (void)mv_virq_raise(CAP_TOY_LINE, UINT64_MAX);
        (void)mv_call_flags(CAP_VAULT_DOOR, &w, n % 3, 0, &size);
        if (n % 64 == 0)
            (void)mv_cell_stop(CAP_CELL_TOY);
        if (n % 64 == 32)
            (void)mv_cell_start(CAP_CELL_TOY);
        if (n == 2000)
            DIARY->done++;
        DIARY->beat++;
    }
}

static void upcalls(void)
{
    volatile struct mv_upcall *u = &mv_message_buffer()->upcall;
    uint64_t sp;

    DIARY->done++;
    (void)mv_timer_set(CAP_TICK, mv_time_ns(), FLOOD_PERIOD);
    (void)mv_upcall_set(next() % 2 ? wild_number() & ~UINT64_C(3) : UINT64_C(0x10000),
                        wild_number() & ~UINT64_C(15));
    for (int n = 0; n < 100; n++) {
        DIARY->beat++;
        for (int i = 0; i < 31; i++)
            u->x[i] = wild_number();
        __asm__ volatile("mov %0, sp" : "=r"(sp));
        u->sp = next() % 2 ? sp : wild_number();
        u->pc = next() % 2 ? (uint64_t)wild_instructions : wild_number();
        u->pstate = wild_number();
        u->masked = (uint32_t)next();
        if (next() % 4 == 0)
            __asm__ volatile("svc %0" : : "i"(MV_CALL_upcall_return) : "memory");
    }
    for (;;)
        ;
}

static void faults(void)
{
    if (DIARY->at++ == 0)              /* the first life ends at an odd address */
        __asm__ volatile("adr x9, .\n\tadd x9, x9, #2\n\tbr x9" : : : "x9");
    DIARY->done++;
    for (;;) {
        DIARY->beat++;
        __asm__ volatile("udf #0\n\tbrk #1\n\tmov x9, #8\n\tldr x9, [x9]\n\tmrs x9, cntpct_el0" : : : "x9");
    }
}

int main(void)
{
    random_state = ORDER->seed * 1000003 + CELL_INDEX;
    switch (ORDER->stage) {
    case STAGE_REGISTERS:
        registers();
        break;
    case STAGE_CALLS:
        calls();
        break;
    case STAGE_MEMORY:
        memory();
        break;
    case STAGE_INSTRUCTIONS:
        instructions();
        break;
    case STAGE_STACK:
        DIARY->done++;
        DIARY->counts[0] += deeper(0);
        break;
    case STAGE_FLOOD:
        flood();
        break;
    case STAGE_UPCALLS:
        upcalls();
        break;
    case STAGE_FAULTS:
        faults();
        break;
    }
    return 0;
}
