/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings: against a model, between two threads, against a hostile peer, and
 * when a side starts again. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include <libmv/channel.h>

#include "test.h"

#define HEADER sizeof(struct mv_ring_shared)

/* A ring with both sides; the memory has exactly its size, so that the
 * sanitizer sees every access beside it. */
struct pair {
    void *memory;
    uint32_t bytes;
    struct mv_ring writer, reader;
};

static void pair_open(struct pair *p, uint32_t bytes, uint32_t element)
{
    CHECK(posix_memalign(&p->memory, MV_CACHE_LINE, bytes) == 0);
    p->bytes = bytes;
    memset(p->memory, 0, bytes);
    CHECK(mv_ring_open(&p->writer, p->memory, bytes, element));
    CHECK(mv_ring_open(&p->reader, p->memory, bytes, element));
    mv_ring_start_reader(&p->reader);
    mv_ring_start_writer(&p->writer, 77);
}

static void pair_close(struct pair *p)
{
    free(p->memory);
}

/* ---- against a model ---------------------------------------------------- */

/* Random puts and takes; the model is two counters, for each element's
 * content follows from its number. */
static void match_model(uint32_t bytes, uint32_t element, uint32_t most)
{
    uint64_t seed = 0x1234567 + element, put = 0, taken = 0;
    uint8_t *buffer = malloc((size_t)most * element);
    struct pair p;

    pair_open(&p, bytes, element);
    for (int step = 0; step < 20000; step++) {
        uint32_t n = (uint32_t)(test_random(&seed) % (most + 1)), done;
        uint32_t fill = (uint32_t)(put - taken), space = p.writer.capacity - fill;
        bool raise;

        CHECK(mv_ring_space(&p.writer) == space);
        CHECK(mv_ring_ready(&p.reader) == fill);
        if (test_random(&seed) & 1) {
            for (uint32_t i = 0; i < n * element; i++)
                buffer[i] = (uint8_t)((put + i / element) * 31 + i % element);
            done = mv_ring_put(&p.writer, buffer, n, &raise);
            CHECK(done == (n < space ? n : space));
            put += done;
        } else {
            uint32_t seen = mv_ring_peek(&p.reader, buffer, n < 3 ? n : 3);

            CHECK(seen <= fill);
            done = mv_ring_take(&p.reader, buffer, n, &raise);
            CHECK(done == (n < fill ? n : fill));
            for (uint32_t i = 0; i < done * element; i++)
                CHECK(buffer[i] == (uint8_t)((taken + i / element) * 31 + i % element));
            taken += done;
        }
    }
    pair_close(&p);
    free(buffer);
}

void ring_bytes_match_model(void)
{
    match_model(HEADER + 1, 1, 3);
    match_model(HEADER + 7, 1, 10);
    match_model(2048, 1, 700);
}

void ring_messages_match_model(void)
{
    match_model(HEADER + 24, 24, 2);       /* one message */
    match_model(2048, 64, 9);
    match_model(2048, 100, 30);            /* a remainder that is never used */
}

void ring_refuses_bad_shapes(void)
{
    struct mv_ring r;

    CHECK(!mv_ring_open(&r, NULL, 2048, 0));
    CHECK(!mv_ring_open(&r, NULL, HEADER - 1, 1));
    CHECK(!mv_ring_open(&r, NULL, HEADER, 1));
    CHECK(!mv_ring_open(&r, NULL, HEADER + 63, 64));
    CHECK(!mv_ring_open(&r, NULL, UINT32_MAX, 1));
}

void ring_raises_only_who_waits(void)
{
    uint8_t byte = 1, many[64] = { 0 };
    struct pair p;
    bool raise;

    pair_open(&p, HEADER + 16, 1);
    CHECK(mv_ring_put(&p.writer, &byte, 1, &raise) == 1 && raise);   /* nobody has looked yet */
    CHECK(mv_ring_take(&p.reader, &byte, 1, &raise) == 1 && !raise);
    CHECK(mv_ring_put(&p.writer, &byte, 1, &raise) == 1 && !raise);  /* the reader is at it */
    CHECK(mv_ring_take(&p.reader, many, 64, &raise) == 1 && !raise);
    CHECK(mv_ring_take(&p.reader, many, 64, &raise) == 0 && !raise); /* now it sleeps */
    CHECK(mv_ring_put(&p.writer, &byte, 1, &raise) == 1 && raise);
    CHECK(mv_ring_put(&p.writer, many, 64, &raise) == 15 && raise);
    CHECK(mv_ring_put(&p.writer, many, 64, &raise) == 0 && !raise);  /* the writer sleeps */
    CHECK(mv_ring_take(&p.reader, &byte, 1, &raise) == 1 && raise);
    CHECK(mv_ring_put(&p.writer, &byte, 1, &raise) == 1 && !raise);
    CHECK(mv_ring_take(&p.reader, &byte, 1, &raise) == 1 && !raise);
    CHECK(mv_ring_put(&p.writer, many, 0, &raise) == 0 && !raise);
    CHECK(mv_ring_take(&p.reader, many, 0, &raise) == 0 && !raise);
    pair_close(&p);
}

