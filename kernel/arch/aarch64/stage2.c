/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stage-2 tables: 4 KiB granule; level 2 is the first up to 34 address bits
 * (its root then has 16 to 8,192 entries), else level 1. Facts from DDI 0487,
 * chapters D8 (translation) and D8.14 (TLB maintenance requirements).
 *
 * A table descriptor's bits 11-2, which the hardware ignores, count the valid
 * entries of the table; a leaf's bits 57-55, reserved for software, hold the
 * most rights it may be given.
 */
#include "cell.h"
#include "init.h"
#include "space.h"

#define LEVEL_LAST     12u                     /* level 3, pages; 21 is level 2, 30 level 1 */
#define LEVEL_BITS     9u
#define ENTRY_VALID    (UINT64_C(1) << 0)
#define ENTRY_TABLE    (UINT64_C(1) << 1)      /* at level 3: a page */
#define ENTRY_ADDRESS  FIELD(47, 12)
#define ENTRY_COUNT    FIELD(11, 2)            /* table */
#define ENTRY_ONE      (UINT64_C(1) << 2)      /* 1 in ENTRY_COUNT */
#define ENTRY_MEMATTR  FIELD(5, 2)
#define ENTRY_READ     (UINT64_C(1) << 6)
#define ENTRY_WRITE    (UINT64_C(1) << 7)
#define ENTRY_SH       FIELD(9, 8)
#define ENTRY_AF       (UINT64_C(1) << 10)
#define ENTRY_XN       (UINT64_C(1) << 54)     /* with FEAT_XNX and bit 53 = 0: neither EL1 nor EL0 */
#define ENTRY_MOST     FIELD(57, 55)           /* MV_MAP_* */
#define ENTRY_RIGHTS   (ENTRY_READ | ENTRY_WRITE | ENTRY_XN)

static_assert(MV_MAP_READ == 1 && MV_MAP_WRITE == 2 && MV_MAP_EXECUTE == 4, "ENTRY_MOST holds them");

/* A level is named by its shift: the bits of address that one entry spans. */
INLINE uint64_t level_size(unsigned level) { return UINT64_C(1) << level; }

static uint64_t *table_of(uint64_t entry)
{
    return arch_ram((paddr_t){ entry & ENTRY_ADDRESS });
}
INLINE bool is_table(uint64_t entry, unsigned level)
{
    return level != LEVEL_LAST && (entry & (ENTRY_VALID | ENTRY_TABLE)) == (ENTRY_VALID | ENTRY_TABLE);
}

