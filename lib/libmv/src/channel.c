/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels: two rings, and the vIRQs that say when to look at them. */

#include <libmv/calls.h>
#include <libmv/channel.h>

#include "internal.h"

/* Differs at each start of a cell. */
static uint32_t channel_epoch(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
    return (uint32_t)ticks | 1;
}

static void channel_raise(struct mv_channel *c, uint64_t what)
{
    (void)mv_virq_raise(c->config->raise_cap, what);
}

mv_status_t mv_channel_open(struct mv_channel *c, const struct mv_channel_config *config)
{
    uint32_t half = config->size / 2;
    uint32_t element = config->kind == MV_CHANNEL_MESSAGES ? config->message_size : 1;
    void *first = (void *)config->address;
    void *second = (void *)(config->address + half);

    *c = (struct mv_channel){ .config = config };
    if (!mv_ring_open(&c->out, config->end == 0 ? first : second, half, element) ||
        !mv_ring_open(&c->in, config->end == 0 ? second : first, half, element))
        return MV_BAD_ARG;
    mv_ring_start_reader(&c->in);
    mv_ring_start_writer(&c->out, channel_epoch());
    channel_raise(c, MV_CHANNEL_DATA | MV_CHANNEL_SPACE);
    return MV_OK;
}

uint32_t mv_channel_space(struct mv_channel *c)
{
    return mv_ring_space(&c->out);
}

uint32_t mv_channel_ready(struct mv_channel *c)
{
    return mv_ring_ready(&c->in);
}

static uint32_t channel_count(size_t size)
{
    return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

size_t mv_channel_write_try(struct mv_channel *c, const void *bytes, size_t size)
{
    bool raise;
    uint32_t done = mv_ring_put(&c->out, bytes, channel_count(size), &raise);

    if (raise)
        channel_raise(c, MV_CHANNEL_DATA);
    return done;
}

size_t mv_channel_read_try(struct mv_channel *c, void *bytes, size_t size)
{
    bool raise;
    uint32_t done = mv_ring_take(&c->in, bytes, channel_count(size), &raise);

    if (raise)
        channel_raise(c, MV_CHANNEL_SPACE);
    return done;
}

size_t mv_channel_peek(struct mv_channel *c, void *bytes, size_t size)
{
    return mv_ring_peek(&c->in, bytes, channel_count(size));
}

mv_status_t mv_channel_send_try(struct mv_channel *c, const void *message)
{
    return mv_channel_write_try(c, message, 1) == 1 ? MV_OK : MV_WOULD_BLOCK;
}

mv_status_t mv_channel_receive_try(struct mv_channel *c, void *message)
{
    return mv_channel_read_try(c, message, 1) == 1 ? MV_OK : MV_WOULD_BLOCK;
}
