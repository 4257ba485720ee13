/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One ring, one side. Indices run in [0, 2 * capacity), so that a full ring
 * and an empty one look different and any capacity will do. All that is read
 * from the shared memory is read once and checked before it is used.
 */

#include <libmv/channel.h>
#include <libmv/string.h>

_Static_assert(sizeof(struct mv_ring_shared) == 2 * MV_CACHE_LINE, "ring header");

#define RING_BROKEN UINT32_MAX

bool mv_ring_open(struct mv_ring *r, void *memory, uint32_t bytes, uint32_t element)
{
    uint32_t capacity;

    if (element == 0 || bytes < sizeof(struct mv_ring_shared))
        return false;
    capacity = (uint32_t)(bytes - sizeof(struct mv_ring_shared)) / element;
    if (capacity == 0 || capacity > UINT32_MAX / 4)
        return false;
    *r = (struct mv_ring){ .shared = (struct mv_ring_shared *)memory,
                           .capacity = capacity, .element = element };
    return true;
}

/* Elements between tail and head, or RING_BROKEN if that cannot be. */
static uint32_t ring_distance(const struct mv_ring *r, uint32_t head, uint32_t tail)
{
    uint32_t distance;

    if (head >= 2 * r->capacity || tail >= 2 * r->capacity)
        return RING_BROKEN;
    distance = head >= tail ? head - tail : head + 2 * r->capacity - tail;
    return distance <= r->capacity ? distance : RING_BROKEN;
}

static uint32_t ring_advance(const struct mv_ring *r, uint32_t index, uint32_t count)
{
    index += count;
    return index >= 2 * r->capacity ? index - 2 * r->capacity : index;
}

static uint8_t *ring_slot(const struct mv_ring *r, uint32_t slot)
{
    return r->shared->data + (size_t)slot * r->element;
}

/* How many of `count` elements from `index` on lie before the ring's end. */
static uint32_t ring_before_end(const struct mv_ring *r, uint32_t slot, uint32_t count)
{
    return count < r->capacity - slot ? count : r->capacity - slot;
}

static void ring_copy_in(const struct mv_ring *r, uint32_t index, const uint8_t *from,
                         uint32_t count)
{
    uint32_t slot = index >= r->capacity ? index - r->capacity : index;
    uint32_t first = ring_before_end(r, slot, count);

    memcpy(ring_slot(r, slot), from, (size_t)first * r->element);
    memcpy(ring_slot(r, 0), from + (size_t)first * r->element,
           (size_t)(count - first) * r->element);
}

static void ring_copy_out(const struct mv_ring *r, uint32_t index, uint8_t *to, uint32_t count)
{
    uint32_t slot = index >= r->capacity ? index - r->capacity : index;
    uint32_t first = ring_before_end(r, slot, count);

    memcpy(to, ring_slot(r, slot), (size_t)first * r->element);
    memcpy(to + (size_t)first * r->element, ring_slot(r, 0),
           (size_t)(count - first) * r->element);
}

/* ---- writer ----------------------------------------------------------- */

static void ring_publish_writer(struct mv_ring *r)
{
    __atomic_store_n(&r->shared->head, r->own, __ATOMIC_RELAXED);
    __atomic_store_n(&r->shared->start, r->own, __ATOMIC_RELAXED);
    /* A reader that sees the epoch sees where it starts: pairs with
     * ring_follow_writer(). */
    __atomic_store_n(&r->shared->epoch, r->epoch, __ATOMIC_RELEASE);
}

void mv_ring_start_writer(struct mv_ring *r, uint32_t epoch)
{
    uint32_t head = __atomic_load_n(&r->shared->head, __ATOMIC_RELAXED);

    r->own = head < 2 * r->capacity ? head : 0;
    r->epoch = epoch != 0 ? epoch : 1;
    r->flag = 0;
    __atomic_store_n(&r->shared->writer_waits, 0, __ATOMIC_RELAXED);
    ring_publish_writer(r);
}

/* Free elements, or RING_BROKEN. */
static uint32_t ring_free(const struct mv_ring *r)
{
    /* What the reader has taken may be overwritten: pairs with the store in
     * mv_ring_take(). */
    uint32_t tail = __atomic_load_n(&r->shared->tail, __ATOMIC_ACQUIRE);
    uint32_t used = ring_distance(r, r->own, tail);

    return used == RING_BROKEN ? RING_BROKEN : r->capacity - used;
}

static void ring_set_writer_waits(struct mv_ring *r, uint32_t value)
{
    if (r->flag != value) {
        r->flag = value;
        __atomic_store_n(&r->shared->writer_waits, value, __ATOMIC_RELAXED);
    }
}

uint32_t mv_ring_space(struct mv_ring *r)
{
    uint32_t space = ring_free(r);

    return space == RING_BROKEN ? 0 : space;
}

