/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms that wait. */

#include <libmv/channel.h>
#include <libmv/loop.h>
#include <libmv/message.h>

#include "internal.h"

bool mv_channel_wait(struct mv_channel *c, uint64_t wanted, uint64_t deadline)
{
    uint64_t flags = MV_LINES | (deadline != 0 ? MV_DEADLINE : 0);
    uint64_t line = UINT64_C(1) << c->config->line;
    struct mv_words out;
    uint64_t source;

    if (mv_wait_flags(&out, &source, flags, deadline, line) != MV_OK)
        return false;
    if ((out.w[0] & ~wanted) != 0)
        mv_lines_defer(line);
    return true;
}

size_t mv_channel_write(struct mv_channel *c, const void *bytes, size_t size, uint64_t deadline)
{
    const uint8_t *from = (const uint8_t *)bytes;
    size_t done = 0;

    while (done < size) {
        size_t part = mv_channel_write_try(c, from + done * c->out.element, size - done);

        done += part;
        if (part == 0 && !mv_channel_wait(c, MV_CHANNEL_SPACE, deadline))
            break;
    }
    return done;
}

size_t mv_channel_read(struct mv_channel *c, void *bytes, size_t size, uint64_t deadline)
{
    size_t done;

    if (size == 0)
        return 0;
    while ((done = mv_channel_read_try(c, bytes, size)) == 0)
        if (!mv_channel_wait(c, MV_CHANNEL_DATA, deadline))
            break;
    return done;
}

mv_status_t mv_channel_send(struct mv_channel *c, const void *message, uint64_t deadline)
{
    return mv_channel_write(c, message, 1, deadline) == 1 ? MV_OK : MV_TIMEOUT;
}

mv_status_t mv_channel_receive(struct mv_channel *c, void *message, uint64_t deadline)
{
    return mv_channel_read(c, message, 1, deadline) == 1 ? MV_OK : MV_TIMEOUT;
}
