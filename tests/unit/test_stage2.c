/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage-2 tables of AArch64 against a flat model of pages, and against a
 * TLB that holds on to everything it may: what it still holds when a function
 * returns must be what the tables say.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

/* init.h of AArch64 declares it. */
bool stage2_permits(struct space *s, uint64_t ipa, uint32_t rights);

#define PAGE        UINT64_C(0x1000)
#define BLOCK       UINT64_C(0x200000)
#define GIGABYTE    UINT64_C(0x40000000)
#define VALID       1u
#define TABLE       2u
#define ADDRESS     UINT64_C(0x0000fffffffff000)


static struct space *space;
static struct cell  *cell;
static uint32_t      pool_pages;

/* ---- what the tables say, read independently -------------------------------------- */

struct leaf {
    uint64_t entry;      /* 0: nothing is mapped */
    unsigned level;
};

static uint64_t level_bytes(unsigned level) { return PAGE << 9 * (3 - level); }

/* The level of the root: 2 up to 34 address bits. */
static unsigned start_level(void) { return space->address_bits <= 34 ? 2 : 1; }

static uint64_t *entries_of(uint64_t descriptor)
{
    return host_ram(descriptor & ADDRESS);
}

/* The descriptor at `at` of one level; 0 when the walk does not come so far. */
static uint64_t descriptor(uint64_t at, unsigned level)
{
    unsigned l = start_level();
    uint64_t e = ((uint64_t *)host_ram(space->arch.root))[at / level_bytes(l)];

    for (; l < level; l++) {
        if ((e & 3) != (VALID | TABLE))
            return 0;
        e = entries_of(e)[at / level_bytes(l + 1) % 512];
    }
    return e;
}

static struct leaf look(uint64_t at)
{
    for (unsigned level = start_level(); level <= 3; level++) {
        uint64_t e = descriptor(at, level);

        if ((e & VALID) == 0)
            return (struct leaf){ 0, 0 };
        if (level == 3 || (e & TABLE) == 0)
            return (struct leaf){ e, level };
    }
    return (struct leaf){ 0, 0 };
}

static uint64_t leaf_address(struct leaf l, uint64_t at)
{
    return (l.entry & ADDRESS) + at % level_bytes(l.level);
}
static uint32_t leaf_rights(struct leaf l)
{
    return ((l.entry >> 6 & 1) != 0 ? MV_MAP_READ : 0u) | ((l.entry >> 7 & 1) != 0 ? MV_MAP_WRITE : 0u) |
           ((l.entry >> 54 & 1) == 0 ? MV_MAP_EXECUTE : 0u);
}

/* Count descriptors against what they count; returns how many tables there are. */
static uint32_t check_counts(uint64_t *table, unsigned level, uint64_t count_of_entries,
                             uint64_t counted, bool has_count)
{
    uint32_t tables = 0;
    uint64_t valid = 0;

    for (uint64_t i = 0; i < count_of_entries; i++) {
        uint64_t e = table[i];

        valid += e & VALID;
        if (level < 3 && (e & 3) == (VALID | TABLE))
            tables += 1 + check_counts(entries_of(e), level + 1, 512, e >> 2 & 0x3ff, true);
    }
    if (has_count)
        assert_int_equal(valid, counted);
    return tables;
}

static uint32_t pool_free(void)
{
    uint32_t n = (uint32_t)((cell->sys->pool + (uint64_t)pool_pages * PAGE - cell->pool_next) / PAGE);

    for (uint64_t p = cell->pool_free; p != 0; p = *(uint64_t *)host_ram(p))
        n++;
    return n;
}

/* No table is lost or in two places. */
static void check_pool(void)
{
    uint32_t tables = check_counts(host_ram(space->arch.root), start_level(),
                                   mv_root_bytes(space->address_bits) / 8, 0, false);

    assert_int_equal(tables + pool_free(), pool_pages);
}

/* ---- a TLB that forgets nothing by itself ------------------------------------------- */

