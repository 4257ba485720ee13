/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own address space: EL2 stage 1, everything mapped where it is.
 * The 2 MiB with the kernel's image page by page, text read-only, the rest
 * never executable, the pages of these tables but for the root not at all (they
 * guard the stacks); other RAM and the devices of the kernel by 2 MiB blocks.
 */
#include <string.h>

#include <mv/objects.h>

#include "layout.h"

#define DESC_VALID    (UINT64_C(1) << 0)
#define DESC_TABLE    (UINT64_C(3) << 0)    /* at level 3: a page */
#define DESC_RES1     (UINT64_C(1) << 6)    /* AP[1] at EL2 */
#define DESC_READONLY (UINT64_C(1) << 7)
#define DESC_INNER    (UINT64_C(3) << 8)
#define DESC_AF       (UINT64_C(1) << 10)
#define DESC_XN       (UINT64_C(1) << 54)
#define DESC_NORMAL   (DESC_RES1 | DESC_AF | DESC_INNER)                   /* MAIR index 0 */
#define DESC_DEVICE   (DESC_RES1 | DESC_AF | DESC_XN | UINT64_C(1) << 2)  /* MAIR index 1 */
#define DESC_DATA     (DESC_NORMAL | DESC_XN)
#define DESC_ADDRESS  UINT64_C(0xfffffffff000)

#define GIB           (UINT64_C(1) << 30)
#define TCR_PS_SHIFT  16
#define DEVICE_BYTES  UINT64_C(0x10000)     /* of an interrupt controller's part */

/* The kernel's table pages, in its image: every other page. */
enum { TABLE_RAM, TABLE_KERNEL, TABLE_DEVICES, TABLE_COUNT };
_Static_assert(TABLE_COUNT == MV_KERNEL_TABLES, "one page between the stacks of two cores");

struct paging {
    struct layout *l;
    const struct system *s;
    uint64_t root, tables;                  /* physical */
    uint64_t more;                          /* the next page for another GiB of RAM */
    bool devices_mapped;
};

static uint64_t table_at(const struct paging *p, int which)
{
    return p->tables + (uint64_t)which * 2 * MV_PAGE_SIZE;
}

static void entry_put(const struct paging *p, uint64_t table, uint64_t index, uint64_t value)
{
    memcpy(p->l->image.at + (table - p->l->kernel.base) + index % 512 * 8, &value, sizeof value);
}

static uint64_t entry_get(const struct paging *p, uint64_t table, uint64_t index)
{
    uint64_t value;

    memcpy(&value, p->l->image.at + (table - p->l->kernel.base) + index % 512 * 8, sizeof value);
    return value;
}

/* The entry of the root table for an address. */
static uint64_t root_get(const struct paging *p, uint64_t pa) { return entry_get(p, p->root, pa / GIB); }
static void root_put(const struct paging *p, uint64_t pa, uint64_t value) { entry_put(p, p->root, pa / GIB, value); }

static void map_blocks(const struct paging *p, uint64_t level2, uint64_t from, uint64_t to, uint64_t attributes)
{
    for (uint64_t pa = from; pa < to; pa += MV_BLOCK_SIZE)
        entry_put(p, level2, pa / MV_BLOCK_SIZE, pa | attributes | DESC_VALID);
}

static void map_kernel(const struct paging *p)
{
    const struct kernel *k = &p->l->kernel;
    uint64_t first = k->base & ~(MV_BLOCK_SIZE - UINT64_C(1));

    for (uint64_t pa = first; pa < first + MV_BLOCK_SIZE; pa += MV_PAGE_SIZE) {
        uint64_t attributes = DESC_DATA;

        if (region_overlaps(k->text, (struct region){ pa, 1 }))
            attributes = DESC_NORMAL | DESC_READONLY;
        else if (region_overlaps(k->rodata, (struct region){ pa, 1 }))
            attributes = DESC_DATA | DESC_READONLY;
        entry_put(p, table_at(p, TABLE_KERNEL), pa / MV_PAGE_SIZE, pa | attributes | DESC_TABLE);
    }
    for (int i = 0; i < TABLE_COUNT; i++)
        entry_put(p, table_at(p, TABLE_KERNEL), table_at(p, i) / MV_PAGE_SIZE, 0);
}

