/* SPDX-License-Identifier: BSD-2-Clause */
/* The small parts: capability lookup, the heap, times, trace, the flat table. */
#include "unit.h"

#include <string.h>

#include "trace.h"
#include "world.h"

/* ---- capabilities ------------------------------------------------------------------ */

struct right { uint32_t bit; enum mv_type type; };
static const struct right rights[] = {
#define RIGHT(bit, name, object_type, text) { 1u << bit, MV_TYPE_##object_type },
#include <mv/rights.def>
#undef RIGHT
};

/* A table with one capability for each right, and one that is empty. */
static void every_type_and_right(void **state)
{
    struct cap table[ARRAY_SIZE(rights) + 1] = { { NULL, 0, 0 } };
    struct vcpu v = { .caps = table, .cap_count = ARRAY_SIZE(table) };
    int object;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rights); i++)
        table[i + 1] = (struct cap){ &object, rights[i].bit, 7 };
    for (size_t held = 0; held < ARRAY_SIZE(table); held++) {
        for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
            const struct cap *c = NULL;
            mv_status_t st = cap_lookup(&v, held, rights[i].bit, &c);

            if (held != 0 && rights[held - 1].bit == rights[i].bit) {
                assert_int_equal(st, MV_OK);
                assert_ptr_equal(c, &table[held]);
            } else {
                assert_int_equal(st, held != 0 && rights[held - 1].type == rights[i].type ? MV_NO_RIGHT :
                                     MV_BAD_CAP);
            }
        }
    }
}

static void bad_indices(void **state)
{
    static const uint64_t bad[] = { 0, 2, 3, 255, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1, UINT64_C(1) << 60,
                                    (UINT64_C(1) << 60) + 1, UINT64_MAX, UINT64_MAX - 15 };
    int object;
    struct cap table[2] = { { NULL, 0, 0 }, { &object, MV_RIGHT_PORTAL_CALL, 0 } };
    struct vcpu v = { .caps = table, .cap_count = 2 };
    const struct cap *c;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(cap_lookup(&v, bad[i], MV_RIGHT_PORTAL_CALL, &c), MV_BAD_CAP);
    assert_int_equal(cap_lookup(&v, 1, MV_RIGHT_PORTAL_CALL, &c), MV_OK);
}

static mv_status_t plain_number(uint32_t number, uint64_t cap)
{
    return plain(0, (enum mv_call_number)number, cap, 0, 0, 0, 0, 0);
}

/* Every call of the table with an object: no capability, another type's, and
 * one of its type without the right. */
static void every_call_checks(void **state)
{
    static const struct { uint32_t number, right; enum mv_type type; } call[] = {
#define KIND_PLAIN(number, right, type)   { number, right, type },
#define KIND_MESSAGE(number, right, type)
#define CALL(number, name, kind, type, right, text) KIND_##kind(number, MV_RIGHT_##right, MV_TYPE_##type)
#include <mv/calls.def>
#undef CALL
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(call); i++) {
        uint32_t cell, other, rest = 0;

        if (call[i].right == MV_RIGHT_NONE)
            continue;
        for (size_t k = 0; k < ARRAY_SIZE(rights); k++)
            rest |= rights[k].type == call[i].type && rights[k].bit != call[i].right ? rights[k].bit : 0;
        world_begin(1);
        cell = world_cell("asks");
        world_vcpu(cell, 0, 10);
        world_segment(1, MV_MAP_READ, MV_MEMORY_NORMAL);
        other = call[i].type == MV_TYPE_PORTAL ? MV_TYPE_SEGMENT : MV_TYPE_PORTAL;
        world_portal(0);
        world_timer(world_virq(0));
        world_cap(cell, (enum mv_type)other, 0,
                  other == MV_TYPE_PORTAL ? MV_RIGHT_PORTAL_CALL : MV_RIGHT_SEGMENT_READ, 0);
        world_cap(cell, call[i].type, 0, rest, 0);
        world_boot();
        assert_int_equal(plain_number(call[i].number, 0), MV_BAD_CAP);
        assert_int_equal(plain_number(call[i].number, 99), MV_BAD_CAP);
        assert_int_equal(plain_number(call[i].number, 1), MV_BAD_CAP);
        assert_int_equal(plain_number(call[i].number, 2), rest != 0 ? MV_NO_RIGHT : MV_BAD_CAP);
        assert_int_equal(running(0), 0);
    }
}

GROUP(cap, cmocka_unit_test(every_type_and_right), cmocka_unit_test(bad_indices),
      cmocka_unit_test(every_call_checks));

/* ---- the heap ------------------------------------------------------------------------- */

#define NODES 24

static void heap_is_a_heap(const struct heap *h)
{
    for (uint32_t i = 0; i < h->count; i++) {
        assert_int_equal(h->slot[i]->place, i + 1);
        assert_true(i == 0 || h->slot[(i - 1) / 2]->key <= h->slot[i]->key);
    }
}

