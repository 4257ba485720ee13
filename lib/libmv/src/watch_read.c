/* SPDX-License-Identifier: BSD-2-Clause */
/* The readers' side: another cell's record, or the own one. */
#include <libmv/print.h>
#include <libmv/time.h>
#include <libmv/watch.h>

#define READ_TRIES 64

bool mv_watch_read(const struct mv_watch_record *record, struct mv_watch_record *copy)
{
    const uint64_t *from = &record->sequence;
    uint64_t *to = &copy->sequence;

    for (int i = 0; i < READ_TRIES; i++) {
        /* Pairs with change_end() in watch.c. */
        uint64_t before = __atomic_load_n(from, __ATOMIC_ACQUIRE);

        to[0] = before;
        for (size_t word = 1; word < sizeof(*copy) / sizeof(*to); word++)
            to[word] = __atomic_load_n(&from[word], __ATOMIC_RELAXED);
        /* If a word was of a later change, the sequence is seen to have moved:
         * pairs with change_begin() in watch.c. */
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if ((before & 1) == 0 && __atomic_load_n(from, __ATOMIC_RELAXED) == before)
            return true;
    }
    return false;
}

size_t mv_watch_text(const struct mv_watch_record *copy, char *text, size_t size)
{
    const struct mv_histogram *h = &copy->jitter;

    if (h->count == 0)
        return mv_format(text, size, "no turn yet");
    return mv_format(text, size, "%lu turns, %lu missed, %lu overruns, late by %lu/%lu/%lu us (least/average/most)", h->count,
                     copy->missed, copy->overruns, h->min / MV_US, h->sum / h->count / MV_US, h->max / MV_US);
}
