/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own address space: EL2 stage 1, everything mapped where it is.
 * The 2 MiB with the kernel's image page by page, text read-only, the rest
 * never executable, the pages of these tables not at all (they guard the
 * stacks); other RAM and the devices of the kernel by 2 MiB blocks.
 */
#include "init.h"
#include <mv/systab.h>

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

#define GIB           (UINT64_C(1) << 30)

extern const char __text_start[], __text_end[], __rodata_end[], __image_end[];

/* What mmu_enable in start.S loads, on every core. */
struct {
    uint64_t mair, tcr, ttbr, sctlr;
} mmu_registers;

struct cpu_pages cpu_pages[MV_CORES_MAX] __attribute__((aligned(4096), section(".bss.cpu_pages")));

static uint64_t *table(int which) { return cpu_pages[which].table; }

static void map_blocks(uint64_t *level2, uint64_t from, uint64_t to, uint64_t attributes)
{
    for (uint64_t pa = from; pa < to; pa += MV_BLOCK_SIZE)
        level2[pa / MV_BLOCK_SIZE % PAGE_TABLE_WORDS] = pa | attributes | DESC_VALID;
}

static void map_kernel(uint64_t *level3)
{
    uint64_t first = (uint64_t)__text_start & ~(uint64_t)(MV_BLOCK_SIZE - 1);

    for (uint64_t pa = first; pa < first + MV_BLOCK_SIZE; pa += MV_PAGE_SIZE) {
        uint64_t attributes = DESC_DATA;

        if (pa >= (uint64_t)__text_start && pa < (uint64_t)__text_end)
            attributes = DESC_NORMAL | DESC_READONLY;
        else if (pa >= (uint64_t)__text_end && pa < (uint64_t)__rodata_end)
            attributes = DESC_DATA | DESC_READONLY;
        level3[pa / MV_PAGE_SIZE % PAGE_TABLE_WORDS] = pa | attributes | DESC_TABLE;
    }
    for (int i = 0; i < MV_CORES_MAX; i++)
        level3[(uint64_t)table(i) / MV_PAGE_SIZE % PAGE_TABLE_WORDS] = 0;
}

/* A device of the kernel's: they must all lie in one GiB. */
static void map_device(uint64_t base, uint64_t size)
{
    uint64_t gib = base / GIB;

    if (base == 0)
        return;
    if (table(TABLE_ROOT)[gib] == 0)
        table(TABLE_ROOT)[gib] = (uint64_t)table(TABLE_DEVICES) | DESC_TABLE;
    CHECK((table(TABLE_ROOT)[gib] & ~UINT64_C(0xfff)) == (uint64_t)table(TABLE_DEVICES));
    map_blocks(table(TABLE_DEVICES), base & ~(uint64_t)(MV_BLOCK_SIZE - 1), base + size,
               DESC_DEVICE);
}

/* RAM, with a level-2 table per GiB: the first from cpu_pages, where the
 * kernel is, the others behind the objects. */
static void map_ram(const struct mv_systab *t)
{
    uint64_t *more;
    uint64_t end = t->ram_base + t->ram_size;

    more = (uint64_t *)((uint64_t)t + t->objects[MV_AREA_KERNEL_TABLES]);
    for (uint64_t pa = t->ram_base; pa < end; pa = (pa / GIB + 1) * GIB) {
        uint64_t *level2 = table(TABLE_RAM);

        if (pa / GIB != (uint64_t)__text_start / GIB) {
            level2 = more;
            for (int i = 0; i < PAGE_TABLE_WORDS; i++)
                level2[i] = 0;
            more += PAGE_TABLE_WORDS;
        }
        map_blocks(level2, pa, min_u64(end, (pa / GIB + 1) * GIB), DESC_DATA);
        table(TABLE_ROOT)[pa / GIB] = (uint64_t)level2 | DESC_TABLE;
    }
    table(TABLE_RAM)[(uint64_t)__text_start / MV_BLOCK_SIZE % PAGE_TABLE_WORDS] =
        (uint64_t)table(TABLE_KERNEL) | DESC_TABLE;
}

void mmu_build(const struct mv_systab *t)
{
    /* A PA size above 48 bits needs features we do not use; 39 bits are mapped. */
    uint64_t pa_range = read_id_aa64mmfr0_el1() & 0xf;

    map_kernel(table(TABLE_KERNEL));
    map_ram(t);
    map_device(t->gic_distributor, 0x10000);
    map_device(t->gic_cpu_interface, 0x10000);
    map_device(t->gic_redistributors, t->gic_redistributors_size);
    map_device(t->gic_hypervisor, 0x10000);
    map_device(t->uart, MV_PAGE_SIZE);
    mmu_registers.mair = 0x00ff;                /* 0: Normal write-back, 1: Device-nGnRnE */
    mmu_registers.tcr = UINT64_C(1) << 31 | 1u << 23 /* RES1 */
                        | min_u64(pa_range, 5) << 16 /* PS */
                        | 3u << 12 | 1u << 10 | 1u << 8 /* walks: Inner Shareable, write-back */
                        | 25;                        /* T0SZ: 39 bits */
    mmu_registers.ttbr = (uint64_t)table(TABLE_ROOT);
    mmu_registers.sctlr = UINT64_C(0x30c50830)       /* RES1 */
                          | 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 /* M A C SA */
                          | 1u << 12 | 1u << 19;                  /* I WXN */
}