#define PROBES 96
static struct probe {
    uint64_t    at;
    struct leaf stage2, both;           /* cached: from stage 2, and combined with stage 1 */
    bool        stage2_goes, both_goes; /* invalidated as of the next barrier */
    bool        at_once;                /* ... by one that covers both        */
    uint64_t    table[3];               /* cached table descriptors by level      */
    bool        table_goes[3];
} probe[PROBES];
static bool several_cores;

static bool same_place(struct leaf a, struct leaf b)
{
    return a.level == b.level && (a.entry & ADDRESS) == (b.entry & ADDRESS);
}

static uint64_t table_at(uint64_t at, unsigned level)
{
    uint64_t e = level < start_level() ? 0 : descriptor(at, level);

    return (e & 3) == (VALID | TABLE) ? e & ADDRESS : 0;
}

/* The walker looks at every probe and keeps what it finds. */
static void tlb_fill(void)
{
    for (int i = 0; i < PROBES; i++) {
        struct probe *p = &probe[i];
        struct leaf now = look(p->at);

        /* Made before broken: two sizes or places for one address at once. */
        if (now.entry != 0 && p->stage2.entry != 0)
            assert_true(same_place(now, p->stage2));
        if (p->stage2.entry == 0)
            p->stage2 = now;
        if (p->both.entry == 0)
            p->both = p->stage2;
        for (unsigned level = 1; level <= 2; level++) {
            if (p->table[level] == 0)
                p->table[level] = table_at(p->at, level);
        }
    }
}

static void tlb_forget(struct probe *p, uint64_t address, bool by_address)
{
    p->stage2_goes |= p->stage2.entry != 0 &&
                      (!by_address || address / level_bytes(p->stage2.level) ==
                       p->at / level_bytes(p->stage2.level));
    for (unsigned level = 1; level <= 2; level++)
        p->table_goes[level] |= !by_address ||
                                address / level_bytes(level) == p->at / level_bytes(level);
}

static void tlb_barrier(void)
{
    for (int i = 0; i < PROBES; i++) {
        struct probe *p = &probe[i];

        /* Without a barrier between the two, what stage 2 still holds may
         * fill the combined entry once more. */
        if (p->both_goes)
            p->both = p->at_once ? (struct leaf){ 0, 0 } : p->stage2;
        if (p->stage2_goes)
            p->stage2.entry = 0;
        for (unsigned level = 1; level <= 2; level++) {
            if (p->table_goes[level])
                p->table[level] = 0;
            p->table_goes[level] = false;
        }
        p->stage2_goes = p->both_goes = p->at_once = false;
    }
}

static void tlb_watch(enum host_event event, uint64_t address)
{
    bool ours = host_cores[0].vttbr == space->arch.vttbr;

    tlb_fill();
    for (int i = 0; i < PROBES && ours; i++) {
        if (event == HOST_TLBI_IPA_ALL || (event == HOST_TLBI_IPA && !several_cores))
            tlb_forget(&probe[i], address, true);
        if (event == HOST_TLBI_VA_ALL || (event == HOST_TLBI_VA && !several_cores))
            probe[i].both_goes |= address / PAGE == probe[i].at / PAGE;
        if (event == HOST_TLBI_STAGE1_ALL || (event == HOST_TLBI_STAGE1 && !several_cores))
            probe[i].both_goes = true;
        if (event == HOST_TLBI_VMID_ALL) {
            tlb_forget(&probe[i], 0, false);
            probe[i].both_goes = probe[i].at_once = true;
        }
    }
    if (event == HOST_DSB_ISH || (event == HOST_DSB_NSH && !several_cores)) {
        tlb_barrier();
        tlb_fill();
    }
}

/* The function has returned: nothing old is left. */
static void tlb_check(void)
{
    for (int i = 0; i < PROBES; i++) {
        const struct probe *p = &probe[i];
        struct leaf now = look(p->at);

        assert_true(p->stage2.entry == 0 || p->stage2.entry == now.entry);
        assert_true(p->both.entry == 0 || p->both.entry == now.entry);
        for (unsigned level = 1; level <= 2; level++)
            assert_true(p->table[level] == 0 || p->table[level] == table_at(p->at, level));
    }
}

