/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks a disk, or a part of one, or a file: what was written must be read again,
 * at its place, and errors must be reported, in time. Each sector of 512 bytes says
 * of itself which one it is, of which seed, and how often it has been written.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "check.h"

#define SECTOR        512u
#define SECTOR_WORDS  (SECTOR / 8)
#define LARGEST       (64u * 1024)
#define THREADS_MOST  16u

static const char help[] =
    "diskcheck WHAT FILE [WORD...]\n"
    "  fill      write every sector, then sync\n"
    "  verify    read every sector of an earlier fill\n"
    "  random    write and read here and there, 512 bytes to 64 KiB at once; needs a fill\n"
    "            of the same seed before, and makes one of itself at the end\n"
    "  ro        every write must be refused, and change nothing\n"
    "  errors    reads and writes must work below the sector bad=N, and fail from there on\n"
    "words: seed=N (1)  from=SECTOR (0)  sectors=N (all from there on)  direct: past Linux's cache\n"
    "  block=BYTES (64k): how much at once, fill and verify\n"
    "  count=N (2000) or seconds=S, threads=N (1), sync=N: after each N writes: random\n"
    "  count=N (32) on each side, limit=S (10): how long one may take: errors\n"
    "the last line is \"diskcheck: WHAT ok ...\" or \"diskcheck: WHAT FAIL ...\"\n";

static const char *what;
static char **words;
static int disk;
static uint64_t seed, first, sectors;      /* the part that is checked */

#define FINISH(ok, ...) finish("diskcheck", what, ok, __VA_ARGS__)

/* ---- sectors ------------------------------------------------------------------ */

static void sector_make(uint64_t *to, uint64_t sector, uint32_t written)
{
    uint64_t key = mix(seed ^ mix(sector ^ (uint64_t)written << 40));

    to[0] = sector;
    to[1] = seed << 32 | written;
    for (unsigned i = 2; i < SECTOR_WORDS; i++)
        to[i] = key + i * UINT64_C(0x9e3779b97f4a7c15);
}

static bool sector_is(const uint64_t *at, uint64_t sector, uint32_t written)
{
    uint64_t want[SECTOR_WORDS];

    sector_make(want, sector, written);
    return memcmp(at, want, SECTOR) == 0;
}

static void wrong_sector(const uint64_t *at, uint64_t sector, uint32_t written)
{
    FINISH(false, "sector=%" PRIu64 " written=%u holds sector=%" PRIu64 " seed=%" PRIu64 " written=%u: %016" PRIx64,
           sector, written, at[0], at[1] >> 32, (uint32_t)at[1], at[2]);
}

/* ---- transfers ------------------------------------------------------------------ */

static void *buffer_of(size_t bytes)
{
    void *p = NULL;

    if (posix_memalign(&p, 4096, bytes) != 0)
        FINISH(false, "no memory");
    return p;
}

