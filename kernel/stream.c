/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include "cell.h"
#include "core.h"
#include "trace.h"
#include "virq.h"
#include "arch/arch.h"

static struct stream *streams;         /* of all cells */
static uint32_t       stream_count;
static uint32_t       lock;            /* for what is known of them, and for what it means to the machine */

static_assert(offsetof(struct mv_stream_state, address) - offsetof(struct mv_stream_state, fault) ==
              offsetof(struct stream_fault, address), "a fault is copied as a whole");

#define ANY  (~0u)

/* From one of the statuses in the mask `from`, because of f if that is not NULL;
 * returns the status before. What is known afterwards goes to `out` if that is not NULL. */
__attribute__((noinline))
static uint64_t change(struct stream *s, uint32_t from, enum mv_stream_status to, const struct stream_fault *f, void *out)
{
    uint64_t was;

    arch_lock(&lock);
    was = s->known.status;
    if ((from >> was & 1) != 0) {
        if ((was == MV_STREAM_PASSES) != (to == MV_STREAM_PASSES))
            arch_dma_let(s->sys, to == MV_STREAM_PASSES);
        s->known.status = to;
        if (f != NULL)
            arch_copy(&s->known.fault, f, sizeof(*f));
    }
    if (out != NULL)
        arch_copy(out, &s->known, sizeof(s->known));
    arch_unlock(&lock);
    return was;
}

void stream_cell(struct cell *c, enum mv_stream_status status)
{
    for (uint32_t i = 0; i < c->sys->stream_count; i++)
        change(&c->streams[i], ANY, status, NULL, NULL);
}

void stream_boot(const struct mv_systab *t)
{
    streams = (void *)((char *)t + t->objects[MV_AREA_STREAMS]);
    stream_count = t->streams.count;
    arch_dma_init(t);
}

void stream_refused(uint64_t id, const struct stream_fault *f)
{
    trace(MV_EVENT_DMA, NULL, id | f->code << 32, f->address);
    for (uint32_t i = 0; i < stream_count; i++) {
        struct stream *s = &streams[i];

        if (s->known.id != id)
            continue;
        s->known.faults++;     /* of one core alone */
        if (change(s, 1u << MV_STREAM_PASSES, MV_STREAM_ABORTED, f, NULL) == MV_STREAM_PASSES && s->virq != NULL)
            virq_raise_any(s->virq, UINT64_C(1) << i % 64);
    }
}

struct result call_stream_control(HANDLER_ARGS)
{
    uint32_t from = a1 == MV_STREAM_LOOK ? 0 : ANY << (MV_STREAM_STOPPED + 1);
    uint64_t was;

    if (self->buffer == NULL || a1 > MV_STREAM_RESTORE)
        return result_status(MV_BAD_ARG);
    was = change(object, from, (enum mv_stream_status)a1, NULL, self->buffer->data);
    return result_status(was == MV_STREAM_STOPPED && a1 == MV_STREAM_RESTORE ? MV_BUSY : MV_OK);
}
static_assert((int)MV_STREAM_ABORT == (int)MV_STREAM_ABORTED && (int)MV_STREAM_RESTORE == (int)MV_STREAM_PASSES,
              "an action is what it leads to");
