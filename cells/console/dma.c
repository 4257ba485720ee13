/* SPDX-License-Identifier: BSD-2-Clause */
#include "dma.h"

#include <libmv/calls.h>
#include <libmv/config.h>
#include <libmv/message.h>
#include <libmv/print.h>

#include "client.h"

#define PAYLOAD_BITS 64

static const char *fault_text(uint64_t fault)
{
    switch (fault) {
    case MV_STREAM_NOT_MAPPED: return "nothing there is given to it";
    case MV_STREAM_NO_RIGHT:   return "it may only read that";
    default:                   return "the SMMU refused it";
    }
}

static void say(const struct mv_stream_config *stream)
{
    const struct mv_stream_state *state = mv_message_data();
    char code[24] = "";

    /* Several streams can have one bit: this one may have had no fault. */
    if (mv_stream_control(stream->cap, MV_STREAM_LOOK) != MV_OK || state->status != MV_STREAM_ABORTED ||
        state->fault == MV_STREAM_NO_FAULT)
        return;
    if (state->fault == MV_STREAM_OTHER)
        (void)mv_format(code, sizeof code, " (event 0x%lx)", state->code);
    console_say("device %s of cell %s, stream 0x%x, aborted: %s 0x%lx, %s%s", stream->name, stream->cell, stream->id,
                state->is_write ? "write to" : "read from", state->address, fault_text(state->fault), code);
}

void dma_fault(void *context, uint64_t payload)
{
    (void)context;
    for (uint32_t i = 0; i < mv_cell.stream_count; i++)
        if (payload >> i % PAYLOAD_BITS & 1)
            say(&mv_cell.streams[i]);
}
