/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks a port to another cell, /dev/virtio-ports/NAME: a stream of bytes each way.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "check.h"

#define PORTS "/dev/virtio-ports/"

static const char help[] =
    "portcheck WHAT NAME [WORD...]     NAME: of a port; with a / in it, any other device\n"
    "  say       write each WORD as a line, print the lines that come, until wait=S (1) is over\n"
    "  echo      size=BYTES (64) there, and the same back, count=N (1000) times\n"
    "  stream    bytes=N (1m) there and back, as much at once as it takes, in pieces of size=BYTES (4k)\n"
    "  sizes     stream with pieces of 8 bytes to 64 KiB, a line for each\n"
    "  write     bytes=N (1m) there, in pieces of size=BYTES (4k)\n"
    "  read      bytes=N (1m) of what \"write\" writes from there\n"
    "words: timeout=S (5): nothing may take longer; seed=N (1), of what is written\n"
    "the last line is \"portcheck: WHAT ok ...\" or \"portcheck: WHAT FAIL ...\"\n";

static const char *what;
static char **words;
static int port;
static int64_t timeout_ns;
static struct pattern pattern;
static struct latencies latencies;

#define FINISH(ok, ...) finish("portcheck", what, ok, __VA_ARGS__)

/* Which of POLLIN and POLLOUT is possible; 0 after `until`. */
static int wait_for(short events, int64_t until)
{
    struct pollfd p = { .fd = port, .events = events };
    int64_t left = until - now_ns();

    if (left < 0)
        left = 0;
    struct timespec t = { left / NS_PER_S, left % NS_PER_S };
    int n = ppoll(&p, 1, &t, NULL);
    if (n > 0 && (p.revents & events) == 0)
        FINISH(false, "the other end is closed");
    return n > 0 ? p.revents & events : 0;
}

static size_t put(const void *bytes, size_t size)
{
    ssize_t n = write(port, bytes, size);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        FINISH(false, "write: %s", strerror(errno));
    return n > 0 ? (size_t)n : 0;
}

static size_t take(void *bytes, size_t size)
{
    ssize_t n = read(port, bytes, size);

    if (n == 0)
        FINISH(false, "the other end is closed");
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        FINISH(false, "read: %s", strerror(errno));
    return n > 0 ? (size_t)n : 0;
}

/* Both directions at once, none waiting for the other: returns how long it took. */
static int64_t transfer(uint64_t out, uint64_t in, size_t size)
{
    static uint8_t buffer[PATTERN_MOST];
    uint64_t sent = 0, taken = 0;
    int64_t start = now_ns();

    while (sent < out || taken < in) {
        int events = (sent < out ? POLLOUT : 0) | (taken < in ? POLLIN : 0);
        int ready = wait_for((short)events, now_ns() + timeout_ns);
        if (ready == 0)
            FINISH(false, "sent=%" PRIu64 " received=%" PRIu64 ", and no more for %.1f s", sent, taken,
                   seconds_of(timeout_ns));
        if (ready & POLLOUT)
            sent += put(pattern_at(&pattern, sent), out - sent < size ? (size_t)(out - sent) : size);
        if (ready & POLLIN) {
            size_t n = take(buffer, in - taken < sizeof(buffer) ? (size_t)(in - taken) : sizeof(buffer));
            if (memcmp(buffer, pattern_at(&pattern, taken), n) != 0)
                FINISH(false, "what comes back is wrong, among bytes %" PRIu64 " to %" PRIu64, taken, taken + n);
            taken += n;
        }
    }
    return now_ns() - start;
}

/* Of what an earlier run, that was stopped, may have left. */
static void drop_old(void)
{
    static uint8_t buffer[4096];

    while (wait_for(POLLIN, now_ns() + 50 * NS_PER_MS) != 0)
        take(buffer, sizeof(buffer));
}

