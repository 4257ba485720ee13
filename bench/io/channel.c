/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast a channel is: this cell sends pieces of each size to two others, one
 * on its own core and one on another, and looks how long it takes until the
 * last one says that all of it has arrived.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define LARGEST   0x10000u
#define TOTAL     0x100000u            /* bytes of each row, but at most this many pieces: */
#define PIECES    2048u

static uint8_t piece[LARGEST];

#ifdef SENDER

static struct mv_channel to;

static void row(const char *where, uint32_t size)
{
    uint32_t count = TOTAL / size < PIECES ? TOTAL / size : PIECES;
    uint32_t plan[2] = { size, count };
    uint64_t begin, end;
    uint8_t done;

    mv_channel_write(&to, plan, sizeof(plan), 0);
    mv_channel_read(&to, &done, 1, 0);
    begin = mv_time_ns();
    for (uint32_t i = 0; i < count; i++)
        mv_channel_write(&to, piece, size, 0);
    mv_channel_read(&to, &done, 1, 0);
    end = mv_time_ns();
    mv_print("row channel_%s_%u %lu\n", where, size, (end - begin) / count);
}

static void rows(const char *where, const char *channel)
{
    static const uint32_t sizes[] = { 8, 64, 512, 4096, 16384, 65536 };

    mv_channel_open(&to, mv_channel_find(channel));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        row(where, sizes[i]);
}

int main(void)
{
    rows("same", "near");
    rows("other", "far");
    mv_print("rows: done\n");
    mv_sleep(100 * MV_MS);           /* until the console has printed it */
    mv_system_reset(CAP_SYSTEM, 1);
    return 0;
}

#else

int main(void)
{
    struct mv_channel from;
    uint32_t plan[2];

    mv_channel_open(&from, &mv_cell.channels[0]);
    for (;;) {
        uint32_t got = 0;
        uint64_t left;

        while (got < sizeof(plan))
            got += (uint32_t)mv_channel_read(&from, (uint8_t *)plan + got, sizeof(plan) - got, 0);
        left = (uint64_t)plan[0] * plan[1];
        mv_channel_write(&from, plan, 1, 0);
        while (left > 0)
            left -= mv_channel_read(&from, piece, left < sizeof(piece) ? left : sizeof(piece), 0);
        mv_channel_write(&from, plan, 1, 0);
    }
}

#endif