static void heap_against_search(void **state)
{
    struct heap_node node[NODES] = { 0 }, *slot[NODES];
    struct heap h = { .slot = slot, .capacity = NODES };
    struct random random = { 5 };

    (void)state;
    for (int n = 0; n < 20000; n++) {
        struct heap_node *p = &node[random_below(&random, NODES)];
        uint64_t least = UINT64_MAX;
        uint32_t held = 0;

        if (heap_holds(p)) {
            heap_remove(&h, p);
        } else {
            p->key = random_below(&random, 40) == 0 ? UINT64_MAX : random_below(&random, 30);
            heap_insert(&h, p);
        }
        heap_is_a_heap(&h);
        for (int i = 0; i < NODES; i++) {
            if (heap_holds(&node[i])) {
                least = min_u64(least, node[i].key);
                held++;
            }
        }
        assert_int_equal(held, h.count);
        if (held == 0)
            assert_null(heap_first(&h));
        else
            assert_int_equal(heap_first(&h)->key, least);
    }
}

static void misuse_heap(void *which)
{
    struct heap_node node[2] = { 0 }, *slot[1];
    struct heap h = { .slot = slot, .capacity = 1 };

    heap_insert(&h, &node[0]);
    switch (*(int *)which) {
    case 0: heap_insert(&h, &node[1]); break;     /* full */
    case 1: heap_insert(&h, &node[0]); break;     /* twice */
    case 2: heap_remove(&h, &node[1]); break;     /* not in it */
    }
}

static void heap_misuse_panics(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++)
        assert_non_null(host_panic_of(misuse_heap, &which));
}

GROUP(heap, cmocka_unit_test(heap_against_search), cmocka_unit_test(heap_misuse_panics));

/* ---- nanoseconds and ticks ----------------------------------------------------------------- */

static void ticks_and_nanoseconds(void **state)
{
    static const uint64_t frequency[] = { 1000000, 19200000, 24000000, 62500000, 100000000, 1000000000 };
    static const uint64_t ns[] = { 0, 1, 15, 16, 17, 999, 1000, 999999999, 1000000000, 1000000001,
                                   UINT64_C(3600000000000), UINT64_C(31536000000000000) };

    (void)state;
    for (size_t f = 0; f < ARRAY_SIZE(frequency); f++) {
        host_power_on(frequency[f]);
        sched_init(WORLD_SLICE_NS);
        for (size_t i = 0; i < ARRAY_SIZE(ns); i++) {
            __uint128_t exact = (__uint128_t)ns[i] * frequency[f];
            uint64_t ticks = time_to_ticks(ns[i]);

            /* Never early, at most one tick late. */
            assert_true((__uint128_t)ticks * 1000000000 >= exact);
            assert_true((__uint128_t)ticks * 1000000000 < exact + 1000000000);
            assert_true(time_to_ns(ticks) + 1 >= ns[i]);
        }
        /* What does not fit never comes; it does not wrap to something near. */
        assert_true(time_to_ticks(UINT64_MAX) >= UINT64_MAX / 1000000000 * frequency[f]);
    }
}

GROUP(time, cmocka_unit_test(ticks_and_nanoseconds));

/* ---- the trace -------------------------------------------------------------------------------- */

static struct mv_trace_ring *ring_of(uint32_t core)
{
    return host_ram(world.head.trace_base + core * world.head.trace_bytes);
}

static void boot_traced(void)
{
    uint32_t cell;

    world_begin(2);
    cell = world_cell("traced");
    world_vcpu(cell, 0, 10);
    world_vcpu(cell, 1, 10);
    world_virq(0);
    world_cap(cell, MV_TYPE_TRACE, 0, MV_RIGHT_TRACE_CONTROL, 0);
    world_cap(cell, MV_TYPE_VIRQ, 0, MV_RIGHT_VIRQ_RAISE, 0);
    world_boot();
}

static void trace_is_off_by_default(void **state)
{
    (void)state;
    boot_traced();
    PLAIN2(0, virq_raise, 2, 1);
    assert_int_equal(ring_of(0)->head, 0);
    assert_int_equal(ring_of(0)->count, WORLD_TRACE_RECORDS);
    assert_int_equal(ring_of(0)->frequency, WORLD_FREQUENCY);
}

static void trace_records_what_is_asked(void **state)
{
    const struct mv_trace_record *r;

    (void)state;
    boot_traced();
    assert_int_equal(PLAIN2(0, trace_set, 1, MV_TRACE_ALL + 1), MV_BAD_ARG);
    assert_int_equal(PLAIN2(0, trace_set, 1, MV_TRACE_VIRQ), MV_OK);
    host_time = 1234;
    PLAIN2(0, virq_raise, 2, 1);
    assert_int_equal(ring_of(0)->head, 1);
    assert_int_equal(ring_of(1)->head, 0);
    r = &ring_of(0)->record[0];
    assert_int_equal(r->time, 1234);
    assert_int_equal(r->event, MV_EVENT_RAISE);
    assert_int_equal(r->cell, 0);
    assert_int_equal(r->vcpu, 0);
    assert_int_equal(r->a, 0);
    assert_int_equal(r->b, 0);
    assert_int_equal(PLAIN2(0, trace_set, 1, 0), MV_OK);
    PLAIN2(0, virq_raise, 2, 1);
    assert_int_equal(ring_of(0)->head, 1);
}

