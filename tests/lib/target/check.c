/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of the library needs the kernel, checked on it: start-up, time, calls,
 * channels across cores, the event loop, upcalls, printing. Prints a line per
 * case and powers the board off.
 */
#include <libmv/libmv.h>

#include "cell.h"
#include "check.h"

static struct mv_channel frames, stream;
static unsigned failures;
static uint32_t other_vcpu, other_saw, other_go;   /* written by vCPU 1, 1, 0 */
static uint64_t constructed_at;

#define CHECK(expression) \
    do { \
        if (!(expression)) { \
            failures++; \
            mv_print("%s:%d: not true: %s\n", __FILE__, __LINE__, #expression); \
        } \
    } while (0)

__attribute__((constructor)) static void construct(void)
{
    constructed_at = mv_time_ns();
}

/* vCPU 1: constructors must have run; it prints at the same time as vCPU 0. */
void mv_main(unsigned vcpu)
{
    __atomic_store_n(&other_saw, constructed_at != 0, __ATOMIC_RELAXED);
    /* Pairs with the load in start_up(). */
    __atomic_store_n(&other_vcpu, vcpu, __ATOMIC_RELEASE);
    while (__atomic_load_n(&other_go, __ATOMIC_ACQUIRE) == 0)
        mv_sleep(MV_MS);
    for (int i = 0; i < 20; i++)
        mv_print("other %d from vCPU %u\n", i, mv_vcpu_index());
    __atomic_store_n(&other_go, 2, __ATOMIC_RELEASE);
}

static uint64_t ask(enum request what, uint64_t argument, uint64_t at)
{
    struct mv_words w = { { what, argument, at } };

    CHECK(mv_call(CAP_PEER_SERVICE, &w) == MV_OK);
    return w.w[0];
}

/* ---- cases ------------------------------------------------------------------ */

static void start_up(void)
{
    CHECK(constructed_at != 0 && mv_vcpu_index() == 0);
    for (int i = 0; i < 1000 && __atomic_load_n(&other_vcpu, __ATOMIC_ACQUIRE) == 0; i++)
        mv_sleep(MV_MS);
    CHECK(other_vcpu == 1 && other_saw == 1);
}

static void time_and_sleep(void)
{
    uint64_t begin = mv_time_ns(), end;
    struct mv_period p;

    mv_sleep(20 * MV_MS);
    end = mv_time_ns();
    CHECK(end - begin >= 20 * MV_MS && end - begin < 500 * MV_MS);
    mv_sleep_until(1);                             /* in the past */
    mv_period_start(&p, 5 * MV_MS);
    begin = mv_time_ns();
    for (int i = 0; i < 10; i++)
        (void)mv_period_wait(&p);
    end = mv_time_ns();
    CHECK(end - begin >= 45 * MV_MS);
    mv_sleep(23 * MV_MS);
    CHECK(mv_period_wait(&p) >= 3);                /* skipped, phase kept */
}

static void calls(void)
{
    struct mv_words w = { { REQUEST_SLOW, 1, mv_time_ns() + 300 * MV_MS } };

    CHECK(ask(REQUEST_ECHO, 41, 0) == 42);
    CHECK(mv_call_until(CAP_PEER_SERVICE, &w, mv_time_ns() + 20 * MV_MS) == MV_TIMEOUT);
    CHECK(ask(REQUEST_ECHO, 6, 0) == 7);           /* waits for the slow one */
    CHECK(mv_call(4000, &w) == MV_BAD_CAP);
    CHECK(mv_reply(&w, MV_SIZE_SHORT) == MV_NO_CALLER);
}

static void cxx_cell(void)
{
    struct mv_words w = { { 5 } };

    CHECK(mv_call(CAP_CXX_SERVICE, &w) == MV_OK);
    CHECK(w.w[0] == 210 && w.w[1] == 2);
}

static void message_channel(void)
{
    uint8_t frame[FRAME_BYTES];

    (void)ask(REQUEST_SEND_FRAMES, 0, 0);
    for (unsigned i = 0; i < FRAME_COUNT; i++) {
        if (mv_channel_receive(&frames, frame, mv_time_ns() + 5 * MV_S) != MV_OK) {
            CHECK(!"a frame came");
            return;
        }
        CHECK(frame[0] == (i & 0xff) && frame[FRAME_BYTES - 1] == (i & 0xff));
    }
    CHECK(mv_channel_receive_try(&frames, frame) == MV_WOULD_BLOCK);
    CHECK(mv_channel_receive(&frames, frame, mv_time_ns() + 5 * MV_MS) == MV_TIMEOUT);
    CHECK(frames.broken == 0);
}

static void byte_channel(void)
{
    uint8_t part[500];
    size_t got = 0, wrong = 0;

    (void)ask(REQUEST_SEND_STREAM, 0, 0);
    while (got < STREAM_BYTES) {
        size_t n = mv_channel_read(&stream, part, sizeof(part), mv_time_ns() + 5 * MV_S);

        for (size_t i = 0; i < n; i++)
            wrong += part[i] != (uint8_t)((got + i) * 7);
        got += n;
        if (n == 0)
            break;
    }
    CHECK(got == STREAM_BYTES && wrong == 0);
}

/* Waiting for one line leaves a vIRQ and a call for later. */
static void closed_wait(void)
{
    struct mv_words w;
    uint64_t source;
    uint8_t byte;

    (void)ask(REQUEST_RAISE, 0x5, mv_time_ns() + 5 * MV_MS);
    CHECK(mv_channel_read(&stream, &byte, 1, mv_time_ns() + 50 * MV_MS) == 0);
    CHECK(mv_wait_flags(&w, &source, MV_NOWAIT, 0, 0) == MV_OK);
    CHECK(source == (MV_SOURCE_VIRQ | LINE_OWN) && w.w[0] == 0x5);

    (void)ask(REQUEST_CALL_BACK, 0, mv_time_ns() + 5 * MV_MS);
    CHECK(mv_channel_read(&stream, &byte, 1, mv_time_ns() + 50 * MV_MS) == 0);
    /* Lines of channels may be pending too, from before they were drained. */
    do
        CHECK(mv_wait_flags(&w, &source, MV_NOWAIT, 0, 0) == MV_OK);
    while (failures == 0 && (source & MV_SOURCE_VIRQ) != 0);
    CHECK(MV_SOURCE_BADGE(source) == BADGE_CHECK_SERVICE_PEER && w.w[0] == 1234);
    w.w[0]++;
    CHECK(mv_reply(&w, MV_SIZE_SHORT) == MV_OK);
}

/* ---- the loop ------------------------------------------------------------------ */

static struct mv_loop loop;
static unsigned lines_seen, ticks_seen, calls_seen, times_seen;

static void loop_progress(void)
{
    if (lines_seen >= 1 && ticks_seen >= 3 && calls_seen >= 1 && times_seen >= 1)
        mv_loop_stop(&loop);
}

static void own_line(void *context, uint64_t payload)
{
    CHECK(context == &loop && payload == 0x700);
    lines_seen++;
    loop_progress();
}

static void tick_line(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    ticks_seen++;
    loop_progress();
}

static uint64_t loop_call(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    CHECK(context == &calls_seen && badge == BADGE_CHECK_SERVICE_PEER && size == MV_SIZE_SHORT);
    CHECK(io->w[0] == 1234);
    io->w[0]++;
    calls_seen++;
    loop_progress();
    return MV_SIZE_SHORT;
}

static void loop_time(void *context)
{
    (void)context;
    times_seen++;
    loop_progress();
}

static void event_loop(void)
{
    struct mv_loop_badge entry;

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, LINE_OWN, own_line, &loop);
    mv_loop_on_line(&loop, LINE_TICK, tick_line, NULL);
    mv_loop_on_badge(&loop, &entry, BADGE_CHECK_SERVICE_PEER, loop_call, &calls_seen);
    mv_loop_on_time(&loop, loop_time, NULL);
    mv_loop_at(&loop, mv_time_ns() + 10 * MV_MS);
    CHECK(mv_timer_set(CAP_TICK, mv_time_ns() + 5 * MV_MS, 5 * MV_MS) == MV_OK);
    CHECK(mv_virq_raise(CAP_NUDGE, 0x7) == MV_OK);
    (void)ask(REQUEST_CALL_BACK, 0, mv_time_ns() + 10 * MV_MS);
    mv_loop_run(&loop);
    CHECK(mv_timer_set(CAP_TICK, 0, 0) == MV_OK);
    CHECK(lines_seen == 1 && ticks_seen >= 3 && calls_seen == 1 && times_seen == 1);
}