/* ---- the model ------------------------------------------------------------------------ */

#define WINDOWS       3u
#define WINDOW_PAGES  1536u           /* 6 MiB */
struct page {
    uint64_t pa;
    uint8_t  mapped, rights, most, memory;
};
static struct page model[WINDOWS][WINDOW_PAGES];
static uint64_t    window_base[WINDOWS];
static uint32_t    window;            /* the one that an operation works on */

static struct page *page_at(uint64_t at)
{
    return &model[window][(at - window_base[window]) / PAGE];
}

static void expect_page(uint64_t at, const struct page *p)
{
    struct leaf l = look(at);

    if (p->mapped == 0) {
        assert_int_equal(l.entry, 0);
        assert_false(stage2_permits(space, at, MV_MAP_READ));
        return;
    }
    assert_int_equal(leaf_address(l, at), p->pa);
    assert_int_equal(leaf_rights(l), p->rights);
    assert_int_equal(l.entry >> 55 & 7, p->most);
    assert_int_equal(l.entry >> 2 & 15, p->memory == MV_MEMORY_DEVICE ? 0 : 15);
    assert_int_equal(l.entry >> 8 & 3, p->memory == MV_MEMORY_DEVICE ? 2 : 3);
    assert_true((l.entry >> 10 & 1) != 0);
    for (uint32_t right = MV_MAP_READ; right <= MV_MAP_EXECUTE; right *= 2)
        assert_int_equal(stage2_permits(space, at, right), (p->rights & right) != 0);
}

static void check_all(void)
{
    uint32_t before = window;

    for (window = 0; window < WINDOWS; window++) {
        for (uint32_t i = 0; i < WINDOW_PAGES; i++)
            expect_page(window_base[window] + i * PAGE, &model[window][i]);
    }
    window = before;
    check_pool();
}

enum operation { MAP, UNMAP, PROTECT };
struct request {
    enum operation operation;
    uint64_t       at, to, size;
    uint32_t       rights, most;
    enum mv_memory memory;
};

static mv_status_t step(const struct request *r, uint64_t *done)
{
    *done = 0;
    switch (r->operation) {
    case MAP:
        return arch_space_map(space, (cellva_t){ r->at }, (paddr_t){ r->to }, r->size, r->rights, r->most,
                              r->memory, done);
    case UNMAP:
        return arch_space_change(space, (cellva_t){ r->at }, r->size, 0, done);
    default:
        return arch_space_change(space, (cellva_t){ r->at }, r->size, r->rights, done);
    }
}

static void apply(const struct request *r, uint64_t done)
{
    for (uint64_t i = 0; i < done; i += PAGE) {
        struct page *p = page_at(r->at + i);

        assert_int_equal(p->mapped, r->operation != MAP);
        if (r->operation == MAP)
            *p = (struct page){ r->to + i, 1, (uint8_t)r->rights, (uint8_t)r->most, (uint8_t)r->memory };
        else if (r->operation == UNMAP)
            p->mapped = 0;
        else
            p->rights = (uint8_t)r->rights;
        assert_int_equal(p->rights & ~p->most, 0);
    }
}

/* A refusal must have its reason in what the model has there. */
static void expect_reason(const struct request *r, mv_status_t st)
{
    bool mapped = false, hole = false, forbidden = false;

    for (uint64_t i = 0; i < r->size; i += PAGE) {
        const struct page *p = page_at(r->at + i);

        mapped |= p->mapped != 0;
        hole |= p->mapped == 0;
        forbidden |= p->mapped != 0 && (r->rights & ~(uint32_t)p->most) != 0;
    }
    switch (st) {
    case MV_EXISTS:     assert_true(r->operation == MAP && mapped);         break;
    case MV_NOT_MAPPED: assert_true(r->operation != MAP && hole);           break;
    case MV_NO_RIGHT:   assert_true(r->operation == PROTECT && forbidden);  break;
    case MV_NO_MEMORY:  assert_int_equal(pool_free(), 0);                   break;
    default:            fail();
    }
}