uint32_t mv_ring_put(struct mv_ring *r, const void *elements, uint32_t count, bool *raise)
{
    uint32_t space;

    *raise = false;
    if (count == 0)
        return 0;
    /* The segment was cleared under us, when the peer started again: it must
     * hear where we stand. */
    if (__atomic_load_n(&r->shared->epoch, __ATOMIC_RELAXED) != r->epoch) {
        ring_publish_writer(r);
        *raise = true;
    }

    space = ring_free(r);
    if (space == 0) {
        ring_set_writer_waits(r, 1);
        /* Either the reader sees that we wait, or we see what it freed: pairs
         * with the fence in mv_ring_take(). */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        space = ring_free(r);
    }
    if (space == RING_BROKEN) {
        *raise = true;             /* so that a reader that started again looks */
        ring_set_writer_waits(r, 1);
        return 0;
    }
    if (space == 0)
        return 0;

    ring_set_writer_waits(r, 0);
    if (count > space)
        count = space;
    ring_copy_in(r, r->own, (const uint8_t *)elements, count);
    r->own = ring_advance(r, r->own, count);
    /* The elements must be seen before the new head: pairs with ring_used(). */
    __atomic_store_n(&r->shared->head, r->own, __ATOMIC_RELEASE);
    /* Either the reader sees the new head before it sleeps, or we see that it
     * wants to be raised: pairs with the fence in mv_ring_take(). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *raise |= __atomic_load_n(&r->shared->reader_awake, __ATOMIC_RELAXED) == 0;
    return count;
}

/* ---- reader ----------------------------------------------------------- */

void mv_ring_start_reader(struct mv_ring *r)
{
    uint32_t tail = __atomic_load_n(&r->shared->tail, __ATOMIC_RELAXED);
    uint32_t head = __atomic_load_n(&r->shared->head, __ATOMIC_RELAXED);

    /* Go on where the one before us stopped; the writer has not changed. */
    r->epoch = __atomic_load_n(&r->shared->epoch, __ATOMIC_ACQUIRE);
    if (ring_distance(r, head, tail) != RING_BROKEN)
        r->own = tail;
    else
        r->own = head < 2 * r->capacity ? head : 0;
    r->flag = 0;
    __atomic_store_n(&r->shared->reader_awake, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&r->shared->tail, r->own, __ATOMIC_RELEASE);
}

/* A writer that started anew says where: what the old one left is dropped.
 * False: there is no writer yet. */
static bool ring_follow_writer(struct mv_ring *r)
{
    /* Pairs with ring_publish_writer(). */
    uint32_t epoch = __atomic_load_n(&r->shared->epoch, __ATOMIC_ACQUIRE);
    uint32_t start;

    if (epoch == r->epoch)
        return epoch != 0;
    if (epoch == 0)
        return false;
    start = __atomic_load_n(&r->shared->start, __ATOMIC_RELAXED);
    if (start >= 2 * r->capacity)
        return false;
    r->epoch = epoch;
    r->own = start;
    r->moved = 1;
    __atomic_store_n(&r->shared->tail, start, __ATOMIC_RELEASE);
    return true;
}

/* Elements to read, or RING_BROKEN. */
static uint32_t ring_used(struct mv_ring *r)
{
    if (!ring_follow_writer(r))
        return 0;
    /* Pairs with the store of head in mv_ring_put(). */
    return ring_distance(r, __atomic_load_n(&r->shared->head, __ATOMIC_ACQUIRE), r->own);
}

static void ring_set_reader_awake(struct mv_ring *r, uint32_t value)
{
    if (r->flag != value) {
        r->flag = value;
        __atomic_store_n(&r->shared->reader_awake, value, __ATOMIC_RELAXED);
    }
}

/* The tail has moved: whether the writer must hear of it. */
static bool ring_writer_sleeps(const struct mv_ring *r)
{
    /* Pairs with the fence in mv_ring_put() on a full ring. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&r->shared->writer_waits, __ATOMIC_RELAXED) != 0;
}

uint32_t mv_ring_ready(struct mv_ring *r)
{
    uint32_t used = ring_used(r);

    return used == RING_BROKEN ? 0 : used;
}

uint32_t mv_ring_peek(struct mv_ring *r, void *elements, uint32_t count)
{
    uint32_t used = mv_ring_ready(r);

    if (count > used)
        count = used;
    ring_copy_out(r, r->own, (uint8_t *)elements, count);
    return count;
}

uint32_t mv_ring_take(struct mv_ring *r, void *elements, uint32_t count, bool *raise)
{
    uint32_t used;

    *raise = false;
    if (count == 0)
        return 0;
    used = mv_ring_ready(r);
    if (used == 0) {
        ring_set_reader_awake(r, 0);
        /* Either the writer sees that we sleep, or we see its new head: pairs
         * with the fence in mv_ring_put(). */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        used = mv_ring_ready(r);
    }
    if (used == 0) {
        *raise = r->moved != 0 && ring_writer_sleeps(r);
        r->moved = 0;
        return 0;
    }

    r->moved = 0;
    ring_set_reader_awake(r, 1);
    if (count > used)
        count = used;
    ring_copy_out(r, r->own, (uint8_t *)elements, count);
    r->own = ring_advance(r, r->own, count);
    /* The elements are copied before they may be overwritten: pairs with
     * ring_free(). */
    __atomic_store_n(&r->shared->tail, r->own, __ATOMIC_RELEASE);
    *raise = ring_writer_sleeps(r);
    return count;
}