/* 0 or an errno. A transfer that is cut short is an error, too. */
static int transfer(bool write, void *buffer, uint64_t sector, size_t bytes)
{
    size_t done = 0;

    while (done < bytes) {
        off_t at = (off_t)(sector * SECTOR + done);
        ssize_t n = write ? pwrite(disk, (char *)buffer + done, bytes - done, at)
                          : pread(disk, (char *)buffer + done, bytes - done, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return write ? ENOSPC : ENODATA;
        done += (size_t)n;
    }
    return 0;
}

static void must(int error, const char *doing, uint64_t sector)
{
    if (error != 0)
        FINISH(false, "%s sector=%" PRIu64 ": %s", doing, sector, strerror(error));
}

static void sync_disk(void)
{
    if (fsync(disk) != 0)
        FINISH(false, "fsync: %s", strerror(errno));
}

/* So that what is read comes from the disk. */
static void forget_cache(void)
{
    sync_disk();
    posix_fadvise(disk, 0, 0, POSIX_FADV_DONTNEED);
}

/* ---- fill and verify -------------------------------------------------------------- */

static void pass_over(bool write)
{
    size_t block = number_of(words, "block", LARGEST) / SECTOR;
    int64_t start = now_ns();

    if (block == 0 || block > 16384)
        FINISH(false, "block: 512 bytes to 8 MiB");
    uint64_t *buffer = buffer_of(block * SECTOR);
    if (!write)
        forget_cache();
    for (uint64_t at = 0; at < sectors; at += block) {
        size_t count = sectors - at < block ? (size_t)(sectors - at) : block;
        for (size_t i = 0; write && i < count; i++)
            sector_make(buffer + i * SECTOR_WORDS, first + at + i, 0);
        must(transfer(write, buffer, first + at, count * SECTOR), write ? "write" : "read", first + at);
        for (size_t i = 0; !write && i < count; i++)
            if (!sector_is(buffer + i * SECTOR_WORDS, first + at + i, 0))
                wrong_sector(buffer + i * SECTOR_WORDS, first + at + i, 0);
    }
    if (write)
        sync_disk();
    int64_t took = now_ns() - start;
    FINISH(true, "sectors=%" PRIu64 " seconds=%.3f mbytes=%.2f", sectors, seconds_of(took),
           rate_of(sectors * SECTOR, took));
}

/* ---- random ------------------------------------------------------------------------ */

static uint32_t *written;                   /* how often, of each sector */
static _Atomic uint64_t bytes_read, bytes_written, requests;
static unsigned thread_count;
static uint64_t count_each, sync_each;
static int64_t random_end;

/* Each thread has sectors of its own, so that it knows what is there. */
static void *random_thread(void *argument)
{
    unsigned index = (unsigned)(uintptr_t)argument;
    uint64_t own = sectors / thread_count, base = own * index, random = mix(seed + index), writes = 0;
    uint64_t *buffer = buffer_of(LARGEST);

    for (uint64_t i = 0; random_end != 0 ? now_ns() < random_end : i < count_each; i++) {
        uint64_t most = LARGEST / SECTOR < own ? LARGEST / SECTOR : own;
        uint64_t count = 1 + next_random(&random) % (next_random(&random) % 2 == 0 ? most : most < 8 ? most : 8);
        uint64_t at = base + next_random(&random) % (own - count + 1);
        bool write = next_random(&random) % 2 == 0;

        for (uint64_t s = 0; write && s < count; s++)
            sector_make(buffer + s * SECTOR_WORDS, first + at + s, ++written[at + s]);
        must(transfer(write, buffer, first + at, (size_t)count * SECTOR), write ? "write" : "read", first + at);
        for (uint64_t s = 0; !write && s < count; s++)
            if (!sector_is(buffer + s * SECTOR_WORDS, first + at + s, written[at + s]))
                wrong_sector(buffer + s * SECTOR_WORDS, first + at + s, written[at + s]);
        (write ? &bytes_written : &bytes_read)[0] += count * SECTOR;
        requests++;
        if (write && sync_each != 0 && ++writes % sync_each == 0)
            sync_disk();
    }
    free(buffer);
    return NULL;
}

static void do_random(void)
{
    pthread_t threads[THREADS_MOST];
    int64_t start = now_ns(), seconds = seconds_word(words, "seconds", 0);

    thread_count = (unsigned)number_of(words, "threads", 1);
    if (thread_count == 0 || thread_count > THREADS_MOST || sectors < thread_count)
        FINISH(false, "threads: 1 to %u, with a sector each", THREADS_MOST);
    count_each = number_of(words, "count", 2000) / thread_count;
    sync_each = number_of(words, "sync", 0);
    random_end = seconds != 0 ? start + seconds : 0;
    written = calloc(sectors, sizeof(written[0]));
    if (written == NULL)
        FINISH(false, "no memory");
    for (unsigned i = 0; i < thread_count; i++)
        if (pthread_create(&threads[i], NULL, random_thread, (void *)(uintptr_t)i) != 0)
            FINISH(false, "no thread");
    for (unsigned i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    int64_t took = now_ns() - start;

    /* Nothing else may have changed; then the same as after a fill again. */
    uint64_t *buffer = buffer_of(SECTOR);
    forget_cache();
    for (uint64_t s = 0; s < sectors; s++) {
        must(transfer(false, buffer, first + s, SECTOR), "read", first + s);
        if (!sector_is(buffer, first + s, written[s]))
            wrong_sector(buffer, first + s, written[s]);
        if (written[s] != 0) {
            sector_make(buffer, first + s, 0);
            must(transfer(true, buffer, first + s, SECTOR), "write", first + s);
        }
    }
    sync_disk();
    FINISH(true, "requests=%" PRIu64 " read=%" PRIu64 " written=%" PRIu64 " seconds=%.3f mbytes=%.2f", requests,
           bytes_read, bytes_written, seconds_of(took), rate_of(bytes_read + bytes_written, took));
}

/* ---- read-only ----------------------------------------------------------------------- */

static void do_ro(const char *path)
{
    uint64_t *before = buffer_of(SECTOR), *after = buffer_of(SECTOR), *changed = buffer_of(SECTOR);
    int reader = disk;

    must(transfer(false, before, first, SECTOR), "read", first);
    disk = open(path, O_RDWR | O_CLOEXEC | O_DIRECT);
    if (disk < 0) {
        if (errno == EROFS || errno == EACCES || errno == EPERM)
            FINISH(true, "open says %s", strerror(errno));
        FINISH(false, "open: %s", strerror(errno));
    }
    memcpy(changed, before, SECTOR);
    changed[0] ^= UINT64_MAX;
    int error = transfer(true, changed, first, SECTOR);
    if (error == 0 && fsync(disk) != 0)
        error = errno;
    disk = reader;
    forget_cache();
    must(transfer(false, after, first, SECTOR), "read", first);
    if (memcmp(before, after, SECTOR) != 0)
        FINISH(false, "a write to sector=%" PRIu64 " has changed it, and %s", first,
               error == 0 ? "succeeded" : strerror(error));
    if (error != EROFS && error != EPERM && error != EIO)
        FINISH(false, "write: %s", error == 0 ? "succeeded" : strerror(error));
    FINISH(true, "write says %s", strerror(error));
}

/* ---- errors ---------------------------------------------------------------------------- */

static void do_errors(void)
{
    uint64_t bad = number_of(words, "bad", UINT64_MAX), count = number_of(words, "count", 32), random = mix(seed);
    int64_t limit = seconds_word(words, "limit", 10), longest = 0;
    uint64_t *buffer = buffer_of(SECTOR);

    if (bad <= first || bad >= first + sectors)
        FINISH(false, "bad: a sector after the first");
    for (uint64_t i = 0; i < 4 * count; i++) {
        bool write = i % 2 == 0, fails = i % 4 < 2;
        uint64_t from = fails ? bad : first, many = fails ? first + sectors - bad : bad - first;
        /* The two at the border first. */
        uint64_t sector = i >= 4 ? from + next_random(&random) % many : fails ? bad : bad - 1;
        int64_t start = now_ns();

        sector_make(buffer, sector, 0);
        int error = transfer(write, buffer, sector, SECTOR);
        int64_t took = now_ns() - start;
        if (took > longest)
            longest = took;
        if ((error == 0) == fails)
            FINISH(false, "%s sector=%" PRIu64 ": %s", write ? "write" : "read", sector,
                   error == 0 ? "succeeded" : strerror(error));
        if (fails && error != EIO && error != ENOSPC && error != EREMOTEIO && error != ENODATA)
            FINISH(false, "%s sector=%" PRIu64 " says %s", write ? "write" : "read", sector, strerror(error));
        if (took > limit)
            FINISH(false, "%s sector=%" PRIu64 " took %.1f s", write ? "write" : "read", sector, seconds_of(took));
    }
    FINISH(true, "requests=%" PRIu64 " longest=%.3f", 4 * count, seconds_of(longest));
}

/* ---- which ------------------------------------------------------------------------------- */

static uint64_t sectors_of(int file)
{
    struct stat s;
    uint64_t bytes = 0;

    if (fstat(file, &s) != 0)
        return 0;
    if (S_ISBLK(s.st_mode))
        return ioctl(file, BLKGETSIZE64, &bytes) == 0 ? bytes / SECTOR : 0;
    return (uint64_t)s.st_size / SECTOR;
}

int main(int argc, char **argv)
{
    static const char *const known[] = { "seed", "from", "sectors", "direct", "block", "count", "seconds",
                                         "threads", "sync", "bad", "limit" };

    if (argc < 3) {
        fputs(help, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    what = argv[1];
    words = argv + 3;
    check_words(words, known, ARRAY_SIZE(known));
    bool read_only = strcmp(what, "ro") == 0 || strcmp(what, "verify") == 0;
    bool direct = word_of(words, "direct") != NULL || strcmp(what, "errors") == 0 || strcmp(what, "ro") == 0;
    disk = open(argv[2], (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | (direct ? O_DIRECT : 0));
    if (disk < 0)
        FINISH(false, "%s: %s", argv[2], strerror(errno));
    seed = number_of(words, "seed", 1) & UINT32_MAX;
    uint64_t all = sectors_of(disk);
    first = number_of(words, "from", 0);
    sectors = number_of(words, "sectors", first < all ? all - first : 0);
    if (first >= all || sectors == 0 || sectors > all - first)
        FINISH(false, "%s has %" PRIu64 " sectors", argv[2], all);

    if (strcmp(what, "fill") == 0)
        pass_over(true);
    else if (strcmp(what, "verify") == 0)
        pass_over(false);
    else if (strcmp(what, "random") == 0)
        do_random();
    else if (strcmp(what, "ro") == 0)
        do_ro(argv[2]);
    else if (strcmp(what, "errors") == 0)
        do_errors();
    fputs(help, stderr);
    return 2;
}
