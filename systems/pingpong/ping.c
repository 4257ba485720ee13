/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client: calls two servers, one on its own core and one on another, with
 * messages of all three sizes; checks every answer and prints how long a round
 * trip takes.
 */
#include <libmv/libmv.h>

#include "cell.h"
#include "pingpong.h"

static const struct {
    const char *name;
    uint64_t flag;
    size_t bytes;
} sizes[] = {
    { "short", MV_SIZE_SHORT, 64 },
    { "full", MV_SIZE_FULL, 64 + MV_FULL_BYTES },
    { "extended", MV_SIZE_EXTENDED, 64 + MV_EXTENDED_BYTES },
};
#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

static const struct {
    const char *name, *where;
    uint32_t portal;
    uint32_t calls;
} servers[] = {
    { "near", "same core", CAP_ECHO_NEAR, 10000 },
    { "far", "other core", CAP_ECHO_FAR, 2000 },
};
#define SERVER_COUNT (sizeof(servers) / sizeof(servers[0]))

/* One call whose bytes are checked both ways. Returns the badge. */
static uint64_t check(size_t server, size_t size)
{
    uint64_t *data = (uint64_t *)mv_message_data();
    size_t words = (sizes[size].bytes - 64) / 8;
    struct mv_words w = { { 41, 0, ECHO_INVERT } };
    uint32_t reply_size;

    for (size_t i = 0; i < words; i++)
        data[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    mv_assert(mv_call_flags(servers[server].portal, &w, sizes[size].flag, 0, &reply_size) == MV_OK);
    mv_assert(reply_size == sizes[size].flag && w.w[0] == 42);
    for (size_t i = 0; i < words; i++)
        mv_assert(data[i] == ~(i * UINT64_C(0x9e3779b97f4a7c15)));
    return w.w[1];
}

/* ns per call and reply. */
static uint64_t measure(size_t server, size_t size)
{
    uint32_t portal = servers[server].portal, reply_size;
    uint64_t flag = sizes[size].flag, begin = mv_time_ns();
    struct mv_words w = { { 0 } };

    for (uint32_t i = 0; i < servers[server].calls; i++)
        if (mv_call_flags(portal, &w, flag, 0, &reply_size) != MV_OK)
            mv_panic("call %u failed", i);
    mv_assert(w.w[0] == servers[server].calls);
    return (mv_time_ns() - begin) / servers[server].calls;
}

static void run_all(void)
{
    mv_print("server  where       size      bytes  badge  calls  ns per round trip\n");
    for (size_t server = 0; server < SERVER_COUNT; server++) {
        for (size_t size = 0; size < SIZE_COUNT; size++) {
            uint64_t badge = check(server, size);

            mv_print("%-7s %-11s %-9s %5lu  %5lu  %5u  %lu\n", servers[server].name,
                     servers[server].where, sizes[size].name, sizes[size].bytes, badge,
                     servers[server].calls, measure(server, size));
        }
    }
}

int main(void)
{
    char line[8];

    for (;;) {
        run_all();
        mv_print("press Enter to measure again ");
        (void)mv_read_line(line, sizeof(line));
    }
}
