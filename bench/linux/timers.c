/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows about time: what an interruption by a timer costs, and how late a sleeper wakes. */
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

enum {
    INTERRUPTION_NS = 200,          /* more than this over the usual is one */
    CHUNKS_MAX = 4096,
};

static uint64_t took[CHUNKS_MAX];

static void compute(uint32_t loops)
{
    __asm__ volatile("1: subs %w0, %w0, #1\n\tb.ne 1b" : "+r"(loops) : : "cc");
}

/*
 * Computes in equal chunks, most of which nothing interrupts. The median of
 * what the interrupted ones took longer: what one interruption costs.
 */
static uint64_t interruption(uint32_t chunks, uint32_t loops)
{
    size_t hits = 0;
    uint64_t last;

    compute(loops);
    last = now();
    for (uint32_t i = 0; i < chunks; i++) {
        compute(loops);
        uint64_t t = now();

        took[i] = t - last;
        last = t;
    }
    uint64_t usual = median(took, chunks);

    for (uint32_t i = 0; i < chunks; i++)
        if (took[i] > usual + INTERRUPTION_NS)
            took[hits++] = took[i] - usual;
    if (hits == 0) {
        errno = ENODATA;
        fail("no timer has interrupted");
    }
    return median(took, hits);
}

/* Nothing but the kernel's tick interrupts: 4 ms apart, in chunks of about 0.2 ms. */
static uint64_t measure_tick(void)
{
    return interruption(2000, 100000);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void alarm_every(long us)
{
    struct itimerval every = { { 0, us }, { 0, us } };

    must(setitimer(ITIMER_REAL, &every, NULL), "setitimer");
}

static uint64_t measure_alarm(void)
{
    struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
    uint64_t cost;

    must(sigaction(SIGALRM, &act, NULL), "sigaction");
    alarm_every(100);
    cost = interruption(4000, 5000);
    alarm_every(0);
    return cost;
}

/* The median of how much longer a sleep lasts than it should. */
static uint64_t oversleep(long ns, uint32_t count)
{
    struct timespec sleep = { 0, ns };

    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = now();

        must(nanosleep(&sleep, NULL), "nanosleep");
        took[i] = now() - start - (uint64_t)ns;
    }
    return median(took, count);
}

static uint64_t measure_sleep_50us(void)
{
    return oversleep(50000, 1000);
}

static uint64_t measure_sleep_1ms(void)
{
    return oversleep(1000000, 200);
}

/* With all that comes between, about 25 ticks; what earlier rows have left to the kernel to do is done before. */
static uint64_t measure_compute(void)
{
    struct timespec settle = { 0, 200000000 };

    must(nanosleep(&settle, NULL), "nanosleep");
    uint64_t start = now();

    compute(50000000);
    return now() - start;
}

const struct row timer_rows[] = {
    { .name = "compute", .text = "a computation of 100 ms, ticks included", .measure = measure_compute, .kind = ROW_TIMER },
    { .name = "tick", .text = "a tick of the kernel", .measure = measure_tick, .kind = ROW_TIMER },
    { .name = "alarm_100us", .text = "an alarm of a timer of 100 us, signal handler included", .measure = measure_alarm,
      .kind = ROW_TIMER },
    { .name = "sleep_50us", .text = "nanosleep of 50 us: what it sleeps too long", .measure = measure_sleep_50us, .kind = ROW_TIMER },
    { .name = "sleep_1ms", .text = "nanosleep of 1 ms: what it sleeps too long", .measure = measure_sleep_1ms, .kind = ROW_TIMER },
    { .name = NULL },
};