static mv_status_t perform(struct request r)
{
    while (r.size != 0) {
        uint64_t done, before = pool_free();

        tlb_fill();
        mv_status_t st = step(&r, &done);

        tlb_check();
        assert_true(host_cores[0].vttbr == 0);
        if (st != MV_OK) {
            assert_int_equal(done, 0);
            expect_reason(&r, st);
            return st;
        }
        assert_true(done <= r.size && done <= ARCH_MAP_STEP * GIGABYTE);
        if (done == 0) {    /* a split is a step of its own, and changes nothing but for the table it takes */
            assert_true(r.operation != MAP && pool_free() == before - 1);
            check_all();
            continue;
        }
        apply(&r, done);
        expect_page(r.at, page_at(r.at));
        expect_page(r.at + done - PAGE, page_at(r.at + done - PAGE));
        r.at += done;
        r.to += done;
        r.size -= done;
    }
    return MV_OK;
}

/* ---- setting up -------------------------------------------------------------------------- */

static void set_up(uint32_t bits, uint32_t cores, uint32_t pages)
{
    uint32_t c, s;

    world_begin(cores);
    c = world_cell("paging");
    world_vcpu(c, 0, 10);
    s = world_space(c, bits);
    world.cell[c].table_pages = pages;
    world_boot();
    cell = vcpu_at(0)->cell;
    space = &cell->spaces[s];
    pool_pages = pages;
    several_cores = cores > 1;
    memset(model, 0, sizeof(model));
    memset(probe, 0, sizeof(probe));
    /* The last window ends where the space ends. */
    window_base[0] = 0;
    window_base[1] = bits > 30 ? GIGABYTE - 2 * BLOCK : 4 * BLOCK;
    window_base[2] = (UINT64_C(1) << bits) - WINDOW_PAGES * PAGE;
    window = 0;
    for (uint32_t i = 0; i < PROBES; i++)
        probe[i].at = window_base[i % WINDOWS] + (i / WINDOWS < 24 ? i / WINDOWS * 3 : i * 15) * PAGE;
    host_here = 0;
    host_cores[0].vttbr = 0;
    host_watch = tlb_watch;
}

static uint32_t some_rights(struct random *random)
{
    static const uint32_t rights[] = { MV_MAP_READ, MV_MAP_READ | MV_MAP_WRITE, MV_MAP_READ | MV_MAP_EXECUTE };

    return rights[random_below(random, 3)];
}

/* Small and large, aligned and not, mostly where things are already. */
static struct request some_request(struct random *random)
{
    struct request r = { .operation = (enum operation)random_below(random, 3) };
    uint64_t first = random_below(random, 80), pages = 1 + random_below(random, 70);

    window = random_below(random, WINDOWS);
    if (random_below(random, 5) == 0) {
        first = 512 * random_below(random, 3);
        pages = 512 * (1 + random_below(random, 3));
    } else if (random_below(random, 3) == 0) {
        first += 480;
    }
    pages = min_u64(pages, WINDOW_PAGES - first);
    r.at = window_base[window] + first * PAGE;
    r.size = pages * PAGE;
    r.to = (random_below(random, 4) == 0 ? 8 + random_below(random, 8) : first) * PAGE + 64 * GIGABYTE;
    r.rights = some_rights(random);
    r.memory = random_below(random, 4) == 0 ? MV_MEMORY_DEVICE : MV_MEMORY_NORMAL;
    if (r.memory == MV_MEMORY_DEVICE && r.operation == MAP)
        r.rights &= ~MV_MAP_EXECUTE;
    r.most = r.rights;
    if (r.operation == MAP && random_below(random, 2) == 0)
        r.most |= MV_MAP_WRITE;
    return r;
}

static const struct { uint32_t bits, cores; } shape[] = {
    { 25, 1 }, { 25, 2 }, { 30, 1 }, { 34, 1 }, { 35, 2 }, { 39, 1 }, { 39, 2 },
};

/* ---- the tests ------------------------------------------------------------------------------ */

