/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server: answers each call in the size in which it came. It is built twice
 * into the system, once on its client's core and once on another one.
 */
#include <libmv/libmv.h>

#include "pingpong.h"

static void invert(uint64_t *words, size_t bytes)
{
    for (size_t i = 0; i < bytes / 8; i++)
        words[i] = ~words[i];
}

static size_t message_bytes(uint32_t size)
{
    return size == MV_SIZE_EXTENDED ? MV_EXTENDED_BYTES : size == MV_SIZE_FULL ? MV_FULL_BYTES : 0;
}

int main(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t status = mv_wait(&w, &source);

    for (;;) {
        uint32_t size = MV_SOURCE_SIZE(source);

        if (status != MV_OK || (source & MV_SOURCE_VIRQ) != 0) {
            status = mv_wait(&w, &source);
            continue;
        }
        if (w.w[2] == ECHO_INVERT)
            invert((uint64_t *)mv_message_data(), message_bytes(size));
        w.w[0] += 1;
        w.w[1] = MV_SOURCE_BADGE(source);
        status = mv_reply_wait_flags(&w, &source, size, 0);
    }
}
