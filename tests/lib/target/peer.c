/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of the library's test, on the other core. */
#include <libmv/libmv.h>

#include "cell.h"
#include "check.h"

static struct mv_loop loop;
static struct mv_channel frames, stream;
static struct {
    enum request request;
    uint64_t argument;
} later;

static void send_frames(void)
{
    uint8_t frame[FRAME_BYTES];

    for (unsigned i = 0; i < FRAME_COUNT; i++) {
        memset(frame, (int)(i & 0xff), sizeof(frame));
        mv_assert(mv_channel_send(&frames, frame, mv_time_ns() + 5 * MV_S) == MV_OK);
    }
}

static void send_stream(void)
{
    uint8_t part[300];
    size_t sent = 0;

    while (sent < STREAM_BYTES) {
        size_t n = STREAM_BYTES - sent < sizeof(part) ? STREAM_BYTES - sent : sizeof(part);

        for (size_t i = 0; i < n; i++)
            part[i] = (uint8_t)((sent + i) * 7);
        mv_assert(mv_channel_write(&stream, part, n, mv_time_ns() + 5 * MV_S) == n);
        sent += n;
    }
}

static void time_event(void *context)
{
    struct mv_words w = { { 1234 } };

    (void)context;
    switch (later.request) {
    case REQUEST_SEND_FRAMES:
        send_frames();
        break;
    case REQUEST_SEND_STREAM:
        send_stream();
        break;
    case REQUEST_RAISE:
        mv_assert(mv_virq_raise(CAP_OWN, later.argument) == MV_OK);
        break;
    case REQUEST_CALL_BACK:
        mv_assert(mv_call(CAP_CHECK_SERVICE, &w) == MV_OK && w.w[0] == 1235);
        break;
    default:
        break;
    }
}

static uint64_t request(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    (void)context;
    (void)badge;
    (void)size;
    later.request = (enum request)io->w[0];
    later.argument = io->w[1];
    if (io->w[0] == REQUEST_SLOW)
        mv_sleep_until(io->w[2]);
    else if (io->w[0] != REQUEST_ECHO)
        mv_loop_at(&loop, io->w[2] != 0 ? io->w[2] : mv_time_ns());
    io->w[0] = io->w[1] + 1;
    return MV_SIZE_SHORT;
}

static void nudged(void *context, uint64_t payload)
{
    (void)context;
    mv_assert(mv_virq_raise(CAP_OWN, payload << 8) == MV_OK);
}

int main(void)
{
    mv_assert(mv_channel_open(&frames, mv_channel_find("frames")) == MV_OK);
    mv_assert(mv_channel_open(&stream, mv_channel_find("stream")) == MV_OK);
    mv_loop_init(&loop);
    mv_loop_on_call(&loop, request, NULL);
    mv_loop_on_line(&loop, LINE_NUDGE, nudged, NULL);
    mv_loop_on_time(&loop, time_event, NULL);
    mv_loop_run(&loop);
    return 0;
}