/* ---- upcalls --------------------------------------------------------------------- */

static volatile uint32_t upcalls, upcall_in_mask;
static volatile uint64_t upcall_payload;
static volatile bool masked;
static uint64_t upcall_stack[256] __attribute__((aligned(16)));

static void on_upcall(unsigned line, uint64_t payload)
{
    if (line == LINE_OWN)
        upcall_payload |= payload;
    upcall_in_mask += masked;
    upcalls++;
}

/* Registers of the interrupted code survive: the sum is right. */
static uint64_t busy_until_upcall(uint32_t before)
{
    uint64_t limit = mv_time_ns() + 2 * MV_S, sum = 0, turns = 0;

    while (upcalls == before && mv_time_ns() < limit) {
        sum += 3 * ++turns;
    }
    return sum == 3 * (turns * (turns + 1) / 2);
}

static void upcall_case(void)
{
    uint32_t before;
    uint64_t end;

    CHECK(mv_upcall_start(on_upcall, upcall_stack + 256) == MV_OK);
    before = upcalls;
    (void)ask(REQUEST_RAISE, 0x10, mv_time_ns() + 5 * MV_MS);
    CHECK(busy_until_upcall(before));
    CHECK(upcalls > before && upcall_payload == 0x10);

    mv_upcall_mask();
    masked = true;
    before = upcalls;
    (void)ask(REQUEST_RAISE, 0x20, mv_time_ns() + 5 * MV_MS);
    for (end = mv_time_ns() + 30 * MV_MS; mv_time_ns() < end;)
        ;
    CHECK(upcalls == before);
    masked = false;
    mv_upcall_unmask();
    CHECK(busy_until_upcall(before));
    CHECK(upcalls > before && upcall_payload == 0x30 && upcall_in_mask == 0);

    CHECK(mv_upcall_start(on_upcall, NULL) == MV_OK);      /* on the interrupted stack */
    before = upcalls;
    (void)ask(REQUEST_RAISE, 0x40, mv_time_ns() + 5 * MV_MS);
    CHECK(busy_until_upcall(before));
    CHECK(upcall_payload == 0x70);
    CHECK(mv_upcall_start(NULL, NULL) == MV_OK);
}

