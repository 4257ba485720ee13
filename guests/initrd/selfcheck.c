/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Linux guest can say about the machine it finds itself in. Run as root,
 * once, after boot. One line for each check:
 *
 *   check: NAME ok DETAIL      check: NAME FAIL DETAIL      check: NAME none DETAIL
 *
 * and at the end "check: done N ok, N failed". "none": the machine has no such
 * thing, and shall not. What it shall have is said by kernel arguments:
 * mv.cpus=N, mv.memory=MIB, mv.rng=0|1; and, where instructions are the clock, so
 * that the time of a wake-up is the machine's doing alone, mv.exact=US: that late
 * it may be, which is how long others' turns are.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <linux/rtc.h>

#define NS_PER_S     INT64_C(1000000000)
#define NS_PER_MS    INT64_C(1000000)
#define MAX_CPUS     16
#define TEXT_BYTES   (1u << 17)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int ok_count, fail_count;
static int64_t exact_ns;       /* a wake-up may be that late; 0: the host may be slow */

__attribute__((format(printf, 3, 4)))
static void result(const char *name, bool ok, const char *format, ...)
{
    va_list args;

    printf("check: %s %s ", name, ok ? "ok" : "FAIL");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    *(ok ? &ok_count : &fail_count) += 1;
}

/* ---- small helpers ------------------------------------------------------ */