static void trace_goes_round(void **state)
{
    (void)state;
    boot_traced();
    PLAIN2(0, trace_set, 1, MV_TRACE_VIRQ);
    for (uint64_t i = 0; i < 3 * WORLD_TRACE_RECORDS + 5; i++) {
        host_time = i;
        PLAIN2(0, virq_raise, 2, 1);
    }
    assert_int_equal(ring_of(0)->head, 3 * WORLD_TRACE_RECORDS + 5);
    assert_int_equal(ring_of(0)->record[4].time, 3 * WORLD_TRACE_RECORDS + 4);
    assert_int_equal(ring_of(0)->record[5].time, 2 * WORLD_TRACE_RECORDS + 5);
    /* The next ring is not touched. */
    assert_int_equal(ring_of(1)->head, 0);
}

GROUP(trace, cmocka_unit_test(trace_is_off_by_default), cmocka_unit_test(trace_records_what_is_asked),
      cmocka_unit_test(trace_goes_round));

/* ---- the flat table ---------------------------------------------------------------------------- */

static void build(void *table) { system_build(table); }

static struct mv_systab *good_table(void)
{
    uint32_t cell, segment;

    world_begin(2);
    cell = world_cell("one");
    world_vcpu(cell, 0, 10);
    world_vcpu(cell, 1, 20);
    world_portal(0);
    world_timer(world_virq(0));
    segment = world_segment(2, MV_MAP_READ, MV_MEMORY_NORMAL);
    world_mapping(0, segment, WORLD_TEXT, 0, 2 * MV_PAGE_SIZE, MV_MAP_READ);
    world_cap(cell, MV_TYPE_PORTAL, 0, MV_RIGHT_PORTAL_CALL, 5);
    return world_end();
}

static void good_table_makes_its_objects(void **state)
{
    struct mv_systab *t = good_table();

    (void)state;
    assert_null(host_panic_of(build, t));
    assert_int_equal(system_vcpu_count(), 2);
    assert_int_equal(vcpu_at(1)->core->index, 1);
    assert_int_equal(vcpu_at(1)->rank, 41);
    assert_ptr_equal(vcpu_at(0)->cell, vcpu_at(1)->cell);
    assert_int_equal(vcpu_at(0)->caps[1].badge, 5);
    assert_ptr_equal(((const struct portal *)vcpu_at(0)->caps[1].object)->server, vcpu_at(0));
    assert_null(system_irq(HOST_IRQ_FIRST));
    assert_null(system_irq(0));
    assert_null(system_irq(UINT32_MAX));
    assert_null(system_irq(HOST_IRQ_FIRST + HOST_IRQ_COUNT));
}

/* Any bit that is not as the host tool wrote it is found: of the header all are
 * tried, of records and objects some. */
static void every_flipped_bit_is_found(void **state)
{
    struct mv_systab *t = good_table();

    (void)state;
    for (uint32_t i = 0; i < t->size; i += i < sizeof(*t) ? 1 : 7) {
        for (uint32_t bit = i < sizeof(*t) ? 0 : i % 8; bit < 8; bit += i < sizeof(*t) ? 1 : 8) {
            ((uint8_t *)t)[i] ^= (uint8_t)(1 << bit);
            assert_non_null(host_panic_of(build, t));
            ((uint8_t *)t)[i] ^= (uint8_t)(1 << bit);
        }
    }
    assert_null(host_panic_of(build, t));
}

/* A table that is whole, but not for this kernel or this machine. */
static void wrong_tables_are_refused(void **state)
{
    static const struct { size_t at; uint32_t value; } row[] = {
        { offsetof(struct mv_systab, magic), 0 },
        { offsetof(struct mv_systab, version), MV_SYSTAB_VERSION + 1 },
        { offsetof(struct mv_systab, core_count), 0 },
        { offsetof(struct mv_systab, core_count), MV_CORES_MAX + 1 },
        { offsetof(struct mv_systab, vcpus.count), MV_VCPUS_MAX + 1 },
        { offsetof(struct mv_systab, spaces.count), MV_SPACES_MAX + 1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        struct mv_systab *t = good_table();

        memcpy((char *)t + row[i].at, &row[i].value, sizeof(row[i].value));
        world_seal(t);
        assert_non_null(host_panic_of(build, t));
    }
}

/* A size that is wrong leads neither below the header nor far beyond. */
static void wrong_sizes_are_refused(void **state)
{
    static const uint32_t size[] = { 0, 1, 8, 15, 16, sizeof(struct mv_systab) - 8, 0x7fffffff, UINT32_MAX,
                                     UINT32_MAX - 7, (16u << 20) + 8 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(size); i++) {
        struct mv_systab *t = good_table();

        t->size = size[i];
        assert_non_null(host_panic_of(build, t));
    }
}

GROUP(systab, cmocka_unit_test(good_table_makes_its_objects), cmocka_unit_test(every_flipped_bit_is_found),
      cmocka_unit_test(wrong_tables_are_refused), cmocka_unit_test(wrong_sizes_are_refused));