/* ---- two threads --------------------------------------------------------- */

#define THREAD_ELEMENTS 300000u

struct threads {
    struct pair pair;
    sem_t data, space;         /* stand for the vIRQs */
    uint32_t wrong;
};

static void *thread_write(void *context)
{
    struct threads *t = context;
    uint32_t buffer[16], next = 0;
    uint64_t seed = 5;

    while (next < THREAD_ELEMENTS) {
        uint32_t n = (uint32_t)(test_random(&seed) % 16 + 1), done;
        bool raise;

        n = n < THREAD_ELEMENTS - next ? n : THREAD_ELEMENTS - next;
        for (uint32_t i = 0; i < n; i++)
            buffer[i] = next + i;
        done = mv_ring_put(&t->pair.writer, buffer, n, &raise);
        next += done;
        if (raise)
            sem_post(&t->data);
        if (done == 0)
            sem_wait(&t->space);
    }
    return NULL;
}

/* A lost wake-up shows as a test that never ends. */
void ring_two_threads_lose_nothing(void)
{
    struct threads t = { .wrong = 0 };
    uint32_t buffer[16], next = 0;
    uint64_t seed = 9;
    pthread_t writer;

    pair_open(&t.pair, HEADER + 40, 4);
    sem_init(&t.data, 0, 0);
    sem_init(&t.space, 0, 0);
    pthread_create(&writer, NULL, thread_write, &t);
    while (next < THREAD_ELEMENTS) {
        uint32_t n = (uint32_t)(test_random(&seed) % 16 + 1), done;
        bool raise;

        done = mv_ring_take(&t.pair.reader, buffer, n, &raise);
        for (uint32_t i = 0; i < done; i++)
            t.wrong += buffer[i] != next + i;
        next += done;
        if (raise)
            sem_post(&t.space);
        if (done == 0)
            sem_wait(&t.data);
    }
    pthread_join(writer, NULL);
    CHECK(t.wrong == 0);
    sem_destroy(&t.data);
    sem_destroy(&t.space);
    pair_close(&t.pair);
}

/* ---- a hostile peer -------------------------------------------------------- */

/* Anything, preferably values near the ring's limits. */
static void scribble(struct pair *p, uint64_t *seed, bool by_writer)
{
    static const uint32_t nasty[] = { 0, 1, UINT32_MAX, INT32_MAX, 0x80000000u };
    uint64_t choice = test_random(seed);
    uint32_t capacity = p->writer.capacity, value;
    struct mv_ring_shared *s = p->memory;

    switch (choice % 4) {
    case 0:  value = nasty[(choice >> 8) % 5]; break;
    case 1:  value = 2 * capacity - 2 + (uint32_t)(choice >> 8) % 4; break;
    case 2:  value = (uint32_t)(choice >> 8) % (2 * capacity); break;
    default: value = (uint32_t)(choice >> 8); break;
    }
    if (by_writer) {
        uint32_t *word[] = { &s->head, &s->start, &s->epoch, &s->writer_waits };

        *word[(choice >> 40) % 4] = value;
    } else {
        uint32_t *word[] = { &s->tail, &s->reader_awake };

        *word[(choice >> 40) % 2] = value;
    }
}

void ring_hostile_writer_is_contained(void)
{
    uint64_t seed = 42;
    uint8_t buffer[3 * 24];
    struct pair p;
    bool raise;

    pair_open(&p, HEADER + 10 * 24, 24);
    for (int i = 0; i < 200000; i++) {
        scribble(&p, &seed, true);
        CHECK(mv_ring_take(&p.reader, buffer, 3, &raise) <= 3);
        CHECK(mv_ring_ready(&p.reader) <= p.reader.capacity);
        CHECK(p.reader.own < 2 * p.reader.capacity);
        CHECK(mv_ring_peek(&p.reader, buffer, 3) <= 3);
        if (i % 1000 == 0)
            mv_ring_start_reader(&p.reader);
    }
    pair_close(&p);
}