/* Another core's walker or stage2_permits() may look at any time. */
INLINE void write_entry(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

static uint64_t rights_bits(uint32_t rights)
{
    return ((rights & MV_MAP_READ) != 0 ? ENTRY_READ : 0) |
           ((rights & MV_MAP_WRITE) != 0 ? ENTRY_WRITE : 0) |
           ((rights & MV_MAP_EXECUTE) != 0 ? 0 : ENTRY_XN);
}

/*
 * Normal memory is Inner Shareable: under HCR_EL2.DC stage 1 says
 * Non-shareable, and the stronger of the two counts. Device is nGnRnE.
 */
static uint64_t leaf_attributes(uint32_t rights, uint32_t most, enum mv_memory memory)
{
    uint64_t attributes = ENTRY_VALID | ENTRY_AF | rights_bits(rights) | field_make(ENTRY_MOST, most);

    if (memory == MV_MEMORY_DEVICE)
        return attributes | field_make(ENTRY_SH, 2) | ENTRY_XN;
    return attributes | field_make(ENTRY_SH, 3) | field_make(ENTRY_MEMATTR, 0xf);
}

/* ---- TLB maintenance -------------------------------------------------------------- */

/* TLBI works on the VMID in VTTBR_EL2. */
static uint64_t enter_vmid(const struct space *s)
{
    uint64_t before = read_vttbr_el2();

    if (before != s->arch.vttbr) {
        write_vttbr_el2(s->arch.vttbr);
        isb();      /* the new VMID before the TLBI that uses it */
    }
    return before;
}

static void leave_vmid(const struct space *s, uint64_t before)
{
    if (before != s->arch.vttbr)
        write_vttbr_el2(before);     /* the ERET to a cell synchronises it */
}

/*
 * `count` leaves from `at` have changed. First what stage 2 cached, then,
 * when that is certain, what stage 1 and 2 cached together: with stage 1 off
 * its address is the IPA. Only this core has run the space unless it is
 * marked otherwise.
 */
static void invalidate(const struct space *s, uint64_t at, uint32_t count, uint64_t size)
{
    uint64_t before, end = at + count * size;
    bool all = s->arch.several_cores;

    if (all)
        dsb_ishst();     /* the changed entries are visible to every walker before the TLBI */
    else
        dsb_nshst();
    before = enter_vmid(s);
    for (int pass = 0; pass <= errata_repeat_tlbi; pass++) {
        for (uint64_t a = at; a != end; a += size) {
            if (all)
                tlbi_ipas2e1is(a);
            else
                tlbi_ipas2e1(a);
        }
        if (all)
            dsb_ish();   /* stage 2 first: or a walk could refill the combined entry from it */
        else
            dsb_nsh();
        if (size != MV_PAGE_SIZE || s->arch.of_vm) {
            if (all)
                tlbi_vmalle1is();   /* a block may be cached in pieces, a guest's page anywhere */
            else
                tlbi_vmalle1();
        } else {
            for (uint64_t a = at; a != end; a += size) {
                if (all)
                    tlbi_vaae1is(a);
                else
                    tlbi_vaae1(a);
            }
        }
        if (all)
            dsb_ish();   /* complete before the memory is used otherwise, or the entry made anew */
        else
            dsb_nsh();
    }
    isb();               /* and nothing fetched with the old translation goes on */
    leave_vmid(s, before);
}

/* Memory becomes executable: it may have held other code. Who wrote it has
 * cleaned it. */
static void forget_instructions(uint32_t rights)
{
    if ((rights & MV_MAP_EXECUTE) != 0) {
        ic_ialluis();
        dsb_ish();      /* done everywhere before it is executed */
    }
}

/* ---- walking ------------------------------------------------------------------------- */

static uint64_t *root_entry(const struct space *s, uint64_t at)
{
    return (uint64_t *)arch_ram((paddr_t){ s->arch.root }) + (at >> s->arch.start_level);
}

/*
 * The entry for `at` in the deepest table there is, at most at level `want`.
 * *parent: the entry of that table, NULL for the root.
 */
static uint64_t *walk(const struct space *s, uint64_t at, unsigned want, unsigned *level,
                      uint64_t **parent)
{
    uint64_t *entry = root_entry(s, at);

    *level = s->arch.start_level;
    *parent = NULL;
    while (*level > want && is_table(*entry, *level)) {
        *parent = entry;
        *level -= LEVEL_BITS;
        entry = table_of(*entry) + (at >> *level) % PAGE_TABLE_WORDS;
    }
    return entry;
}

static void count_add(uint64_t *parent, int64_t n)
{
    if (parent != NULL)
        write_entry(parent, *parent + (uint64_t)(n * (int64_t)ENTRY_ONE));
}

/* The same, making the tables down to `want`. */
static mv_status_t walk_making(struct space *s, uint64_t at, unsigned want, uint64_t **entry,
                               uint64_t **parent)
{
    unsigned level;

    for (;;) {
        paddr_t page;

        *entry = walk(s, at, want, &level, parent);
        if (level == want)
            return MV_OK;
        if ((**entry & ENTRY_VALID) != 0)
            return MV_EXISTS;        /* a block */
        if (!cell_take_table(s->cell, &page))
            return MV_NO_MEMORY;
        arch_zero(arch_ram(page), MV_PAGE_SIZE);
        dsb_ishst();                 /* its zeros are visible before a walker can reach it */
        write_entry(*entry, page.pa | ENTRY_TABLE | ENTRY_VALID);
        count_add(*parent, 1);
    }
}

/* The last-level entry for `at`, and *parent that of its table; NULL where there is none, or
 * in a large space: the frequent case of walk(). */
static uint64_t *page_entry(const struct space *s, uint64_t at, uint64_t **parent)
{
    *parent = root_entry(s, at);
    if (s->arch.start_level != LEVEL_LAST + LEVEL_BITS || !is_table(**parent, LEVEL_LAST + LEVEL_BITS))
        return NULL;
    return table_of(**parent) + (at >> LEVEL_LAST) % PAGE_TABLE_WORDS;
}

/* Leaves from `entry` to the end of its table or of the range, at most a step. */
static uint32_t leaves_here(uint64_t at, uint64_t size, unsigned level)
{
    uint64_t first = (at >> level) % PAGE_TABLE_WORDS;

    return (uint32_t)min_u64(min_u64(PAGE_TABLE_WORDS - first, ARCH_MAP_STEP),
                             size >> level);
}

/* The largest leaf that fits here. */
static unsigned leaf_level(const struct space *s, uint64_t at, uint64_t pa, uint64_t size)
{
    unsigned level = s->arch.start_level;

    while (level != LEVEL_LAST &&
           (((at | pa) & (level_size(level) - 1)) != 0 || size < level_size(level)))
        level -= LEVEL_BITS;
    return level;
}

/* Whether a table stands where a block is wanted; an empty one is given back. */
static bool table_stands(struct space *s, uint64_t at, unsigned level)
{
    unsigned found;
    uint64_t *parent, *entry = walk(s, at, level, &found, &parent);

    if (found != level || !is_table(*entry, level))
        return false;
    if (field_get(*entry, ENTRY_COUNT) != 0)
        return true;
    paddr_t page = { *entry & ENTRY_ADDRESS };

    write_entry(entry, 0);
    count_add(parent, -1);
    invalidate(s, at, 1, level_size(level));   /* walk caches, before the page is used again */
    cell_give_table(s->cell, page);
    return false;
}

/* As many leaves as one step may, in the first table that is touched. */
static mv_status_t map_leaves(struct space *s, uint64_t at, uint64_t to, uint64_t size,
                              uint64_t attributes, uint64_t *done)
{
    unsigned level = leaf_level(s, at, to, size);
    uint64_t *entry, *parent;
    uint32_t count;
    mv_status_t st;

    /* A table that holds something keeps a block of its size away. */
    while (level != LEVEL_LAST && table_stands(s, at, level))
        level -= LEVEL_BITS;
    if (level == LEVEL_LAST)
        attributes |= ENTRY_TABLE;
    st = walk_making(s, at, level, &entry, &parent);
    if (st != MV_OK)
        return st;
    count = level != LEVEL_LAST ? 1 : leaves_here(at, size, level);
    for (uint32_t i = 0; i < count; i++) {
        if ((entry[i] & ENTRY_VALID) != 0)
            return MV_EXISTS;
    }

    /* commit */
    for (uint32_t i = 0; i < count; i++)
        write_entry(&entry[i], (to + i * level_size(level)) | attributes);
    count_add(parent, count);
    *done = count * level_size(level);
    return MV_OK;
}

/* ---- the interface ---------------------------------------------------------------------- */

mv_status_t arch_space_map(struct space *s, cellva_t at, paddr_t to, uint64_t size,
                           uint32_t rights, uint32_t most, enum mv_memory memory, uint64_t *done)
{
    uint64_t attributes = leaf_attributes(rights, most, memory);
    uint64_t *entry = NULL, *parent;

    if (size == MV_PAGE_SIZE)
        entry = page_entry(s, at.va, &parent);
    if (entry != NULL && (*entry & ENTRY_VALID) == 0) {    /* the frequent case of map_leaves() */
        write_entry(entry, to.pa | attributes | ENTRY_TABLE);
        write_entry(parent, *parent + ENTRY_ONE);
        *done = MV_PAGE_SIZE;
    } else {
        mv_status_t st = map_leaves(s, at.va, to.pa, size, attributes, done);

        if (st != MV_OK)
            return st;
    }
    /* Visible to walkers before the cell uses it; to those of other cores too,
     * for a cell can be prepared by a core that is not its own. An invalid
     * entry is never cached, so there is nothing to invalidate. */
    dsb_ishst();
    forget_instructions(rights);
    return MV_OK;
}

/* A block of which a part is to change becomes a table of the next level. */
static mv_status_t split(struct space *s, uint64_t at, uint64_t *entry, unsigned level)
{
    uint64_t leaf = *entry;
    uint64_t below = level_size(level - LEVEL_BITS);
    paddr_t page;

    if (!cell_take_table(s->cell, &page))
        return MV_NO_MEMORY;
    uint64_t *table = arch_ram(page);

    if (level - LEVEL_BITS == LEVEL_LAST)
        leaf |= ENTRY_TABLE;
    /* In pairs, four a turn, or it takes longer than all the rest. */
    uint64_t even = leaf, odd = leaf + below;

    for (uint64_t *t = table; t != table + PAGE_TABLE_WORDS; t += 4) {
        t[0] = even;
        t[1] = odd;
        even += 2 * below;
        odd += 2 * below;
        t[2] = even;
        t[3] = odd;
        even += 2 * below;
        odd += 2 * below;
    }
    /* Break before make; a vCPU of another core that faults meanwhile waits
     * for the lock in stage2_permits() and tries again. */
    write_entry(entry, 0);
    invalidate(s, at & ~(level_size(level) - 1), 1, level_size(level));
    write_entry(entry, page.pa | field_make(ENTRY_COUNT, PAGE_TABLE_WORDS) | ENTRY_TABLE | ENTRY_VALID);
    dsb_ishst();        /* visible to walkers before the lock is free */
    return MV_OK;
}

/*
 * Find the leaves of one step from `at`: *count at *entry, which are valid. A block of
 * which the range has only a part is split; that was the step, and *count is 0.
 */
static mv_status_t find_leaves(struct space *s, uint64_t at, uint64_t size, uint64_t **entry,
                               uint64_t **parent, unsigned *level, uint32_t *count)
{
    *count = 0;
    *entry = walk(s, at, LEVEL_LAST, level, parent);
    if ((**entry & ENTRY_VALID) == 0)
        return MV_NOT_MAPPED;
    if (*level != LEVEL_LAST && ((at & (level_size(*level) - 1)) != 0 || size < level_size(*level)))
        return split(s, at, *entry, *level);
    *count = *level != LEVEL_LAST ? 1 : leaves_here(at, size, *level);
    for (uint32_t i = 0; i < *count; i++) {
        if (((*entry)[i] & ENTRY_VALID) == 0)
            return MV_NOT_MAPPED;
    }
    return MV_OK;
}

mv_status_t arch_space_change(struct space *s, cellva_t at, uint64_t size, uint32_t rights,
                              uint64_t *done)
{
    uint64_t *entry, *parent;
    unsigned level;
    uint32_t count;
    mv_status_t st = find_leaves(s, at.va, size, &entry, &parent, &level, &count);

    if (st != MV_OK)
        return st;
    for (uint32_t i = 0; i < count; i++) {
        if ((rights & ~field_get(entry[i], ENTRY_MOST)) != 0)
            return MV_NO_RIGHT;
    }

    /* commit: only rights change, so no break before make, or it is the break */
    for (uint32_t i = 0; i < count; i++)
        write_entry(&entry[i], rights == 0 ? 0 : (entry[i] & ~ENTRY_RIGHTS) | rights_bits(rights));
    if (rights == 0)
        count_add(parent, -(int64_t)count);
    invalidate(s, at.va, count, level_size(level));
    forget_instructions(rights);
    *done = count * level_size(level);
    return MV_OK;
}

bool arch_space_clear(struct space *s, uint64_t *done)
{
    uint64_t before, left = mv_root_bytes(s->address_bits) - *done, bytes = min_u64(left, MV_PAGE_SIZE);

    arch_zero(arch_ram((paddr_t){ s->arch.root + *done }), bytes);
    *done += bytes;
    if (bytes != left)
        return false;
    dsb_ishst();        /* the empty root is visible to every walker before the TLBI */
    before = enter_vmid(s);
    for (int pass = 0; pass <= errata_repeat_tlbi; pass++) {
        /* All cores: whoever starts a cell need not be where it ran. */
        tlbi_vmalls12e1is();
        dsb_ish();      /* complete before the tables' memory is used again */
    }
    isb();
    leave_vmid(s, before);
    return true;
}

void stage2_change_vcpu(struct space *s, uint32_t core, uint32_t vcpu)
{
    uint16_t *last = &s->arch.last[core];
    uint64_t before;

    if (*last != 0 && *last != vcpu + 1) {
        before = enter_vmid(s);
        /* This core alone: each vCPU invalidates for itself, and does not know
         * that another one's translations and instructions are cached here. */
        tlbi_vmalle1();
        ic_iallu();
        dsb_nsh();      /* both complete ... */
        isb();          /* ... before the guest goes on */
        leave_vmid(s, before);
    }
    *last = (uint16_t)(vcpu + 1);
}

bool stage2_permits(struct space *s, uint64_t ipa, uint32_t rights)
{
    bool permits = false;
    unsigned level;
    uint64_t *parent;

    if (ipa >> s->address_bits != 0)
        return false;
    arch_lock(&s->lock);
    uint64_t entry = *walk(s, ipa, LEVEL_LAST, &level, &parent);

    if ((entry & ENTRY_VALID) != 0)
        permits = (rights & MV_MAP_EXECUTE) != 0 ? (entry & ENTRY_XN) == 0 :
                  (entry & rights_bits(rights) & (ENTRY_READ | ENTRY_WRITE)) != 0;
    arch_unlock(&s->lock);
    return permits;
}
