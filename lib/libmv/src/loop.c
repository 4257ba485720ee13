/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop. */

#include <libmv/channel.h>
#include <libmv/loop.h>
#include <libmv/print.h>
#include <libmv/time.h>

#include "internal.h"

void mv_loop_init(struct mv_loop *loop)
{
    *loop = (struct mv_loop){ 0 };
}

void mv_loop_on_line(struct mv_loop *loop, unsigned line, mv_line_handler *handler, void *context)
{
    if (line < MV_LINES_MAX) {
        loop->line[line].handler = handler;
        loop->line[line].context = context;
    }
}

void mv_loop_on_badge(struct mv_loop *loop, struct mv_loop_badge *entry, uint32_t badge,
                      mv_call_handler *handler, void *context)
{
    *entry = (struct mv_loop_badge){ loop->badges, badge, handler, context };
    loop->badges = entry;
}

void mv_loop_on_call(struct mv_loop *loop, mv_call_handler *handler, void *context)
{
    loop->call = handler;
    loop->call_context = context;
}

void mv_loop_on_time(struct mv_loop *loop, mv_time_handler *handler, void *context)
{
    loop->timer = handler;
    loop->timer_context = context;
}

void mv_loop_at(struct mv_loop *loop, uint64_t deadline)
{
    loop->deadline = deadline;
}

void mv_loop_stop(struct mv_loop *loop)
{
    loop->stop = 1;
}

static void loop_line(struct mv_loop *loop, unsigned line, uint64_t payload)
{
    if (line < MV_LINES_MAX && loop->line[line].handler != NULL)
        loop->line[line].handler(loop->line[line].context, payload);
}

static void loop_deferred(struct mv_loop *loop)
{
    uint64_t lines = mv_lines_deferred();

    for (unsigned line = 0; lines != 0; line++, lines >>= 1)
        if (lines & 1)
            loop_line(loop, line, MV_CHANNEL_DATA | MV_CHANNEL_SPACE);
}

static void loop_time(struct mv_loop *loop)
{
    if (loop->deadline == 0 || mv_time_ns() < loop->deadline)
        return;
    loop->deadline = 0;
    if (loop->timer != NULL)
        loop->timer(loop->timer_context);
}

static uint64_t loop_call(struct mv_loop *loop, uint64_t source, struct mv_words *io)
{
    uint32_t badge = MV_SOURCE_BADGE(source), size = MV_SOURCE_SIZE(source);

    for (struct mv_loop_badge *b = loop->badges; b != NULL; b = b->next)
        if (b->badge == badge)
            return b->handler(b->context, badge, size, io);
    if (loop->call != NULL)
        return loop->call(loop->call_context, badge, size, io);
    *io = (struct mv_words){ { 0 } };
    return MV_SIZE_SHORT;
}

/* Nothing is left that must be done before a wait. */
static bool loop_is_idle(const struct mv_loop *loop)
{
    const struct mv_local *local = mv_local();

    return local->deferred == 0 && local->print_length == 0 && !loop->stop;
}

void mv_loop_run(struct mv_loop *loop)
{
    struct mv_words io;
    uint64_t source, reply = MV_LOOP_NO_REPLY;

    loop->stop = 0;
    while (!loop->stop) {
        mv_status_t status;
        uint64_t deadline;

        if (reply != MV_LOOP_NO_REPLY && !loop_is_idle(loop)) {
            (void)mv_reply(&io, reply);
            reply = MV_LOOP_NO_REPLY;
        }
        if (reply == MV_LOOP_NO_REPLY) {
            loop_deferred(loop);
            loop_time(loop);
            mv_print_flush();
            if (!loop_is_idle(loop))
                continue;
        }
        deadline = loop->deadline;
        if (reply != MV_LOOP_NO_REPLY)
            status = mv_reply_wait_flags(&io, &source,
                                         reply | (deadline != 0 ? MV_DEADLINE : 0), deadline);
        else
            status = mv_wait_flags(&io, &source, deadline != 0 ? MV_DEADLINE : 0, deadline, 0);
        reply = MV_LOOP_NO_REPLY;
        if (status != MV_OK)
            continue;
        if (source & MV_SOURCE_VIRQ)
            loop_line(loop, MV_SOURCE_LINE(source), io.w[0]);
        else
            reply = loop_call(loop, source, &io);
    }
    if (reply != MV_LOOP_NO_REPLY)
        (void)mv_reply(&io, reply);
}
