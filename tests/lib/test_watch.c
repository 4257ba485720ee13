/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches: what is counted, what is told, and reading while it is written. */
#include <pthread.h>
#include <string.h>

#include <libmv/time.h>
#include <libmv/watch.h>

#include "../../lib/libmv/src/internal.h"
#include "test.h"

static struct {
    unsigned count;
    uint64_t mark, value;
    uint32_t index;
} told;

/* What a cell's watch says with kernel calls. */
void watch_tell(const struct mv_watch *w, uint64_t mark, uint64_t value)
{
    told.count++;
    told.mark = mark;
    told.value = value;
    told.index = w->index;
}

static struct mv_watch_record record, copy;

void histogram_buckets_cover_all_times(void)
{
    uint64_t random = 7;

    for (unsigned i = 0; i < MV_HISTOGRAM_BUCKETS; i++) {
        CHECK(mv_histogram_bucket(mv_histogram_from(i)) == i);
        if (i > 0)
            CHECK(mv_histogram_bucket(mv_histogram_from(i) - 1) == i - 1);
    }
    CHECK(mv_histogram_from(0) == 0);
    CHECK(mv_histogram_bucket(UINT64_MAX) == MV_HISTOGRAM_BUCKETS - 1);
    CHECK(mv_histogram_from(UINT32_MAX) == mv_histogram_from(MV_HISTOGRAM_BUCKETS - 1));
    for (int i = 0; i < 100000; i++) {
        uint64_t ns = test_random(&random) >> (test_random(&random) & 63);
        unsigned b = mv_histogram_bucket(ns);

        CHECK(b < MV_HISTOGRAM_BUCKETS && mv_histogram_from(b) <= ns);
        CHECK(b == MV_HISTOGRAM_BUCKETS - 1 || ns < mv_histogram_from(b + 1));
        /* A bucket says a time to a quarter. */
        CHECK(b < 4 || b == MV_HISTOGRAM_BUCKETS - 1 || mv_histogram_from(b + 1) - mv_histogram_from(b) <= ns / 4 + 1);
    }
}

void histogram_quantiles(void)
{
    struct mv_histogram h = { 0 };

    CHECK(mv_histogram_quantile(&h, 500000) == 0);
    h.count = 1000;
    h.max = 5000;
    h.bucket[mv_histogram_bucket(100)] = 990;
    h.bucket[mv_histogram_bucket(5000)] = 10;
    CHECK(mv_histogram_quantile(&h, 0) >= 100 && mv_histogram_quantile(&h, 0) < 128);
    CHECK(mv_histogram_quantile(&h, 990000) < 128);
    CHECK(mv_histogram_quantile(&h, 990001) == 5000);
    CHECK(mv_histogram_quantile(&h, 1000000) == 5000);
    CHECK(mv_histogram_quantile(&h, UINT64_MAX) == 5000);
    h = (struct mv_histogram){ .count = UINT64_MAX, .max = UINT64_MAX };    /* of a hostile cell */
    h.bucket[MV_HISTOGRAM_BUCKETS - 1] = UINT64_MAX;
    CHECK(mv_histogram_quantile(&h, 999999) == UINT64_MAX);
}

void watch_counts_turns(void)
{
    struct mv_watch w;

    memset(&record, 0xa5, sizeof(record));
    mv_watch_start(&w, &record, 1000, 0);
    CHECK(mv_watch_read(&record, &copy));
    CHECK(copy.jitter.count == 0 && copy.jitter.min == UINT64_MAX && copy.jitter.max == 0 && copy.since == 0);
    CHECK(copy.period == 1000 && copy.deadline == 0 && copy.reserved == 0);
    mv_watch_begin(&w, 5000, 5010);
    CHECK(mv_watch_end(&w, 5100));
    mv_watch_begin(&w, 6000, 5990);            /* early counts as punctual */
    CHECK(mv_watch_end(&w, 9000));             /* no deadline: in time */
    mv_watch_begin(&w, 7000, 7030);
    CHECK(mv_watch_end(&w, 7030));
    CHECK(mv_watch_read(&record, &copy));
    CHECK(copy.jitter.count == 3 && copy.jitter.min == 0 && copy.jitter.max == 30 && copy.jitter.sum == 40);
    CHECK(copy.response.count == 3 && copy.response.min == 30 && copy.response.max == 3000 && copy.response.sum == 3130);
    CHECK(copy.since == 5000 && copy.worst_released == 7000 && copy.missed == 0 && copy.overruns == 0);
    CHECK(copy.jitter.bucket[0] == 1 && copy.jitter.bucket[mv_histogram_bucket(10)] == 1);
    mv_watch_reset(&w);
    CHECK(mv_watch_read(&record, &copy) && copy.jitter.count == 0 && copy.response.bucket[mv_histogram_bucket(3000)] == 0);
    CHECK(copy.since == 7000);
}