/* ---- printing ---------------------------------------------------------------------- */

static void printing(void)
{
    __atomic_store_n(&other_go, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < 200; i++)
        mv_print("line %d: %s\n", i, "the ring is smaller than all of these lines together");
    for (int i = 0; i < 1000 && __atomic_load_n(&other_go, __ATOMIC_ACQUIRE) != 2; i++)
        mv_sleep(MV_MS);
    CHECK(other_go == 2);
    CHECK(mv_print_dropped() == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    { "start_up", start_up },
    { "time_and_sleep", time_and_sleep },
    { "calls", calls },
    { "cxx_cell", cxx_cell },
    { "message_channel", message_channel },
    { "byte_channel", byte_channel },
    { "closed_wait", closed_wait },
    { "event_loop", event_loop },
    { "upcalls", upcall_case },
    { "printing", printing },
};

int main(void)
{
    unsigned passed = 0, failed = 0;

    CHECK(mv_channel_open(&frames, mv_channel_find("frames")) == MV_OK);
    CHECK(mv_channel_open(&stream, mv_channel_find("stream")) == MV_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        failures = 0;
        cases[i].run();
        mv_print("%s lib %s\n", failures == 0 ? "ok  " : "FAIL", cases[i].name);
        *(failures == 0 ? &passed : &failed) += 1;
    }
    mv_print("%u passed, %u failed\n", passed, failed);
    mv_sleep(500 * MV_MS);                         /* the console prints it */
    (void)mv_system_reset(CAP_SYSTEM, 1);
    return 0;
}