static void random_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shape); i++) {
        struct random random = { 4711 + i };
        uint64_t status[MV_DEADLOCK + 1] = { 0 }, blocks = 0;

        set_up(shape[i].bits, shape[i].cores, 12);
        for (int n = 0; n < 2000; n++) {
            struct request r = some_request(&random);

            status[perform(r)]++;
            blocks += look(r.at).level == 2;
            if (n % 500 == 499)
                check_all();
        }
        /* All of it was reached. */
        assert_true(status[MV_OK] > 100 && status[MV_EXISTS] > 100 && status[MV_NOT_MAPPED] > 100);
        assert_true(status[MV_NO_RIGHT] > 10 && blocks > 10);
    }
}

static void no_memory_at_every_step(void **state)
{
    const struct request r[] = {
        { MAP, 0x1ff000, 64 * GIGABYTE, 3 * PAGE, MV_MAP_READ, MV_MAP_READ, MV_MEMORY_NORMAL },
        { MAP, BLOCK * 2 - PAGE, 64 * GIGABYTE + BLOCK, BLOCK / 4, MV_MAP_READ, MV_MAP_READ, MV_MEMORY_NORMAL },
        { UNMAP, 0x1ff000, 0, PAGE, 0, 0, MV_MEMORY_NORMAL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shape); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(r); k++) {
            mv_status_t st = MV_NO_MEMORY;

            for (uint32_t pages = 0; st == MV_NO_MEMORY; pages++) {
                assert_true(pages < 8);
                set_up(shape[i].bits, shape[i].cores, pages);
                if (r[k].operation == UNMAP) {
                    /* A block, so that unmapping one page must split it. */
                    struct request whole = { MAP, 0, 64 * GIGABYTE, BLOCK, MV_MAP_READ, MV_MAP_READ,
                                             MV_MEMORY_NORMAL };
                    st = perform(whole);
                    if (st != MV_OK)
                        continue;
                }
                st = perform(r[k]);
                check_all();
            }
            assert_int_equal(st, MV_OK);
        }
    }
}

