/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: page faults, mappings, and going over memory. */
#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    PAGES = 64,             /* of the areas whose pages are touched */
    MAPPED = 16,            /* pages mapped and unmapped            */
    BLOCK = 256 * 1024,     /* bytes gone over                      */
};

static char *area;

static char *map(size_t bytes, int flags, int fd)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

    if (at == MAP_FAILED)
        fail("mmap");
    return at;
}

static void area_free(void)
{
    munmap(area, PAGES * PAGE);
}

static void anonymous_begin(void)
{
    area = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    must(madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE), "madvise");
}

static void area_forget(void)
{
    must(madvise(area, PAGES * PAGE, MADV_DONTNEED), "madvise");
}

static void run_touch(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        *(volatile char *)(area + (size_t)i * PAGE) = 1;
}

static void file_begin(void)
{
    int fd = (int)must(open("/tmp/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600), "open");

    must(ftruncate(fd, PAGES * PAGE), "ftruncate");
    area = map(PAGES * PAGE, MAP_SHARED, fd);
    memset(area, 1, PAGES * PAGE);
    close(fd);
    unlink("/tmp/mapped");
}

static void run_mmap(uint32_t count)
{
    while (count--) {
        char *at = map(MAPPED * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

        *(volatile char *)at = 1;
        must(munmap(at, MAPPED * PAGE), "munmap");
    }
}

/* ---- going over memory -------------------------------------------------------------- */

static char *from, *to;

static void block_begin(void)
{
    from = map(BLOCK, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    to = map(BLOCK, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    memset(from, 1, BLOCK);
    memset(to, 1, BLOCK);
}

static void block_end(void)
{
    munmap(from, BLOCK);
    munmap(to, BLOCK);
}

static void run_memory_read(uint32_t count)
{
    while (count--) {
        uint64_t sum = 0;

        for (size_t i = 0; i < BLOCK; i += sizeof sum)
            sum += *(const uint64_t *)(const void *)(from + i);
        __asm__ volatile("" : : "r"(sum) : "memory");
    }
}

static void run_memory_write(uint32_t count)
{
    while (count--) {
        memset(to, (int)count, BLOCK);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
}

static void run_memory_copy(uint32_t count)
{
    while (count--) {
        memcpy(to, from, BLOCK);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
}

const struct row memory_rows[] = {
    { .name = "fault_anonymous", .text = "the first write to an anonymous page", .count = PAGES, .samples = 60,
      .begin = anonymous_begin, .before = area_forget, .run = run_touch, .end = area_free },
    { .name = "fault_file", .text = "the first write to a page of a mapped file", .count = PAGES, .samples = 60, .begin = file_begin,
      .before = area_forget, .run = run_touch, .end = area_free },
    { .name = "mmap", .text = "map 64 KiB, write to one page, unmap", .count = 20, .samples = 60, .run = run_mmap },
    { .name = "memory_read", .text = "read 256 KiB", .count = 4, .samples = 40, .begin = block_begin, .run = run_memory_read,
      .end = block_end },
    { .name = "memory_write", .text = "write 256 KiB", .count = 4, .samples = 40, .begin = block_begin, .run = run_memory_write,
      .end = block_end },
    { .name = "memory_copy", .text = "copy 256 KiB", .count = 4, .samples = 40, .begin = block_begin, .run = run_memory_copy,
      .end = block_end },
    { .name = NULL },
};
