/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers in one of many ways, chosen by its own random numbers. */
#include "hash.h"

#include "cell.h"

static uint64_t state = WHO;

static void message(unsigned number, struct test_regs *r, uint64_t x8, uint64_t x9)
{
    for (int i = 8; i < 31; i++)
        r->x[i] = hash_random(&state);
    r->nzcv = (hash_random(&state) & 15) << 28;
    r->x[8] = x8;
    r->x[9] = x9;
    r->x[10] = UINT64_MAX;
    test_svc(number, r);
    hash_regs(WHO, r);
}

static void fill_buffer(void)
{
    uint64_t *data = (uint64_t *)mv_message_data(), first = hash_random(&state);

    for (int i = 0; i < MV_EXTENDED_BYTES / 8; i++)
        data[i] = first + (uint64_t)i;
}

static uint32_t some_portal(void)
{
#ifdef CAP_S2_DOOR
    if (hash_random(&state) % 2 == 0)
        return CAP_S2_DOOR;
#endif
#ifdef CAP_S3_DOOR
    return CAP_S3_DOOR;
#elif defined(CAP_S4_DOOR)
    return CAP_S4_DOOR;
#else
    return 0;
#endif
}

int main(void)
{
    struct test_regs r = { .x = { 0 } };

    message(MV_CALL_wait, &r, 0, 0);
    for (;;) {
        uint64_t way = hash_random(&state), size = way >> 8 & 3;

        if (r.x[8] != MV_OK || (r.x[9] & MV_SOURCE_VIRQ) != 0) {
            message(MV_CALL_wait, &r, 0, 0);
            continue;
        }
        if (size == 3)
            size = 0;
        if (way % 4 == 0)
            fill_buffer();
        if (way % 8 == 1)
            (void)mv_virq_raise(CAP_MAIN_LINE, way >> 20);
        if (way % 8 == 2) {
            struct test_regs on = r;

            message(MV_CALL_call, &on, some_portal(), way >> 12 & 2);
        }
        for (int i = 0; i < MV_MESSAGE_WORDS; i++)
            r.x[i] = r.x[i] * 3 + (way >> i & 1);
        if (way % 16 == 3) {
            message(MV_CALL_reply, &r, 0, size);
            message(MV_CALL_wait, &r, 0, 0);
        } else if (way % 16 == 5) {
            message(MV_CALL_reply_wait, &r, 0, size | MV_DEADLINE);
        } else {
            message(MV_CALL_reply_wait, &r, 0, way % 4 == 3 ? size : 0);
        }
    }
}
