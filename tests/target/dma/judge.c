/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has the stream of the driver's device, and the driver. Its console says what to do:
 *   l  look at the stream, and whether its vIRQ was raised since the last look
 *   a  abort it    x  restore it    s  stop the driver    g  start it
 */
#include <libmv/libmv.h>

#include "cell.h"

/* The payload of the stream's vIRQ, 0 if it is not pending. */
static uint64_t raised(void)
{
    struct mv_words w;
    uint64_t source;

    if (mv_cell.stream_count == 0)
        return 0;
    return mv_wait_flags(&w, &source, MV_LINES | MV_NOWAIT, 0, UINT64_C(1) << mv_cell.stream_line) == MV_OK ? w.w[0] : 0;
}

static void stream(const char *what, uint64_t action)
{
    const struct mv_stream_state *s = mv_message_data();
    mv_status_t st = MV_BAD_CAP;

    if (mv_cell.stream_count != 0)
        st = mv_stream_control(mv_cell.streams[0].cap, action);
    if (st != MV_OK)
        mv_print("%s: status %lu\n", what, st);
    else
        mv_print("%s: stream 0x%lx of cell %lu is %lu, refused %lu, kind %lu, %s 0x%lx, raised %lu\n", what, s->id, s->cell,
                 s->status, s->faults, s->fault, s->is_write ? "write" : "read", s->address, raised());
}

int main(void)
{
    mv_print("ready\n");
    for (;;) {
        switch (mv_get_char()) {
        case 'l': stream("look", MV_STREAM_LOOK);         break;
        case 'a': stream("abort", MV_STREAM_ABORT);       break;
        case 'x': stream("restore", MV_STREAM_RESTORE);   break;
        case 's': mv_print("stopped: %lu\n", mv_cell_stop(CAP_CELL_ENGINE));   break;
        case 'g': mv_print("started: %lu\n", mv_cell_start(CAP_CELL_ENGINE));  break;
        }
    }
}
