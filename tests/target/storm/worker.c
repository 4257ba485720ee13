/* SPDX-License-Identifier: BSD-2-Clause */
/* Serves for a while, then calls and raises others, for ever. */
#include "account.h"

static const uint32_t door[] = {
#ifdef CAP_W0_DOOR
    CAP_W0_DOOR,
#endif
#ifdef CAP_W1_DOOR
    CAP_W1_DOOR,
#endif
#ifdef CAP_W2_DOOR
    CAP_W2_DOOR,
#endif
#ifdef CAP_W3_DOOR
    CAP_W3_DOOR,
#endif
#ifdef CAP_W4_DOOR
    CAP_W4_DOOR,
#endif
#ifdef CAP_W5_DOOR
    CAP_W5_DOOR,
#endif
#ifdef CAP_W6_DOOR
    CAP_W6_DOOR,
#endif
#ifdef CAP_W7_DOOR
    CAP_W7_DOOR,
#endif
};
static const uint32_t line[] = {
#ifdef CAP_W0_LINE
    CAP_W0_LINE,
#endif
#ifdef CAP_W1_LINE
    CAP_W1_LINE,
#endif
#ifdef CAP_W2_LINE
    CAP_W2_LINE,
#endif
#ifdef CAP_W3_LINE
    CAP_W3_LINE,
#endif
#ifdef CAP_W4_LINE
    CAP_W4_LINE,
#endif
#ifdef CAP_W5_LINE
    CAP_W5_LINE,
#endif
#ifdef CAP_W6_LINE
    CAP_W6_LINE,
#endif
#ifdef CAP_W7_LINE
    CAP_W7_LINE,
#endif
};

static uint64_t state;

static void count_status(mv_status_t st)
{
    ACCOUNT->of[WHO].status[st % 16]++;
    if (st != MV_OK && st != MV_TIMEOUT && st != MV_CANCELLED && st != MV_WOULD_BLOCK &&
        st != MV_DEADLOCK)
        account_wrong(WHO, 1, st);
}

/* Call somebody; an answer must be the message inverted, and the buffer too. */
static void call(void)
{
    uint64_t r = account_random(&state), *data = (uint64_t *)mv_message_data();
    uint64_t size = r % 3, base = account_random(&state);
    uint64_t flags = size | MV_DEADLINE | (r >> 8 & 7 ? 0 : MV_NOWAIT);
    size_t words = size == MV_SIZE_EXTENDED ? 256 : size == MV_SIZE_FULL ? 32 : 0;
    struct mv_words w;
    uint32_t reply;
    mv_status_t st;

    for (uint64_t i = 0; i < MV_MESSAGE_WORDS; i++)
        w.w[i] = base + i;
    for (size_t i = 0; i < words; i++)
        data[i] = base * 3 + i;
    ACCOUNT->of[WHO].calls++;
    st = mv_call_flags(door[(r >> 16) % (sizeof(door) / sizeof(door[0]))], &w, flags,
                       mv_time_ns() + (r >> 24) % (400 * MV_US), &reply);
    count_status(st);
    if (st != MV_OK)
        return;
    ACCOUNT->of[WHO].answers++;
    for (uint64_t i = 0; i < MV_MESSAGE_WORDS; i++) {
        if (w.w[i] != ~(base + i))
            account_wrong(WHO, 2, w.w[i]);
    }
    if (reply != size)
        account_wrong(WHO, 3, reply);
    for (size_t i = 0; i < words; i++) {
        if (data[i] != ~(base * 3 + i)) {
            account_wrong(WHO, 4, data[i]);
            break;
        }
    }
}

/* The server's part: invert, sometimes late. A caller may have left. */
static void answer(struct mv_words *w, uint64_t source)
{
    uint64_t size = MV_SOURCE_SIZE(source), *data = (uint64_t *)mv_message_data();
    size_t words = size == MV_SIZE_EXTENDED ? 256 : size == MV_SIZE_FULL ? 32 : 0;
    mv_status_t st;

    ACCOUNT->of[WHO].served++;
    for (int i = 0; i < MV_MESSAGE_WORDS; i++)
        w->w[i] = ~w->w[i];
    for (size_t i = 0; i < words; i++)
        data[i] = ~data[i];
    if (ACCOUNT->calm == 0) {
        uint64_t r = account_random(&state);

        if (r % 8 == 0)
            mv_sleep(r >> 8 & 0x3ffff);
        if (r % 8 == 1 && size == MV_SIZE_SHORT)
            call();              /* one of its own, which uses the buffer */
    }
    st = mv_reply(w, size);
    if (st != MV_OK && st != MV_NO_CALLER)
        account_wrong(WHO, 5, st);
}

static void serve_until(uint64_t deadline)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        mv_status_t st = mv_wait_flags(&w, &source, MV_DEADLINE, deadline, 0);

        if (st == MV_TIMEOUT)
            return;
        if (st != MV_OK) {
            if (st != MV_CANCELLED)
                account_wrong(WHO, 6, st);
            continue;
        }
        if ((source & MV_SOURCE_VIRQ) != 0)
            ACCOUNT->of[WHO].lines++;
        else
            answer(&w, source);
    }
}

int main(void)
{
    state = WHO * 1000 + ++ACCOUNT->of[WHO].starts;
    (void)mv_timer_set(CAP_TICK, mv_time_ns(), MV_MS);
    for (;;) {
        uint64_t r = account_random(&state);

        serve_until(mv_time_ns() + r % (300 * MV_US));
        if (ACCOUNT->calm != 0)
            continue;
        for (uint64_t n = r >> 32 & 3; n > 0; n--)
            call();
        (void)mv_virq_raise(line[(r >> 40) % (sizeof(line) / sizeof(line[0]))], r);
        if ((r >> 50 & 7) == 0)
            (void)mv_yield();
    }
}
