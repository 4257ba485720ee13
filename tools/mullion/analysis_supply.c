/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What time windows give a partition. A table's frame comes again and again, so
 * whole frames are counted and only the rest is walked through, and the least
 * that an interval of some length can hold is found by letting it begin where
 * a window ends: moved to either side, it holds the same or more.
 */
#include "analysis_parts.h"

bool supply_is_always(const struct analysis *a, uint32_t partition)
{
    return a->table_count == 0 || partition == 0 || a->partitions[partition].background;
}

static bool names(const struct analysis_window *w, uint32_t core, uint32_t partition)
{
    return w->core == core && (w->partitions >> partition & 1) != 0;
}

static bool share_window(const struct analysis_table *t, uint32_t partition, uint32_t other)
{
    for (size_t i = 0; i < t->window_count; i++)
        if (names(&t->windows[i], t->windows[i].core, partition) && names(&t->windows[i], t->windows[i].core, other))
            return true;
    return false;
}

bool supply_is_shared(const struct course *c, uint32_t partition, uint32_t other)
{
    return partition == other || supply_is_always(c->a, partition) || supply_is_always(c->a, other) ||
           share_window(&c->a->tables[c->first], partition, other) || share_window(&c->a->tables[c->then], partition, other);
}

static uint64_t lost_at_start(const struct analysis *a)
{
    return plus(a->costs.masked, a->costs.window);
}

uint64_t supply_usable(const struct analysis *a, const struct analysis_window *w, uint64_t held)
{
    uint64_t lost = plus(lost_at_start(a), held);

    return w->length > lost ? w->length - lost : 0;
}

uint64_t analysis_window_time(const struct analysis *a, const struct analysis_table *t, uint32_t core, uint32_t partition)
{
    uint64_t sum = 0;

    if (supply_is_always(a, partition))
        return t->frame;
    for (size_t i = 0; i < t->window_count; i++)
        if (names(&t->windows[i], core, partition))
            sum += t->windows[i].length;
    return sum;
}

/* ---- one frame --------------------------------------------------------------------- */

/* Of the partition whose supply is asked for. */
struct user {
    const struct analysis *a;
    uint32_t core, partition;
    uint64_t held;
};

/* In which the k-th usable window of a frame begins, in order of time; false: no more.
 * Windows may stand in any order. */
static bool next_window(const struct user *u, const struct analysis_table *t, uint64_t from, uint64_t *start, uint64_t *end)
{
    bool found = false;

    for (size_t i = 0; i < t->window_count; i++) {
        const struct analysis_window *w = &t->windows[i];
        uint64_t usable = supply_usable(u->a, w, u->held), begin = plus(w->start, lost_at_start(u->a));

        if (!names(w, u->core, u->partition) || usable == 0 || begin + usable <= from || (found && begin >= *start))
            continue;
        found = true;
        *start = begin;
        *end = begin + usable;
    }
    if (found && *start < from)
        *start = from;
    return found;
}

static uint64_t in_frame(const struct user *u, const struct analysis_table *t)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < t->window_count; i++)
        if (names(&t->windows[i], u->core, u->partition))
            sum += supply_usable(u->a, &t->windows[i], u->held);
    return sum;
}

/*
 * How far one frame goes towards *want from `from` on. True: it is all there at
 * *end; else *want is what is still missing.
 */
static bool walk(const struct user *u, const struct analysis_table *t, uint64_t from, uint64_t *want, uint64_t *end)
{
    uint64_t start, stop;

    while (next_window(u, t, from, &start, &stop)) {
        if (stop - start >= *want) {
            *end = start + *want;
            return true;
        }
        *want -= stop - start;
        from = stop;
    }
    return false;
}

/* ---- frames in a row --------------------------------------------------------------- */

uint64_t supply_wait(const struct course *c, uint32_t core, uint32_t partition, uint64_t held, uint64_t phase, uint64_t want)
{
    const struct analysis_table *first = &c->a->tables[c->first], *then = &c->a->tables[c->then];
    struct user u = { c->a, core, partition, held };
    uint64_t end, whole, passed = first->frame - phase, each = in_frame(&u, first);

    if (want == 0)
        return 0;
    if (walk(&u, first, phase, &want, &end))
        return end - phase;
    /* The last frame is walked through, so that the answer lies within it. */
    whole = each == 0 ? c->more : (want - 1) / each < c->more ? (want - 1) / each : c->more;
    want -= whole * each;
    passed = plus(passed, times(whole, first->frame));
    if (whole < c->more)
        return walk(&u, first, 0, &want, &end) ? plus(passed, end) : FOR_EVER;
    each = in_frame(&u, then);
    if (each == 0)
        return FOR_EVER;
    whole = (want - 1) / each;
    want -= whole * each;
    passed = plus(passed, times(whole, then->frame));
    return walk(&u, then, 0, &want, &end) ? plus(passed, end) : FOR_EVER;
}

bool supply_phase(const struct course *c, uint32_t core, uint32_t partition, uint64_t held, size_t n, uint64_t *phase)
{
    const struct analysis_table *t = &c->a->tables[c->first];
    struct user u = { c->a, core, partition, held };
    uint64_t from = 0, start, stop;
    size_t found = 0;

    while (next_window(&u, t, from, &start, &stop)) {
        from = stop;
        if (found++ == n) {
            *phase = stop;
            return true;
        }
    }
    *phase = 0;
    return found == 0 && n == 0;
}