static void do_say(void)
{
    int64_t wait = seconds_word(words, "wait", 1);
    char line[512], piece[256];
    size_t length = 0, lines = 0;

    for (char **w = words; *w != NULL; w++) {
        if (strncmp(*w, "wait=", 5) == 0 || strncmp(*w, "timeout=", 8) == 0)
            continue;
        int n = snprintf(line, sizeof(line), "%s\n", *w);
        for (size_t done = 0; n > 0 && done < (size_t)n && done < sizeof(line) - 1;) {
            if (wait_for(POLLOUT, now_ns() + timeout_ns) == 0)
                FINISH(false, "the port takes nothing");
            done += put(line + done, (size_t)n - done);
        }
    }
    int64_t end = now_ns() + wait;
    while (wait_for(POLLIN, end) != 0) {
        size_t n = take(piece, sizeof(piece));
        for (size_t i = 0; i < n; i++) {
            if (piece[i] != '\n' && length < sizeof(line) - 1) {
                line[length++] = piece[i];
            } else if (piece[i] == '\n') {
                printf("%.*s\n", (int)length, line);
                length = 0;
                lines++;
            }
        }
    }
    FINISH(lines > 0, "lines=%zu", lines);
}

static void do_echo(void)
{
    uint64_t count = number_of(words, "count", 1000), size = number_of(words, "size", 64);
    int64_t start = now_ns();

    if (size == 0 || size > PATTERN_MOST || count == 0)
        FINISH(false, "size: 1 to %u", PATTERN_MOST);
    for (uint64_t i = 0; i < count; i++)
        latency_note(&latencies, transfer(size, size, (size_t)size));
    int64_t took = now_ns() - start;
    FINISH(true, "count=%" PRIu64 " size=%" PRIu64 " seconds=%.3f p50=%.1f p99=%.1f max=%.1f us", count, size,
           seconds_of(took), latency_us(&latencies, 50), latency_us(&latencies, 99),
           (double)latencies.most / (double)NS_PER_US);
}

static void do_transfer(bool out, bool in)
{
    uint64_t bytes = number_of(words, "bytes", 1 << 20), size = number_of(words, "size", 4096);

    if (size == 0 || size > PATTERN_MOST || bytes == 0)
        FINISH(false, "size: 1 to %u", PATTERN_MOST);
    int64_t took = transfer(out ? bytes : 0, in ? bytes : 0, (size_t)size);
    FINISH(true, "bytes=%" PRIu64 " size=%" PRIu64 " seconds=%.3f mbytes=%.3f", bytes, size, seconds_of(took),
           rate_of(bytes, took));
}

static void do_sizes(void)
{
    uint64_t bytes = number_of(words, "bytes", 1 << 18), all = 0;

    for (size_t size = 8; size <= 65536; size *= 2) {
        uint64_t some = bytes < size * 2000 ? bytes : size * 2000;
        int64_t took = transfer(some, some, size);
        printf("portcheck: size=%zu bytes=%" PRIu64 " seconds=%.3f mbytes=%.3f\n", size, some, seconds_of(took),
               rate_of(some, took));
        all += some;
    }
    FINISH(true, "bytes=%" PRIu64, all);
}

int main(int argc, char **argv)
{
    static const char *const known[] = { "wait", "timeout", "count", "size", "bytes", "seed" };
    char path[256];
    bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;

    if (asked || argc < 3) {
        fputs(help, asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    what = argv[1];
    words = argv + 3;
    bool say = strcmp(what, "say") == 0;
    if (!say)
        check_words(words, known, ARRAY_SIZE(known));
    timeout_ns = seconds_word(words, "timeout", 5);
    pattern_make(&pattern, say ? 1 : number_of(words, "seed", 1));
    snprintf(path, sizeof(path), "%s%s", strchr(argv[2], '/') != NULL ? "" : PORTS, argv[2]);
    port = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (port < 0)
        FINISH(false, "%s: %s", path, strerror(errno));

    if (say)
        do_say();
    if (strcmp(what, "echo") == 0 || strcmp(what, "stream") == 0 || strcmp(what, "sizes") == 0)
        drop_old();
    if (strcmp(what, "echo") == 0)
        do_echo();
    else if (strcmp(what, "stream") == 0)
        do_transfer(true, true);
    else if (strcmp(what, "sizes") == 0)
        do_sizes();
    else if (strcmp(what, "write") == 0)
        do_transfer(true, false);
    else if (strcmp(what, "read") == 0)
        do_transfer(false, true);
    fputs(help, stderr);
    return 2;
}