static int64_t now(clockid_t clock)
{
    struct timespec t = { 0 };

    clock_gettime(clock, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* A whole file as text; empty if it cannot be read. The next call overwrites it. */
static char *file_text(const char *path)
{
    static char text[TEXT_BYTES];
    size_t length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && length < sizeof(text) - 1) {
        ssize_t n = read(fd, text + length, sizeof(text) - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    text[length] = 0;
    return text;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* The number that a kernel argument gives, or `otherwise`. */
static long argument(const char *name, long otherwise)
{
    const char *word = strstr(file_text("/proc/cmdline"), name);

    return word != NULL ? strtol(word + strlen(name), NULL, 0) : otherwise;
}

static void run_on(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static void run_anywhere(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    for (size_t i = 0; i < MAX_CPUS; i++)
        CPU_SET(i, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

static void busy(int64_t ns)
{
    int64_t end = now(CLOCK_MONOTONIC) + ns;

    while (now(CLOCK_MONOTONIC) < end)
        ;
}

static int online_cpus(void)
{
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/*
 * The interrupts that /proc/interrupts counts in the lines with this word: on
 * one CPU, by its place among those that are online, or on all if cpu is -1. -1:
 * there is no such line.
 */
static long interrupts(const char *word, int cpu)
{
    char *rest = file_text("/proc/interrupts"), *line;
    int columns = online_cpus();
    long sum = -1;

    strsep(&rest, "\n");
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *at = strchr(line, ':');
        if (at == NULL || strstr(line, word) == NULL)
            continue;
        at++;
        for (int i = 0; i < columns; i++) {
            long n = strtol(at, &at, 10);
            if (cpu < 0 || cpu == i)
                sum = (sum < 0 ? 0 : sum) + n;
        }
    }
    return sum;
}

/* ---- processors and memory ---------------------------------------------- */

static void check_cpus(int cpus)
{
    long want = argument("mv.cpus=", cpus);

    result("cpus", cpus == want, "%d online, %ld expected", cpus, want);
}

/* PSCI CPU_OFF and CPU_ON, for each processor but the first. */
static void check_hotplug(int cpus)
{
    char path[64];
    int done = 0;

    for (int cpu = 1; cpu < cpus; cpu++) {
        snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
        bool off = write_file(path, "0") && online_cpus() == cpus - 1;
        bool on = write_file(path, "1") && online_cpus() == cpus;
        if (!off || !on)
            result("hotplug", false, "processor %d does not go %s", cpu, off ? "on again" : "off");
        else
            done++;
    }
    if (done == cpus - 1)
        result("hotplug", true, "%d off and on again", done);
}

static void check_memory(void)
{
    char *rest = file_text("/proc/iomem"), *line;
    unsigned long long total = 0;

    while ((line = strsep(&rest, "\n")) != NULL) {
        unsigned long long first, last;
        if (line[0] != ' ' && strstr(line, "System RAM") != NULL && sscanf(line, "%llx-%llx", &first, &last) == 2)
            total += last - first + 1;
    }
    total >>= 20;
    long want = argument("mv.memory=", (long)total);
    result("memory", (long)total == want && total != 0, "%llu MiB, %ld expected", total, want);
}

/* All of what is free holds what is written to it. */
static void check_memory_holds(void)
{
    long free_kib = 0;
    const char *line = strstr(file_text("/proc/meminfo"), "MemFree:");
    size_t wrong = 0;

    if (line != NULL)
        free_kib = strtol(line + 8, NULL, 10);
    size_t words = (size_t)free_kib * 1024 / 2 / sizeof(uint64_t);
    uint64_t *memory = mmap(NULL, words * sizeof(*memory), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || words == 0) {
        result("memory-holds", false, "cannot have half of %ld KiB", free_kib);
        return;
    }
    for (size_t i = 0; i < words; i += 64)
        memory[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < words; i += 64)
        wrong += memory[i] != i * UINT64_C(0x9e3779b97f4a7c15);
    result("memory-holds", wrong == 0, "%zu MiB, %zu words changed", words * sizeof(*memory) >> 20, wrong);
    munmap(memory, words * sizeof(*memory));
}

/*
 * Two processes for each CPU add to one word, and compute with floating point:
 * no addition may be lost, and all must come to the same result.
 */
static void check_together(int cpus)
{
    enum { ADDITIONS = 20000 };
    struct { _Atomic long sum; double value[2 * MAX_CPUS]; } *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int children = 2 * cpus, odd = 0;

    if (shared == MAP_FAILED)
        return result("together", false, "no memory");
    for (int i = 0; i < children; i++) {
        if (fork() != 0)
            continue;
        run_on(i / 2);
        volatile double value = 1;
        for (int n = 1; n <= ADDITIONS; n++) {
            atomic_fetch_add(&shared->sum, 1);
            value = value * 1.0001 + 1.0 / n;
            if (n % 2000 == 0)
                sched_yield();
        }
        shared->value[i] = value;
        _exit(0);
    }
    while (wait(NULL) > 0)
        ;
    for (int i = 1; i < children; i++)
        odd += memcmp(&shared->value[i], &shared->value[0], sizeof(double)) != 0;
    long sum = atomic_load(&shared->sum);
    result("together", sum == (long)children * ADDITIONS && odd == 0,
           "%d processes, sum %ld, %d of another result", children, sum, odd);
    munmap(shared, sizeof(*shared));
}

/* ---- interrupts ---------------------------------------------------------- */

static void check_timer_interrupts(int cpus)
{
    long least = -1;

    for (int cpu = 0; cpu < cpus; cpu++) {
        run_on(cpu);
        long before = interrupts("arch_timer", cpu);
        busy(500 * NS_PER_MS);
        long more = interrupts("arch_timer", cpu) - before;
        least = least < 0 || more < least ? more : least;
    }
    run_anywhere();
    result("timer-interrupts", least >= 10, "%ld or more on each CPU in 0.5 s of work", least);
}

static void check_ipis(int cpus)
{
    long before = interrupts("IPI", -1);

    if (cpus == 1) {
        printf("check: ipis none one CPU\n");
        return;
    }
    for (int round = 0; round < 20; round++) {
        for (int cpu = 0; cpu < cpus; cpu++)
            run_on(cpu);
    }
    run_anywhere();
    /* Each move of a process to another CPU wakes a kernel thread there. */
    for (int round = 0; round < 10; round++) {
        pid_t child = fork();
        if (child == 0) {
            run_on(round % cpus);
            usleep(1000);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    long more = interrupts("IPI", -1) - before;
    result("ipis", more > 0, "%ld", more);
}

/* The console takes a long text: whoever reads it sees whether it is whole. */
static void check_console(void)
{
    char name[64] = "?";

    for (int i = 0; i < 32; i++)
        printf("check-text %02d the quick brown fox jumps over the lazy dog, and goes on\n", i);
    fflush(stdout);
    int drained = tcdrain(STDOUT_FILENO);
    int found = ttyname_r(STDOUT_FILENO, name, sizeof(name));
    result("console", drained == 0 && found == 0, "%s", name);
}

/* ---- time --------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Never early; and on the whole not late, as far as the host lets QEMU run. */
static void check_sleep(void)
{
    enum { COUNT = 101 };
    int64_t late[COUNT];
    int early = 0;

    for (int i = 0; i < COUNT; i++) {
        int64_t length = (1 + i % 5) * NS_PER_MS;
        struct timespec t = { 0, length };
        int64_t start = now(CLOCK_MONOTONIC);
        clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
        late[i] = now(CLOCK_MONOTONIC) - start - length;
        early += late[i] < 0;
    }
    qsort(late, COUNT, sizeof(late[0]), compare);
    int64_t median = late[COUNT / 2], worst = late[COUNT - 1];
    bool ok = early == 0 && (exact_ns != 0 ? median < NS_PER_MS / 5 && worst < exact_ns
                                           : median < 20 * NS_PER_MS && worst < NS_PER_S);
    result("sleep", ok, "%d sleeps of 1-5 ms: %d early, late by %lld us (median), %lld us (most)", COUNT, early,
           (long long)(median / 1000), (long long)(worst / 1000));
}

/* A periodic timer of 4 ms counts each of its periods, however late it is read. */
static void check_periods(void)
{
    const int64_t period = 4 * NS_PER_MS;
    struct itimerspec set = { { 0, period }, { 0, period } };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    int64_t start = now(CLOCK_MONOTONIC), last;
    uint64_t count = 0, reads = 0, n;

    timerfd_settime(fd, 0, &set, NULL);
    int64_t armed = now(CLOCK_MONOTONIC);
    do {
        if (read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
            count += n;
        reads++;
        last = now(CLOCK_MONOTONIC);
    } while (last - start < 2 * NS_PER_S);
    fcntl(fd, F_SETFL, O_NONBLOCK);     /* what has expired since the last read */
    if (read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n))
        count += n;
    int64_t least = (last - armed) / period, most = (now(CLOCK_MONOTONIC) - start) / period;
    close(fd);
    bool ok = (int64_t)count >= least && (int64_t)count <= most;
    result("periods", ok, "%llu of 4 ms, at least %lld expected, %llu wake-ups", (unsigned long long)count,
           (long long)least, (unsigned long long)reads);
}

static long rtc_seconds(void)
{
    return strtol(file_text("/sys/class/rtc/rtc0/since_epoch"), NULL, 10);
}

/* The RTC tells a time of our days, its alarm rings, and it goes as fast as the
 * other clocks do. */
static void check_rtc(void)
{
    struct rtc_wkalrm alarm = { .enabled = 1 };
    int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
    long first = rtc_seconds();

    if (fd < 0 || first == 0)
        return result("rtc", false, "there is none");
    result("rtc", first > 1700000000L && labs(first - (long)time(NULL)) <= 2, "%ld s since 1970", first);

    for (long second = rtc_seconds(); rtc_seconds() == second;)
        usleep(1000);
    int64_t start = now(CLOCK_MONOTONIC), start_boot = now(CLOCK_BOOTTIME);
    time_t at = (time_t)rtc_seconds() + 2;
    struct tm date;
    gmtime_r(&at, &date);
    alarm.time = (struct rtc_time){ .tm_sec = date.tm_sec, .tm_min = date.tm_min, .tm_hour = date.tm_hour,
                                    .tm_mday = date.tm_mday, .tm_mon = date.tm_mon, .tm_year = date.tm_year };
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    bool set = ioctl(fd, RTC_WKALM_SET, &alarm) == 0;
    bool rang = set && poll(&ready, 1, 10000) == 1;
    int64_t elapsed = now(CLOCK_MONOTONIC) - start, elapsed_boot = now(CLOCK_BOOTTIME) - start_boot;
    result("rtc-alarm", rang, "%s after %lld ms", !set ? "cannot be set" : rang ? "rings" : "silent",
           (long long)(elapsed / NS_PER_MS));
    int64_t off = elapsed - 2 * NS_PER_S;
    int64_t uptime = (int64_t)(strtod(file_text("/proc/uptime"), NULL) * 1e9);
    int64_t uptime_off = now(CLOCK_BOOTTIME) - uptime;
    result("clocks", rang && llabs(off) < NS_PER_S && llabs(elapsed - elapsed_boot) < 50 * NS_PER_MS &&
           uptime_off >= 0 && uptime_off < NS_PER_S,
           "2 s of the RTC are %lld ms", (long long)(elapsed / NS_PER_MS));
    close(fd);
}

/* ---- devices and the kernel's log ---------------------------------------- */

static void check_rng(void)
{
    uint8_t bytes[2][64] = { { 0 } };
    static const uint8_t zero[64];
    char current[64];
    int fd = open("/dev/hwrng", O_RDONLY | O_CLOEXEC);
    bool wanted = argument("mv.rng=", 1) != 0;

    snprintf(current, sizeof(current), "%s", file_text("/sys/class/misc/hw_random/rng_current"));
    current[strcspn(current, "\n")] = 0;
    bool there = fd >= 0 && strncmp(current, "virtio", 6) == 0;
    if (!there && !wanted) {
        printf("check: rng none\n");
    } else {
        ssize_t first = read(fd, bytes[0], sizeof(bytes[0])), second = read(fd, bytes[1], sizeof(bytes[1]));
        bool full = first == (ssize_t)sizeof(bytes[0]) && second == (ssize_t)sizeof(bytes[1]);
        result("rng", there && wanted && full && memcmp(bytes[0], bytes[1], sizeof(bytes[0])) != 0 &&
               memcmp(bytes[0], zero, sizeof(zero)) != 0, "%s", there ? current : "there is none");
    }
    if (fd >= 0)
        close(fd);
}

/* Warnings of the kernel that say nothing about the machine. */
static const struct { const char *text, *reason; bool if_exact; } harmless[] = {
    { "unable to open an initial console", "the console's driver is a module, loaded later", true },
    { "module verification failed", "modules of the user's own kernel", true },
    { "hrtimer: interrupt took", "the host stopped QEMU, or another machine had its turn", false },
};

static void check_dmesg(void)
{
    static char log[1u << 20];
    int length = klogctl(3, log, (int)sizeof(log) - 1);
    char *rest = log, *line;
    int warnings = 0, lines = 0;

    log[length > 0 ? length : 0] = 0;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] != '<' || !isdigit((unsigned char)line[1]))
            continue;
        lines++;
        long level = strtol(line + 1, NULL, 10) & 7;
        bool known = false;
        for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
            known = known || (strstr(line, harmless[i].text) != NULL && (harmless[i].if_exact || exact_ns == 0));
        if (level > 4 || known)
            continue;
        warnings++;
        printf("check: dmesg says %s\n", line);
    }
    result("dmesg", lines > 0 && warnings == 0, "%d lines, %d warnings", lines, warnings);
}

int main(void)
{
    int cpus = online_cpus();

    if (cpus > MAX_CPUS)
        cpus = MAX_CPUS;
    exact_ns = argument("mv.exact=", 0) * 1000;
    check_cpus(cpus);
    check_memory();
    check_memory_holds();
    check_timer_interrupts(cpus);
    check_ipis(cpus);
    check_together(cpus);
    check_sleep();
    check_periods();
    check_rtc();
    check_rng();
    check_hotplug(cpus);
    check_console();
    check_dmesg();
    printf("check: done %d ok, %d failed\n", ok_count, fail_count);
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
    return fail_count != 0;
}