static void largest_leaf_that_fits(void **state)
{
    static const struct { uint32_t bits; uint64_t at, to, size; unsigned level; } row[] = {
        { 25, 0,            64 * GIGABYTE,         BLOCK,       2 },
        { 25, 0,            64 * GIGABYTE + PAGE,  BLOCK,       3 },   /* the memory is not aligned */
        { 25, PAGE,         64 * GIGABYTE + PAGE,  BLOCK,       3 },
        { 25, 0,            64 * GIGABYTE,         BLOCK - PAGE, 3 },
        { 39, GIGABYTE,     64 * GIGABYTE,         GIGABYTE,    1 },
        { 39, GIGABYTE,     64 * GIGABYTE + BLOCK, GIGABYTE,    2 },
        { 34, GIGABYTE,     64 * GIGABYTE,         GIGABYTE,    2 },   /* its root is a level-2 table */
        { 39, BLOCK,        64 * GIGABYTE + BLOCK, GIGABYTE,    2 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
        uint64_t done;

        set_up(row[i].bits, 1, 4);
        host_watch = NULL;
        assert_int_equal(arch_space_map(space, (cellva_t){ row[i].at }, (paddr_t){ row[i].to }, row[i].size,
                                        MV_MAP_READ, MV_MAP_READ, MV_MEMORY_NORMAL, &done), MV_OK);
        assert_int_equal(look(row[i].at).level, row[i].level);
        assert_int_equal(leaf_address(look(row[i].at), row[i].at), row[i].to);
        check_pool();
    }
}

/* Empty tables do not keep a block away, at either level; a page in one does. */
static void blocks_replace_empty_tables(void **state)
{
    struct request page = { MAP, GIGABYTE, 64 * GIGABYTE, PAGE, MV_MAP_READ, MV_MAP_READ, MV_MEMORY_NORMAL };
    struct request block = { MAP, GIGABYTE, 64 * GIGABYTE, BLOCK, MV_MAP_READ, MV_MAP_READ, MV_MEMORY_NORMAL };
    struct request unmap = { UNMAP, GIGABYTE, 0, PAGE, 0, 0, MV_MEMORY_NORMAL };
    uint64_t done;

    (void)state;
    set_up(39, 2, 4);
    window = 1;
    window_base[1] = GIGABYTE;
    assert_int_equal(perform(page), MV_OK);
    assert_int_equal(perform(block), MV_EXISTS);
    assert_int_equal(perform(unmap), MV_OK);
    assert_int_equal(perform(block), MV_OK);
    assert_int_equal(look(GIGABYTE).level, 2);
    unmap.size = BLOCK;
    assert_int_equal(perform(unmap), MV_OK);
    check_all();
    assert_int_equal(perform(page), MV_OK);
    unmap.size = PAGE;
    assert_int_equal(perform(unmap), MV_OK);
    /* The level-2 table still holds the empty level-3 one: 2 MiB at a time. */
    host_watch = NULL;
    assert_int_equal(arch_space_map(space, (cellva_t){ GIGABYTE }, (paddr_t){ 64 * GIGABYTE }, GIGABYTE, MV_MAP_READ,
                                    MV_MAP_READ, MV_MEMORY_NORMAL, &done), MV_OK);
    assert_true(done >= BLOCK);
    check_pool();
}

/* A gigabyte of which one page goes: two splits, all the rest stays. */
static void gigabyte_is_split_twice(void **state)
{
    uint64_t done;

    (void)state;
    for (uint32_t pages = 0; pages <= 2; pages++) {
        mv_status_t st;

        set_up(39, 2, pages);
        assert_int_equal(arch_space_map(space, (cellva_t){ 0 }, (paddr_t){ 64 * GIGABYTE }, GIGABYTE, MV_MAP_READ,
                                        MV_MAP_READ | MV_MAP_WRITE, MV_MEMORY_NORMAL, &done), MV_OK);
        uint32_t steps = 0;

        do {
            tlb_fill();
            st = arch_space_change(space, (cellva_t){ 5 * BLOCK + 7 * PAGE }, PAGE, 0, &done);
            tlb_check();
            steps++;
        } while (st == MV_OK && done == 0);
        assert_int_equal(steps, pages + 1);
        assert_int_equal(st, pages < 2 ? MV_NO_MEMORY : MV_OK);
        for (uint64_t at = 0; at < GIGABYTE; at += PAGE) {
            struct leaf l = look(at);

            if (st == MV_OK && at == 5 * BLOCK + 7 * PAGE)
                assert_int_equal(l.entry, 0);
            else if (leaf_address(l, at) != 64 * GIGABYTE + at || leaf_rights(l) != MV_MAP_READ)
                fail();
        }
        check_pool();
    }
}

static void clear_forgets_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(shape); i++) {
        struct random random = { 99 };

        set_up(shape[i].bits, shape[i].cores, 12);
        for (int n = 0; n < 100; n++)
            perform(some_request(&random));
        tlb_fill();
        uint64_t cleared = 0, steps = 1;

        while (!arch_space_clear(space, &cleared))
            steps++;
        assert_int_equal(cleared, mv_root_bytes(shape[i].bits));
        assert_int_equal(steps, cleared <= PAGE ? 1 : cleared / PAGE);
        tlb_check();
        cell->pool_next = cell->sys->pool;
        cell->pool_free = 0;
        memset(model, 0, sizeof(model));
        check_all();
    }
}

static void permits_only_what_is_there(void **state)
{
    (void)state;
    set_up(25, 1, 4);
    assert_false(stage2_permits(space, UINT64_C(1) << 25, MV_MAP_READ));
    assert_false(stage2_permits(space, UINT64_MAX, MV_MAP_READ));
    assert_false(stage2_permits(space, 0, MV_MAP_READ));
}

GROUP(stage2, cmocka_unit_test(random_changes), cmocka_unit_test(no_memory_at_every_step),
      cmocka_unit_test(largest_leaf_that_fits), cmocka_unit_test(blocks_replace_empty_tables),
      cmocka_unit_test(gigabyte_is_split_twice), cmocka_unit_test(clear_forgets_all),
      cmocka_unit_test(permits_only_what_is_there));
