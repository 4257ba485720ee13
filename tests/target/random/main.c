/* SPDX-License-Identifier: BSD-2-Clause */
#include "hash.h"

#include "cell.h"

#define CALLS 60000
#define CHAPTER 2000

static uint64_t state = 12345;

static void fill(struct test_regs *r)
{
    for (int i = 0; i < 31; i++)
        r->x[i] = hash_random(&state);
    r->nzcv = (hash_random(&state) & 15) << 28;
}

static void call(uint32_t portal, uint64_t flags)
{
    uint64_t *data = (uint64_t *)mv_message_data();
    struct test_regs r;

    fill(&r);
    r.x[8] = portal;
    r.x[9] = flags;
    r.x[10] = UINT64_MAX;
    for (int i = 0; i < MV_EXTENDED_BYTES / 8; i += 16)
        data[i] = hash_random(&state);
    test_svc(MV_CALL_call, &r);
    hash_regs(0, &r);
    for (int i = 0; i < MV_EXTENDED_BYTES / 8; i++)
        hash_word(0, data[i]);
}

static void one(void)
{
    static const uint32_t portal[] = {
        CAP_S1_DOOR, CAP_S1_AGAIN, CAP_S2_DOOR, CAP_S3_DOOR, CAP_S4_DOOR, CAP_S3_DOOR, CAP_S2_DOOR,
        0, CAP_COUNT, CAP_LINE
    };
    static const uint32_t line[] = { CAP_S1_LINE, CAP_S2_LINE, CAP_S3_LINE, CAP_S4_LINE };
    uint64_t what = hash_random(&state);
    uint32_t to = portal[(what >> 8) % 10];
    struct test_regs r;

    switch (what % 16) {
    default:                                   /* what the fast path is for */
        call(to, 0);
        return;
    case 0: case 1:
        call(to, what >> 16 & 3);
        return;
    case 2:
        call(to, (what >> 16 & 3) | MV_NOWAIT);
        return;
    case 3:
        call(to, (what >> 16 & 3) | MV_DEADLINE);
        return;
    case 4:
        fill(&r);
        r.x[1] = line[(what >> 16) % 4];
        test_svc(MV_CALL_virq_raise, &r);
        r.nzcv = 0;                            /* kept by one path, cleared by the other */
        hash_regs(0, &r);
        return;
    case 5:
        fill(&r);
        r.x[8] = what >> 20 & 7;
        r.x[9] = MV_NOWAIT | (what >> 16 & 1 ? MV_LINES : 0);
        test_svc(MV_CALL_wait, &r);
        hash_regs(0, &r);
        return;
    case 6:
        (void)mv_yield();
        fill(&r);
        test_svc(MV_CALL_null, &r);
        r.x[1] = 0;                            /* x1-x7 are not promised, nor the rest kept */
        hash_word(0, r.x[0]);
        return;
    case 7:
        if (what >> 16 & 1)
            (void)mv_virq_mask(CAP_LINE);
        else
            (void)mv_virq_unmask(CAP_LINE);
        return;
    }
}

int main(void)
{
    test_start("random: a long sequence of calls comes to its end");
    for (int i = 0; i < CALLS; i++) {
        one();
        if (i % CHAPTER == CHAPTER - 1)
            test_note("%d: %016lx %016lx %016lx %016lx %016lx", i + 1, HASHES->hash[0],
                      HASHES->hash[1], HASHES->hash[2], HASHES->hash[3], HASHES->hash[4]);
    }
    for (int i = 0; i < 5; i++)
        EXPECT_RANGE(HASHES->calls[i], 1000, UINT64_MAX);
    test_finish();
}