/* RAM, with a level-2 table per GiB: the first where the kernel is. */
static void map_ram(struct paging *p)
{
    uint64_t base = p->s->board.ram.base, end = base + p->s->board.ram.size;

    if ((end - 1) >> MV_KERNEL_BITS)
        diag_fatal("the board's RAM ends at 0x%llx; expected an end below 0x%llx, what the kernel reaches; use another board",
                   (unsigned long long)end, 1ULL << MV_KERNEL_BITS);
    for (uint64_t pa = base; pa < end; pa = (pa / GIB + 1) * GIB) {
        uint64_t level2 = table_at(p, TABLE_RAM), next = (pa / GIB + 1) * GIB;

        if (pa / GIB != p->l->kernel.base / GIB) {
            level2 = p->more;
            p->more += MV_PAGE_SIZE;
        }
        map_blocks(p, level2, pa, next < end ? next : end, DESC_DATA);
        root_put(p, pa, level2 | DESC_TABLE);
    }
    entry_put(p, table_at(p, TABLE_RAM), p->l->kernel.base / MV_BLOCK_SIZE, table_at(p, TABLE_KERNEL) | DESC_TABLE);
}

/* A device of the kernel's: those outside RAM's GiBs must all lie in one. */
static void map_device(struct paging *p, const char *name, uint64_t base, uint64_t size)
{
    uint64_t level2;

    if (base == 0)
        return;
    if (base >> MV_KERNEL_BITS)
        diag_fatal("the board's %s lies at 0x%llx; expected it below 0x%llx, what the kernel reaches; use another board", name,
                   (unsigned long long)base, 1ULL << MV_KERNEL_BITS);
    if (root_get(p, base) == 0 && !p->devices_mapped) {
        root_put(p, base, table_at(p, TABLE_DEVICES) | DESC_TABLE);
        p->devices_mapped = true;
    }
    level2 = root_get(p, base) & DESC_ADDRESS;
    if (level2 == 0 || base / GIB != (base + size - 1) / GIB)
        diag_fatal("the board's %s lies at 0x%llx, too far from other devices; expected all that the kernel uses in one GiB; use another board",
                   name, (unsigned long long)base);
    map_blocks(p, level2, base & ~(MV_BLOCK_SIZE - UINT64_C(1)), base + size, DESC_DEVICE);
}

uint64_t paging_pages(const struct system *s)
{
    return (s->board.ram.base + s->board.ram.size - 1) / GIB - s->board.ram.base / GIB;
}

void paging_make(struct layout *l, const struct system *s)
{
    struct mv_kernel_start start;
    struct paging p = { l, s, 0, 0, l->paging_base, false };
    const struct board *b = &s->board;

    memcpy(&start, l->image.at + l->kernel.start, sizeof start);
    p.root = start.ttbr;
    p.tables = start.tables;
    start.systab = l->systab_base;
    start.tcr |= (uint64_t)mv_pa_range(mv_physical_bits(layout_header(l))) << TCR_PS_SHIFT;
    memcpy(l->image.at + l->kernel.start, &start, sizeof start);
    map_kernel(&p);
    map_ram(&p);
    map_device(&p, "distributor", b->gic_distributor, DEVICE_BYTES);
    map_device(&p, "CPU interface", b->gic_cpu_interface, DEVICE_BYTES);
    map_device(&p, "redistributors", b->gic_redistributors, b->gic_redistributors_size);
    map_device(&p, "hypervisor interface", b->gic_hypervisor, DEVICE_BYTES);
    map_device(&p, "SMMU", b->smmu_registers, SMMU_BYTES);
    map_device(&p, "UART", b->uart, MV_PAGE_SIZE);
}
