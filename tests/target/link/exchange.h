/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What client, server and main of this test share: counters, and the frames. A
 * frame names the life of the client and the session it was sent in, has a number
 * within the session, and a sum over all of it.
 */
#pragma once

#include <stdint.h>

#include <libvirtio/libvirtio.h>

struct exchange {
    volatile uint64_t good;        /* frames that came back as they were sent */
    volatile uint64_t wrong;       /* frames that were sent never, twice, in another session, or differ */
    volatile uint64_t sessions;    /* of the client, over all its lives */
    volatile uint64_t resets;      /* for want of an answer */
    volatile uint64_t client_broken, server_broken;    /* rules broken by the other */
    volatile uint64_t client_wakes, server_wakes;
    volatile uint64_t served;
    volatile uint64_t pace;        /* frames that the client has under way at most */
};

#define FRAME_WORDS 180u           /* with the header in front it fits in a buffer of 1,536 bytes */
#define BUFFER_BYTES 1536u

struct frame {
    uint64_t life, session, number, words, sum;
    uint64_t word[FRAME_WORDS];
};

static inline uint64_t frame_sum(const struct frame *f)
{
    uint64_t sum = f->life * 3 + f->session * 5 + f->number * 7 + f->words;

    for (uint64_t i = 0; i < f->words && i < FRAME_WORDS; i++)
        sum = sum * UINT64_C(6364136223846793005) + f->word[i];
    return sum;
}

#define EXCHANGE ((struct exchange *)SEGMENT_BOX_ADDRESS)
