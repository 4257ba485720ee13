/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

#include "cell.h"
#include "protocol.h"

static uint64_t log_entry[16];
static unsigned log_count;
static volatile uint64_t in_data = 0x1122334455667788, in_bss;

static void note(uint64_t value)
{
    if (log_count < 16)
        log_entry[log_count++] = value;
}

static void listen(void)
{
    struct mv_words w;
    uint64_t source;

    while (mv_wait_flags(&w, &source, MV_LINES, 0, UINT64_C(1) << LINE_LINE) != MV_OK)
        ;
}

static size_t bytes_of(uint32_t size)
{
    return size == MV_SIZE_EXTENDED ? MV_EXTENDED_BYTES : size == MV_SIZE_FULL ? MV_FULL_BYTES : 0;
}

static void take_log(struct mv_words *w)
{
    w->w[0] = log_count;
    for (unsigned i = 0; i < 7; i++)
        w->w[i + 1] = i < log_count ? log_entry[i] : 0;
    log_count = 0;
}

/* Serve one call; false when it has been answered already. */
static bool serve(struct mv_words *w, uint64_t source, uint64_t *size)
{
    uint64_t *data = (uint64_t *)mv_message_data();
    struct mv_words other = { { 0 } };
    uint64_t ignored, end;

    *size = MV_SOURCE_SIZE(source);
    switch (w->w[0]) {
    case DO_ECHO:
        for (size_t i = 0; i < bytes_of((uint32_t)*size) / 8; i++)
            data[i] = ~data[i];
        for (int i = 0; i < 7; i++)
            w->w[i] = ~w->w[i];
        w->w[7] = MV_SOURCE_BADGE(source);
        return true;
    case DO_SIZE:
        *size = w->w[1];
        w->w[2] = source;
        return true;
    case DO_SPIN:
        end = mv_time_ns() + w->w[1];
        while (mv_time_ns() < end)
            ;
        return true;
    case DO_LISTEN:
        listen();
        return true;
    case DO_HOLD:
        (void)mv_reply(w, 0);
        listen();
        return false;
    case DO_TWICE:
        note(mv_reply(w, 0));
        note(mv_reply(w, 0));
        return false;
    case DO_WAIT:
        w->w[0] = mv_wait_flags(&other, &ignored, MV_NOWAIT, 0, 0);
        return true;
    case DO_REPLY_LATER:
        listen();
        note(mv_reply(w, 0));
        return false;
    case DO_NEST:
        other.w[0] = w->w[1];
        w->w[0] = mv_call(CAP_SECOND_DOOR, &other);
        w->w[1] = other.w[0];
        return true;
    case DO_BACK:
        w->w[0] = mv_call_until(CAP_MAIN_DOOR, &other, w->w[1]);
        return true;
    case DO_LOG:
        take_log(w);
        return true;
    case DO_NOTE:
        note(w->w[1]);
        return true;
    case DO_STARTS:
        w->w[0] = in_data++;
        w->w[1] = in_bss++;
        return true;
    default:
        return true;
    }
}

int main(void)
{
    struct mv_words w;
    uint64_t source, size;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        bool answer = st == MV_OK && (source & MV_SOURCE_VIRQ) == 0 && serve(&w, source, &size);

        st = answer ? mv_reply_wait_flags(&w, &source, size, 0) : mv_wait(&w, &source);
    }
}
