/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame of the suite: prepares the system, runs all rows, prints the table. */
#include "suite.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { ROWS_MAX = 64, SAMPLES_MAX = 512 };

struct result {
    const struct row *row;
    uint64_t          best;     /* nanoseconds for `count` repetitions       */
    uint64_t          middle;   /* the same, of the sample in the middle     */
    uint32_t          count;
};

static struct result results[ROWS_MAX];
static size_t result_count;

/* ---- what the rows use ------------------------------------------------------- */

uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

uint64_t median(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static _Noreturn void power_off(void)
{
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    reboot(RB_POWER_OFF);
    _exit(1);
}

void fail(const char *what)
{
    printf("suite: failed: %s: %s\n", what, strerror(errno));
    power_off();
}

long must(long result, const char *what)
{
    if (result < 0)
        fail(what);
    return result;
}

int partner_start(void (*serve)(void))
{
    int pid = (int)must(fork(), "fork");

    if (pid == 0) {
        serve();
        _exit(0);
    }
    return pid;
}

void partner_wait(int pid)
{
    int status = 0;

    must(waitpid(pid, &status, 0), "waitpid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        errno = ECHILD;
        fail("a process did not end well");
    }
}

int read_all(int fd, void *to, size_t length)
{
    for (size_t done = 0; done < length;) {
        long n = must(read(fd, (char *)to + done, length - done), "read");

        if (n == 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

int write_all(int fd, const void *from, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, (const char *)from + done, length - done);

        if (n < 0 && errno == EPIPE)
            return 0;
        done += (size_t)must(n, "write");
    }
    return 1;
}

/* ---- the run -------------------------------------------------------------------- */

static void run_row(const struct row *r)
{
    static uint64_t took[SAMPLES_MAX];
    uint32_t samples = r->samples < SAMPLES_MAX ? r->samples : SAMPLES_MAX;
    struct result *result = &results[result_count++];

    if (result_count > ROWS_MAX) {
        errno = ENOSPC;
        fail("too many rows");
    }
    result->row = r;
    result->count = 1;
    if (r->measure) {
        result->best = result->middle = r->measure();
        return;
    }
    if (r->begin)
        r->begin();
    /* The first one is for what is only prepared once, and does not count. */
    for (uint32_t i = 0; i <= samples; i++) {
        if (r->before)
            r->before();
        uint64_t start = now();

        r->run(r->count);
        took[i ? i - 1 : 0] = now() - start;
    }
    if (r->end)
        r->end();
    result->count = r->count;
    result->middle = median(took, samples);
    result->best = took[0];     /* median() has sorted them */
}

static void run_rows(const struct row *rows)
{
    for (; rows->name; rows++)
        run_row(rows);
}

static void loopback_up(void)
{
    struct ifreq request = { .ifr_name = "lo" };
    int s = (int)must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

    must(ioctl(s, SIOCGIFFLAGS, &request), "SIOCGIFFLAGS");
    request.ifr_flags |= IFF_UP;
    must(ioctl(s, SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
    close(s);
}

/* In hundredths of a nanosecond, so that nothing short is rounded away. */
static uint64_t each(uint64_t total, uint32_t count)
{
    return (total * 100 + count / 2) / count;
}

static void print_results(void)
{
    for (size_t i = 0; i < result_count; i++) {
        const struct result *r = &results[i];
        uint64_t best = each(r->best, r->count), middle = each(r->middle, r->count);

        printf("row %s %s %llu.%02llu %llu.%02llu %s\n", r->row->name, r->row->kind == ROW_TIMER ? "timer" : "plain",
               (unsigned long long)best / 100, (unsigned long long)best % 100, (unsigned long long)middle / 100,
               (unsigned long long)middle % 100, r->row->text);
    }
    printf("suite: done: %zu rows, %llu ms\n", result_count, (unsigned long long)now() / 1000000);
}

int main(int argc, char **argv)
{
    int status = process_act(argc, argv);

    if (status >= 0)
        return status;
    must(mount("none", "/proc", "proc", 0, NULL), "mount /proc");
    must(mount("none", "/tmp", "tmpfs", 0, NULL), "mount /tmp");
    loopback_up();
    signal(SIGPIPE, SIG_IGN);
    /* Sleeps end when they are asked to, not when it suits. */
    must(prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL), "PR_SET_TIMERSLACK");
    run_rows(call_rows);
    run_rows(signal_rows);
    run_rows(exchange_rows);
    run_rows(memory_rows);
    run_rows(process_rows);
    run_rows(network_rows);
    run_rows(file_rows);
    run_rows(timer_rows);
    print_results();
    power_off();
}