void watch_tells_of_misses_and_overruns(void)
{
    struct mv_watch w;

    mv_watch_start(&w, &record, 1000, 500);
    w.index = 3;
    w.due = 10000;
    told.count = 0;
    CHECK(mv_watch_beat(&w, 10400) && w.released == 10000 && mv_watch_end(&w, 10500) && told.count == 0);
    CHECK(mv_watch_beat(&w, 11000) && w.released == 11000 && !mv_watch_end(&w, 11501));
    CHECK(told.count == 1 && told.mark == MV_MARK_MISS && told.value == 501 && told.index == 3);
    CHECK(mv_watch_beat(&w, 14100) && w.released == 12000);
    CHECK(told.count == 2 && told.mark == MV_MARK_OVERRUN && told.value == 2);
    CHECK(!mv_watch_end(&w, 14200) && told.count == 3 && told.value == 2200);
    CHECK(mv_watch_read(&record, &copy) && copy.missed == 2 && copy.overruns == 2 && copy.jitter.max == 2100);
    /* The release at 14000 has been served: what was raised for it begins no turn. */
    CHECK(!mv_watch_beat(&w, 14200) && w.due == 15000);
    CHECK(mv_watch_read(&record, &copy) && copy.jitter.count == 3 && copy.jitter.min == 0);
}

void watch_beats_skip_what_has_passed(void)
{
    struct mv_watch w;
    uint64_t random = 3, now = 1000;

    mv_watch_start(&w, &record, 100, 0);
    w.due = 1000;
    for (int i = 0; i < 10000; i++) {
        now += test_random(&random) % 350;
        if (!mv_watch_beat(&w, now)) {
            CHECK(now < w.due);
            continue;
        }
        CHECK(w.released <= now && w.due > now && w.due - now <= 100 && w.due % 100 == 0);
        CHECK(mv_watch_end(&w, now));
    }
    CHECK(mv_watch_read(&record, &copy));
    CHECK((copy.jitter.count + copy.overruns) * 100 == w.due - 1000);
    /* A clock that has no period is not divided by. */
    mv_watch_start(&w, &record, 0, 0);
    CHECK(mv_watch_beat(&w, 50) && w.released == 0);
}

#define TURNS 200000u

static void *write_turns(void *unused)
{
    struct mv_watch w;

    (void)unused;
    mv_watch_start(&w, &record, 1000, 0);
    for (uint64_t i = 1; i <= TURNS; i++) {
        mv_watch_begin(&w, i * 1000, i * 1000 + 8);
        (void)mv_watch_end(&w, i * 1000 + 8);
    }
    return NULL;
}

/* A copy is of one moment: its numbers agree. */
void watch_record_is_read_whole(void)
{
    pthread_t writer;
    uint64_t turns = 0, copies = 0;

    memset(&record, 0, sizeof(record));
    CHECK(pthread_create(&writer, NULL, write_turns, NULL) == 0);
    while (turns < TURNS) {
        if (!mv_watch_read(&record, &copy))
            continue;
        copies++;
        CHECK(copy.jitter.count >= turns);
        turns = copy.response.count;
        CHECK(copy.jitter.count == turns || copy.jitter.count == turns + 1);
        CHECK(copy.jitter.sum == 8 * copy.jitter.count && copy.response.sum == 8 * turns);
        CHECK(copy.jitter.bucket[mv_histogram_bucket(8)] == copy.jitter.count);
    }
    CHECK(pthread_join(writer, NULL) == 0);
    CHECK(copies > 0);
}

void watch_stopped_writer_is_noticed(void)
{
    struct mv_watch w;

    mv_watch_start(&w, &record, 1000, 0);
    record.sequence |= 1;
    CHECK(!mv_watch_read(&record, &copy));
    mv_watch_start(&w, &record, 1000, 0);      /* it was started again */
    CHECK(mv_watch_read(&record, &copy));
}

void watch_text_of_any_record(void)
{
    struct mv_watch w;
    char text[160];

    mv_watch_start(&w, &record, 1000, 0);
    (void)mv_watch_text(&record, text, sizeof(text));
    CHECK(strcmp(text, "no turn yet") == 0);
    mv_watch_begin(&w, 0, 1999);
    mv_watch_begin(&w, 0, 4001);
    (void)mv_watch_text(&record, text, sizeof(text));
    CHECK(strcmp(text, "2 turns, 0 missed, 0 overruns, late by 1/3/4 us (least/average/most)") == 0);
    CHECK(mv_watch_text(&record, text, 8) == 68 && strcmp(text, "2 turns") == 0);
    memset(&record, 0xff, sizeof(record));
    CHECK(mv_watch_text(&record, text, sizeof(text)) == strlen(text));
}
