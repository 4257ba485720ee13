/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer's side. Each change of a record stands between two steps of its
 * sequence, which is odd in between; every word is stored whole.
 */
#include <libmv/watch.h>

#include "internal.h"

static void put(uint64_t *to, uint64_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELAXED);
}

static void change_begin(struct mv_watch_record *r)
{
    put(&r->sequence, r->sequence | 1);
    /* Who sees a word of the change sees the odd sequence too: pairs with the
     * acquire fence in mv_watch_read(). */
    __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void change_end(struct mv_watch_record *r)
{
    /* Who sees the even sequence sees all of the change: pairs with the first
     * load in mv_watch_read(). */
    __atomic_store_n(&r->sequence, r->sequence + 1, __ATOMIC_RELEASE);
}

static void clear(struct mv_histogram *h)
{
    uint64_t *words = &h->count;

    for (size_t i = 0; i < sizeof(*h) / sizeof(*words); i++)
        put(&words[i], 0);
    put(&h->min, UINT64_MAX);
}

static void count(struct mv_histogram *h, uint64_t ns)
{
    uint64_t *bucket = &h->bucket[mv_histogram_bucket(ns)];

    put(bucket, *bucket + 1);
    put(&h->count, h->count + 1);
    put(&h->sum, h->sum + ns);
    if (ns < h->min)
        put(&h->min, ns);
    if (ns > h->max)
        put(&h->max, ns);
}

static void reset(struct mv_watch *w, uint64_t since)
{
    struct mv_watch_record *r = w->record;

    change_begin(r);
    put(&r->period, w->period);
    put(&r->deadline, w->deadline);
    put(&r->since, since);
    put(&r->missed, 0);
    put(&r->overruns, 0);
    put(&r->worst_released, 0);
    put(&r->reserved, 0);
    clear(&r->jitter);
    clear(&r->response);
    change_end(r);
}

void mv_watch_start(struct mv_watch *w, struct mv_watch_record *record, uint64_t period, uint64_t deadline)
{
    *w = (struct mv_watch){ .record = record, .period = period, .deadline = deadline };
    reset(w, 0);
}

void mv_watch_reset(struct mv_watch *w)
{
    reset(w, w->due != 0 ? w->due : w->released);
}

static void begin(struct mv_watch *w, uint64_t released, uint64_t now, uint64_t overruns)
{
    struct mv_watch_record *r = w->record;
    uint64_t late = now > released ? now - released : 0;

    w->released = released;
    change_begin(r);
    if (r->since == 0)
        put(&r->since, released);
    if (late > r->jitter.max)
        put(&r->worst_released, released);
    count(&r->jitter, late);
    if (overruns != 0)
        put(&r->overruns, r->overruns + overruns);
    change_end(r);
    if (overruns != 0)
        watch_tell(w, MV_MARK_OVERRUN, overruns);
}

void mv_watch_begin(struct mv_watch *w, uint64_t released, uint64_t now)
{
    begin(w, released, now, 0);
}

bool mv_watch_beat(struct mv_watch *w, uint64_t now)
{
    uint64_t released = w->due, overruns = 0;

    if (now < released)
        return false;
    if (w->period != 0)
        overruns = (now - released) / w->period;
    w->due += (overruns + 1) * w->period;
    begin(w, released, now, overruns);
    return true;
}

bool mv_watch_end(struct mv_watch *w, uint64_t now)
{
    struct mv_watch_record *r = w->record;
    uint64_t response = now > w->released ? now - w->released : 0;
    bool in_time = w->deadline == 0 || response <= w->deadline;

    change_begin(r);
    count(&r->response, response);
    if (!in_time)
        put(&r->missed, r->missed + 1);
    change_end(r);
    if (!in_time)
        watch_tell(w, MV_MARK_MISS, response);
    return in_time;
}
