/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include "cell.h"
#include "core.h"
#include "trace.h"
#include "virq.h"
#include "arch/arch.h"

static struct stream *streams;         /* of all cells */
static uint32_t       stream_count;
static uint32_t       lock;            /* for what is known of them, and for the SMMU's commands */

/* With the lock held. */
static void set_status(struct stream *s, enum mv_stream_status status)
{
    bool passes = status == MV_STREAM_PASSES;

    if (passes != (s->known.status == MV_STREAM_PASSES))
        arch_dma_let(s->sys, passes);
    s->known.status = status;
}

static void set_cell(struct cell *c, enum mv_stream_status status)
{
    for (uint32_t i = 0; i < c->sys->stream_count; i++) {
        arch_lock(&lock);
        set_status(&c->streams[i], status);
        arch_unlock(&lock);
    }
}

void stream_cell_starts(struct cell *c) { set_cell(c, MV_STREAM_PASSES); }
void stream_cell_stops(struct cell *c) { set_cell(c, MV_STREAM_STOPPED); }

void stream_boot(const struct mv_systab *t)
{
    struct cell *c = (void *)((char *)t + t->objects[MV_AREA_CELLS]);

    streams = (void *)((char *)t + t->objects[MV_AREA_STREAMS]);
    stream_count = t->streams.count;
    arch_dma_init(t);
    for (struct cell *end = c + t->cells.count; c < end; c++) {
        if (c->sys->autostart != 0)
            stream_cell_starts(c);
    }
}

void stream_refused(uint64_t id, enum mv_stream_fault fault, uint64_t event, uint64_t address, bool is_write)
{
    trace(core_here(), MV_TRACE_FAULT, MV_EVENT_DMA, NULL, id | event << 32, address);
    for (uint32_t i = 0; i < stream_count; i++) {
        struct stream *s = &streams[i];
        bool first;

        if (s->known.id != id)
            continue;
        arch_lock(&lock);
        first = s->known.status == MV_STREAM_PASSES;
        s->known.faults++;
        if (first) {
            s->known.fault = fault;
            s->known.code = event;
            s->known.address = address;
            s->known.is_write = is_write;
            set_status(s, MV_STREAM_ABORTED);
        }
        arch_unlock(&lock);
        if (first && s->virq != NULL)
            virq_raise_any(s->virq, UINT64_C(1) << i % 64);
    }
}

struct result call_stream_control(HANDLER_ARGS)
{
    struct stream *s = object;
    mv_status_t st = MV_OK;

    if (self->buffer == NULL || a1 > MV_STREAM_RESTORE)
        return result_status(MV_BAD_ARG);
    arch_lock(&lock);
    if (s->known.status == MV_STREAM_STOPPED)
        st = a1 == MV_STREAM_RESTORE ? MV_BUSY : MV_OK;
    else if (a1 != MV_STREAM_LOOK)
        set_status(s, a1 == MV_STREAM_RESTORE ? MV_STREAM_PASSES : MV_STREAM_ABORTED);
    arch_copy(self->buffer->data, &s->known, sizeof(s->known));
    arch_unlock(&lock);
    return result_status(st);
}