void ring_hostile_reader_is_contained(void)
{
    uint64_t seed = 43;
    uint8_t buffer[3 * 24] = { 0 };
    struct pair p;
    bool raise;

    pair_open(&p, HEADER + 10 * 24, 24);
    for (int i = 0; i < 200000; i++) {
        scribble(&p, &seed, false);
        CHECK(mv_ring_put(&p.writer, buffer, 3, &raise) <= 3);
        CHECK(mv_ring_space(&p.writer) <= p.writer.capacity);
        CHECK(p.writer.own < 2 * p.writer.capacity);
        if (i % 1000 == 0)
            mv_ring_start_writer(&p.writer, (uint32_t)i);
    }
    pair_close(&p);
}

/* ---- a side that starts again ------------------------------------------------ */

static void restart(struct mv_ring *r)
{
    *r = (struct mv_ring){ .shared = r->shared, .capacity = r->capacity, .element = r->element };
}

void ring_reader_restart_goes_on(void)
{
    uint8_t out[8];
    struct pair p;
    bool raise;

    pair_open(&p, HEADER + 8, 1);
    CHECK(mv_ring_put(&p.writer, "abcdefgh", 8, &raise) == 8);
    CHECK(mv_ring_take(&p.reader, out, 3, &raise) == 3);
    restart(&p.reader);
    mv_ring_start_reader(&p.reader);
    CHECK(mv_ring_take(&p.reader, out, 8, &raise) == 5 && memcmp(out, "defgh", 5) == 0);
    CHECK(mv_ring_put(&p.writer, "xyz", 3, &raise) == 3);
    CHECK(mv_ring_take(&p.reader, out, 8, &raise) == 3 && memcmp(out, "xyz", 3) == 0);
    pair_close(&p);
}

void ring_writer_restart_goes_on(void)
{
    uint8_t out[8];
    struct pair p;
    bool raise;

    pair_open(&p, HEADER + 8, 1);
    CHECK(mv_ring_put(&p.writer, "abcdef", 6, &raise) == 6);
    CHECK(mv_ring_take(&p.reader, out, 2, &raise) == 2);
    restart(&p.writer);
    mv_ring_start_writer(&p.writer, 78);
    CHECK(mv_ring_put(&p.writer, "new", 3, &raise) == 3);
    CHECK(mv_ring_take(&p.reader, out, 8, &raise) == 3 && memcmp(out, "new", 3) == 0);
    pair_close(&p);
}

/*
 * Two bytes get through, although each side acts only when it is raised: the
 * writer then puts until the ring is full, the reader takes until it is empty.
 */
static bool arrives(struct pair *p)
{
    uint32_t sent = 0, got = 0, part;
    bool wake_writer = true, wake_reader, raise;
    char out[3] = "";

    for (int i = 0; i < 8 && wake_writer; i++) {
        wake_writer = wake_reader = false;
        do {
            part = mv_ring_put(&p->writer, &"ok"[sent], 2 - sent, &raise);
            sent += part;
            wake_reader |= raise;
        } while (part > 0);
        for (part = 1; wake_reader && part > 0; got += part) {
            part = mv_ring_take(&p->reader, out + got, 3 - got, &raise);
            wake_writer |= raise;
        }
    }
    return got == 2 && memcmp(out, "ok", 2) == 0;
}

/* One side starts again and the segment with it; the other has not noticed. */
void ring_cleared_memory_recovers(void)
{
    for (uint32_t before = 0; before < 40; before++) {
        uint8_t out[8] = { 0 };
        struct pair p;
        bool raise;

        for (int writer_restarts = 0; writer_restarts < 2; writer_restarts++) {
            pair_open(&p, HEADER + 8, 1);
            for (uint32_t i = 0; i < before; i++) {
                CHECK(mv_ring_put(&p.writer, "-", 1, &raise) == 1);
                CHECK(mv_ring_take(&p.reader, out, 1, &raise) == 1);
            }
            memset(p.memory, 0, p.bytes);
            if (writer_restarts) {
                restart(&p.writer);
                mv_ring_start_writer(&p.writer, 79);
            } else {
                restart(&p.reader);
                mv_ring_start_reader(&p.reader);
            }
            CHECK(arrives(&p));
            pair_close(&p);
        }
    }
}
