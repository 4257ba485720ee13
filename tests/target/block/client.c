/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Works on its own partition and looks at the one that is only read. What a sector
 * holds is known from its number and how often it was written; at the end all is
 * written once more and flushed, and whoever looks at the disk's file can compare.
 * After that it waits for a letter:
 *   r  some hundred requests at random again, and their data compared
 *   s  says from which sector on reading fails
 *   e  says how many of 64 requests fail, and how long they took
 */
#include <libmv/libmv.h>

#include "disk.h"

#define SECTORS 8192u
#define ZONE    (SECTORS / DISK_REQUESTS)   /* each request keeps to its own */
#define ROUNDS  600u
#define LAST    0xffffu

static struct disk own, common;
static uint16_t written[SECTORS];      /* how often */
static uint64_t seed;
static unsigned failures;

#define EXPECT(expression) \
    do { \
        if (!(expression)) { \
            failures++; \
            mv_print("FAIL %s:%d: %s\n", __FILE__, __LINE__, #expression); \
        } \
    } while (0)

static uint32_t rnd(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* Word `i` of a sector. */
static uint64_t word(uint64_t who, uint64_t sector, uint64_t times, uint64_t i)
{
    return (who * 1000003 + sector) * UINT64_C(0x9e3779b97f4a7c15) + times * UINT64_C(0xc2b2ae3d27d4eb4f) + i;
}

static uint64_t who(void)
{
    return mv_cell.name[0];
}

static void fill(uint8_t *data, uint64_t sector, uint32_t sectors)
{
    uint64_t *w = (uint64_t *)(void *)data;

    for (uint64_t s = sector; s < sector + sectors; s++)
        for (uint32_t i = 0; i < 64; i++)
            *w++ = word(who(), s, written[s], i);
}

static void compare(const uint8_t *data, uint64_t sector, uint32_t sectors)
{
    const uint64_t *w = (const uint64_t *)(const void *)data;

    for (uint64_t s = sector; s < sector + sectors; s++)
        for (uint32_t i = 0; i < 64; i++)
            if (*w++ != word(who(), s, written[s], i)) {
                failures++;
                mv_print("FAIL sector %lu word %u differs\n", s, i);
                return;
            }
}

static void done(const char *what)
{
    mv_print("%s %s\n", failures == 0 ? "PASS" : "FAIL", what);
}

static void write_begin(uint32_t n, uint64_t sector, uint32_t sectors)
{
    for (uint64_t s = sector; s < sector + sectors; s++)
        written[s]++;
    fill(own.request[n].data, sector, sectors);
    disk_begin(&own, n, VIO_BLOCK_OUT, sector, sectors);
}

/* Write the whole partition, as many requests under way as there can be. */
static void fill_all(uint16_t times)
{
    uint32_t under_way = 0;
    uint64_t next[DISK_REQUESTS];

    for (uint32_t s = 0; s < SECTORS; s++)
        written[s] = (uint16_t)(times - 1);
    for (uint32_t n = 0; n < DISK_REQUESTS; n++, under_way++) {
        next[n] = n * ZONE;
        write_begin(n, next[n], 32);
    }
    while (under_way > 0) {
        uint32_t n = disk_wait(&own);

        EXPECT(*own.request[n].status == VIO_BLOCK_OK);
        next[n] += 32;
        if (next[n] < (n + 1) * ZONE)
            write_begin(n, next[n], 32);
        else
            under_way--;
    }
}

static void begin_any(uint32_t n)
{
    uint32_t sectors = 1 + rnd(32);
    uint64_t sector = n * ZONE + rnd(ZONE - sectors);

    if (rnd(2) == 0)
        write_begin(n, sector, sectors);
    else
        disk_begin(&own, n, VIO_BLOCK_IN, sector, sectors);
}

/* Requests at random, with their data compared. */
static void at_random(uint32_t count)
{
    uint32_t begun = 0, ended = 0;

    while (begun < DISK_REQUESTS)
        begin_any(begun++);
    for (; ended < count; ended++) {
        uint32_t n = disk_wait(&own);
        const struct request *r = &own.request[n];

        EXPECT(*r->status == VIO_BLOCK_OK);
        if (r->type == VIO_BLOCK_IN && *r->status == VIO_BLOCK_OK)
            compare(r->data, r->sector, r->sectors);
        if (begun < count) {
            begin_any(n);
            begun++;
        }
    }
}

static void limits(void)
{
    EXPECT(own.capacity == SECTORS && !own.read_only);
    EXPECT(disk_do(&own, VIO_BLOCK_IN, SECTORS - 1, 1) == VIO_BLOCK_OK);
    EXPECT(disk_do(&own, VIO_BLOCK_IN, SECTORS, 1) == VIO_BLOCK_IOERR);
    EXPECT(disk_do(&own, VIO_BLOCK_IN, SECTORS - 1, 2) == VIO_BLOCK_IOERR);
    EXPECT(disk_do(&own, VIO_BLOCK_OUT, SECTORS, 1) == VIO_BLOCK_IOERR);
    EXPECT(disk_do(&own, VIO_BLOCK_OUT, UINT64_MAX, 1) == VIO_BLOCK_IOERR);
    EXPECT(disk_do(&own, VIO_BLOCK_OUT, UINT64_MAX / 512, 2) == VIO_BLOCK_IOERR);
    EXPECT(disk_do(&own, VIO_BLOCK_DISCARD, 0, 1) == VIO_BLOCK_UNSUPP);
    EXPECT(disk_do(&own, VIO_BLOCK_FLUSH, 0, 0) == VIO_BLOCK_OK);
    done("limits");
}

static void only_read(void)
{
    EXPECT(common.capacity == 8128 && common.read_only);
    EXPECT(disk_do(&common, VIO_BLOCK_IN, 8127, 1) == VIO_BLOCK_OK);
    EXPECT(common.request[0].data[5] == 0x33);
    EXPECT(disk_do(&common, VIO_BLOCK_OUT, 0, 1) == VIO_BLOCK_IOERR);
    EXPECT(disk_do(&common, VIO_BLOCK_IN, 0, 1) == VIO_BLOCK_OK);
    EXPECT(common.request[0].data[5] == 0x33);
    done("only read");
}

static void say_where_it_ends(void)
{
    uint64_t low = 0, high = own.capacity;      /* that one can be read, this one cannot */

    if (disk_do(&own, VIO_BLOCK_IN, 0, 1) != VIO_BLOCK_OK) {
        mv_print("NOTE nothing can be read\n");
        return;
    }
    while (high - low > 1) {
        uint64_t middle = (low + high) / 2;

        if (disk_do(&own, VIO_BLOCK_IN, middle, 1) == VIO_BLOCK_OK)
            low = middle;
        else
            high = middle;
    }
    mv_print("NOTE reads to %lu, writes there %u %u\n", low + 1, disk_do(&own, VIO_BLOCK_OUT, low, 1),
             disk_do(&own, VIO_BLOCK_OUT, low + 1, 1));
}

static void say_what_fails(void)
{
    uint64_t begin = mv_time_ns();
    unsigned failed = 0;

    for (uint32_t i = 0; i < 64; i++)
        failed += disk_do(&own, VIO_BLOCK_IN, i * 128, 1) != VIO_BLOCK_OK;
    mv_print("NOTE %u of 64 fail, %lu s\n", failed, (mv_time_ns() - begin) / MV_S);
}

static void command(int c)
{
    failures = 0;
    if (c == 'r') {
        uint32_t sessions = own.sessions;

        at_random(ROUNDS);
        mv_print("%s again, %u sessions more\n", failures == 0 ? "PASS" : "FAIL", own.sessions - sessions);
    }
    if (c == 's')
        say_where_it_ends();
    if (c == 'e')
        say_what_fails();
}

int main(void)
{
    seed = who();
    disk_open(&own, mv_cell.name[0] == 'o' ? "first" : "second");
    disk_open(&common, "third");
#ifndef TEST_QUIET
    limits();
    only_read();
    fill_all(1);
    at_random(ROUNDS);
    done("at random");
    fill_all(LAST);
    EXPECT(disk_do(&own, VIO_BLOCK_FLUSH, 0, 0) == VIO_BLOCK_OK);
    done("flushed");
#endif
    mv_print("READY\n");
    for (;;)
        command(mv_get_char());
}
