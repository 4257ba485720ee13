/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

#include "cell.h"

#define PAGE    UINT64_C(0x1000)
#define BLOCK   UINT64_C(0x200000)
#define FREE    UINT64_C(0x1400000)   /* nothing of the tool's is from here to 0x1d00000 */
#define CHOICE  UINT64_C(0x1e00000)
#if TEST_CORES > 1
#define TOP     (UINT64_C(1) << 39)
#else
#define TOP     (UINT64_C(1) << 25)
#endif
#define R       MV_MAP_READ
#define RW      (MV_MAP_READ | MV_MAP_WRITE)
#define RX      (MV_MAP_READ | MV_MAP_EXECUTE)

static struct guard_slot *guard;

static mv_status_t map(uint32_t segment, uint64_t at, uint64_t offset, uint64_t size, uint64_t rights)
{
    return mv_space_map(CAP_SPACE_MAIN, segment, at, offset, size, rights);
}
static mv_status_t unmap(uint64_t at, uint64_t size)
{
    return mv_space_unmap(CAP_SPACE_MAIN, at, size);
}
static mv_status_t protect(uint64_t at, uint64_t size, uint64_t rights)
{
    return mv_space_protect(CAP_SPACE_MAIN, at, size, rights);
}

static void expect_access(unsigned line, uint64_t at, enum mv_fault read, enum mv_fault write)
{
    uint64_t value = 0;
    enum mv_fault got = guard_read(guard, at, &value);

    if (got != read)
        test_fail(__FILE__, line, "reading 0x%lx gives fault %d, expected %d", at, got, read);
    if (got != MV_FAULT_NONE && guard->address != at)
        test_fail(__FILE__, line, "the fault of 0x%lx has address 0x%lx", at, guard->address);
    got = guard_write(guard, at, value);
    if (got != write)
        test_fail(__FILE__, line, "writing 0x%lx gives fault %d, expected %d", at, got, write);
    if (got != MV_FAULT_NONE && guard->address != at)
        test_fail(__FILE__, line, "the fault of 0x%lx has address 0x%lx", at, guard->address);
}
#define EXPECT_RW(at)     expect_access(__LINE__, at, MV_FAULT_NONE, MV_FAULT_NONE)
#define EXPECT_RO(at)     expect_access(__LINE__, at, MV_FAULT_NONE, MV_FAULT_WRITE)
#define EXPECT_NOTHING(at) expect_access(__LINE__, at, MV_FAULT_READ, MV_FAULT_WRITE)

static volatile uint64_t *at_address(uint64_t a) { return (volatile uint64_t *)a; }

/* ---- pages --------------------------------------------------------------------- */

static void pages(void)
{
    uint64_t value;

    test_start("memory: map, use, unmap pages");
    EXPECT_NOTHING(FREE);
    EXPECT_STATUS(map(CAP_PAGES, FREE, 0, 4 * PAGE, RW), MV_OK);
    for (uint64_t i = 0; i < 4 * PAGE; i += 8)
        *at_address(FREE + i) = i * 3;
    EXPECT_NOTHING(FREE + 4 * PAGE);
    EXPECT_NOTHING(FREE - 8);
    EXPECT_STATUS(unmap(FREE + PAGE, PAGE), MV_OK);
    EXPECT_RW(FREE);
    EXPECT_NOTHING(FREE + PAGE);
    EXPECT_NOTHING(FREE + 2 * PAGE - 8);
    EXPECT_RW(FREE + 2 * PAGE);
    EXPECT_STATUS(unmap(FREE, 4 * PAGE), MV_NOT_MAPPED);
    EXPECT_RW(FREE);                          /* a step that failed has changed nothing */
    EXPECT_STATUS(map(CAP_PAGES, FREE, 0, 4 * PAGE, RW), MV_EXISTS);
    EXPECT_NOTHING(FREE + PAGE);
    EXPECT_STATUS(map(CAP_PAGES, FREE + PAGE, PAGE, PAGE, RW), MV_OK);
    for (uint64_t i = 0; i < 4 * PAGE; i += 8) {
        if (*at_address(FREE + i) != i * 3) {
            test_fail(__FILE__, __LINE__, "offset 0x%lx is 0x%lx, expected 0x%lx", i,
                      *at_address(FREE + i), i * 3);
            break;
        }
    }
    EXPECT_STATUS(unmap(FREE, 4 * PAGE), MV_OK);
    for (uint64_t i = 0; i < 4; i++)
        EXPECT_NOTHING(FREE + i * PAGE);

    test_start("memory: two addresses of one page");
    EXPECT_STATUS(map(CAP_PAGES, FREE, PAGE, PAGE, RW), MV_OK);
    EXPECT_STATUS(map(CAP_PAGES, FREE + 8 * PAGE, PAGE, PAGE, R), MV_OK);
    for (uint64_t i = 0; i < 100; i++) {
        *(volatile uint64_t *)FREE = i;
        EXPECT_EQ(*(volatile uint64_t *)(FREE + 8 * PAGE), i);
    }
    EXPECT_RO(FREE + 8 * PAGE);
    EXPECT_STATUS(unmap(FREE, PAGE), MV_OK);
    EXPECT_STATUS(unmap(FREE + 8 * PAGE, PAGE), MV_OK);

    test_start("memory: protect");
    EXPECT_STATUS(map(CAP_PAGES, FREE, 0, 3 * PAGE, RW), MV_OK);
    EXPECT_STATUS(protect(FREE + PAGE, PAGE, R), MV_OK);
    EXPECT_RW(FREE);
    EXPECT_RO(FREE + PAGE);
    EXPECT_RW(FREE + 2 * PAGE);
    EXPECT_STATUS(protect(FREE + PAGE, PAGE, RW), MV_OK);
    EXPECT_RW(FREE + PAGE);
    EXPECT_STATUS(protect(FREE, PAGE, RX), MV_NO_RIGHT);
    EXPECT_RW(FREE);
    EXPECT_STATUS(protect(FREE, 4 * PAGE, R), MV_NOT_MAPPED);
    EXPECT_RW(FREE);
    EXPECT_STATUS(unmap(FREE, 3 * PAGE), MV_OK);
    EXPECT_STATUS(map(CAP_RO, FREE, 0, PAGE, R), MV_OK);
    EXPECT_STATUS(protect(FREE, PAGE, RW), MV_NO_RIGHT);
    EXPECT_RO(FREE);
    EXPECT_STATUS(unmap(FREE, PAGE), MV_OK);
    /* Mapped with less than the segment has: it may be given that later. */
    EXPECT_STATUS(map(CAP_PAGES, FREE, 0, PAGE, R), MV_OK);
    EXPECT_RO(FREE);
    EXPECT_STATUS(protect(FREE, PAGE, RW), MV_OK);
    EXPECT_RW(FREE);
    EXPECT_STATUS(unmap(FREE, PAGE), MV_OK);

    test_start("memory: the space's first and last page");
    EXPECT_STATUS(map(CAP_PAGES, TOP - PAGE, 0, PAGE, RW), MV_OK);
    EXPECT_RW(TOP - PAGE);
    EXPECT_RW(TOP - 8);
    EXPECT_EQ(guard_read(guard, TOP, &value), MV_FAULT_READ);
    EXPECT_EQ(guard_read(guard, UINT64_C(1) << 40, &value), MV_FAULT_READ);
    EXPECT_EQ(guard_read(guard, UINT64_MAX - 7, &value), MV_FAULT_READ);
    EXPECT_STATUS(unmap(TOP - PAGE, PAGE), MV_OK);
    EXPECT_STATUS(map(CAP_PAGES, 0, 0, PAGE, RW), MV_OK);
    EXPECT_RW(0);
    EXPECT_STATUS(unmap(0, PAGE), MV_OK);
    EXPECT_NOTHING(0);
}

/* ---- code ----------------------------------------------------------------------- */

static void write_code(uint64_t at, uint16_t result)
{
    volatile uint32_t *code = (uint32_t *)at;

    code[0] = 0xd2800000u | (uint32_t)result << 5;   /* mov x0, #result */
    code[1] = 0xd65f03c0u;                           /* ret */
    __asm__ volatile("dc cvau, %0\n\tdsb ish" : : "r"(at) : "memory");
}

static void code(void)
{
    uint64_t x0;

    test_start("memory: write or execute, never both");
    EXPECT_STATUS(map(CAP_CODE, FREE, 0, PAGE, RW | MV_MAP_EXECUTE), MV_BAD_ARG);
    for (uint16_t i = 1; i < 50; i++) {
        EXPECT_STATUS(i == 1 ? map(CAP_CODE, FREE, 0, PAGE, RW) : protect(FREE, PAGE, RW), MV_OK);
        write_code(FREE, i);
        x0 = 0;
        EXPECT_EQ(guard_execute(guard, FREE, &x0), MV_FAULT_EXECUTE);
        EXPECT_EQ(guard->address, FREE);
        EXPECT_EQ(guard->pc, FREE);
        EXPECT_STATUS(protect(FREE, PAGE, RX), MV_OK);
        EXPECT_EQ(guard_execute(guard, FREE, &x0), MV_FAULT_NONE);
        EXPECT_EQ(x0, i);
        EXPECT_RO(FREE);
    }
    EXPECT_STATUS(protect(FREE, PAGE, RW | MV_MAP_EXECUTE), MV_BAD_ARG);
    EXPECT_STATUS(unmap(FREE, PAGE), MV_OK);
    EXPECT_EQ(guard_execute(guard, FREE, &x0), MV_FAULT_EXECUTE);

    test_start("memory: code written at one address, executed at another");
    EXPECT_STATUS(map(CAP_CODE, FREE, 0, PAGE, RW), MV_OK);
    write_code(FREE, 777);
    EXPECT_STATUS(map(CAP_CODE, FREE + PAGE, 0, PAGE, RX), MV_OK);
    x0 = 0;
    EXPECT_EQ(guard_execute(guard, FREE + PAGE, &x0), MV_FAULT_NONE);
    EXPECT_EQ(x0, 777);
    EXPECT_STATUS(unmap(FREE, 2 * PAGE), MV_OK);
}

/* ---- blocks, and the pool ---------------------------------------------------------- */

static void expect_pattern(uint64_t at, uint64_t offset, uint64_t size)
{
    for (uint64_t i = 0; i < size; i += PAGE) {
        uint64_t value = 0;
        enum mv_fault fault = guard_read(guard, at + i, &value);

        if (fault != MV_FAULT_NONE || value != offset + i + 1) {
            test_fail(__FILE__, __LINE__, "0x%lx holds 0x%lx (fault %d), expected 0x%lx", at + i,
                      value, fault, offset + i + 1);
            return;
        }
    }
}

static void blocks(void)
{
    const uint64_t base = UINT64_C(0x800000);
    uint64_t value;

    test_start("memory: blocks of 2 MiB, whole and in parts");
    EXPECT_STATUS(map(CAP_LARGE, base, 0, 3 * BLOCK, RW), MV_OK);
    for (uint64_t i = 0; i < 3 * BLOCK; i += PAGE)
        *at_address(base + i) = i + 1;
    expect_pattern(base, 0, 3 * BLOCK);
    EXPECT_STATUS(unmap(base + BLOCK + 5 * PAGE, PAGE), MV_OK);   /* splits the middle one */
    EXPECT_NOTHING(base + BLOCK + 5 * PAGE);
    expect_pattern(base, 0, BLOCK + 5 * PAGE);
    expect_pattern(base + BLOCK + 6 * PAGE, BLOCK + 6 * PAGE, 2 * BLOCK - 6 * PAGE);
    EXPECT_STATUS(protect(base + 2 * BLOCK - PAGE, 2 * PAGE, R), MV_OK);  /* across a border */
    EXPECT_RO(base + 2 * BLOCK - PAGE);
    EXPECT_RO(base + 2 * BLOCK);
    EXPECT_RW(base + 2 * BLOCK + PAGE);
    EXPECT_RW(base + 2 * BLOCK - 2 * PAGE);
    EXPECT_STATUS(map(CAP_LARGE, base + BLOCK + 5 * PAGE, BLOCK + 5 * PAGE, PAGE, RW), MV_OK);
    expect_pattern(base, 0, 3 * BLOCK);
    EXPECT_STATUS(unmap(base, 3 * BLOCK), MV_OK);
    for (uint64_t i = 0; i < 3 * BLOCK; i += 64 * PAGE)
        EXPECT_EQ(guard_read(guard, base + i, &value), MV_FAULT_READ);
    EXPECT_STATUS(map(CAP_LARGE, base, 0, 3 * BLOCK, R), MV_OK);
    expect_pattern(base, 0, 3 * BLOCK);
    EXPECT_STATUS(unmap(base, BLOCK), MV_OK);
    expect_pattern(base + BLOCK, BLOCK, 2 * BLOCK);
    EXPECT_STATUS(unmap(base + BLOCK, 2 * BLOCK), MV_OK);

    test_start("memory: a block's segment at an address that fits no block");
    EXPECT_STATUS(map(CAP_LARGE, base + PAGE, 0, BLOCK, RW), MV_OK);
    expect_pattern(base + PAGE, 0, BLOCK);
    EXPECT_STATUS(unmap(base + PAGE, BLOCK), MV_OK);
    EXPECT_STATUS(map(CAP_LARGE, base, PAGE, BLOCK, RW), MV_OK);
    expect_pattern(base, PAGE, BLOCK);
    EXPECT_STATUS(unmap(base, BLOCK), MV_OK);
}

/*
 * A window of 2 MiB that holds pages keeps its table when they are unmapped,
 * until a block takes its place. What the tests before this one have touched
 * leaves SPARE_TABLES in the pool.
 */
#define SPARE_TABLES 2

static const uint64_t window[] = { 0x400000, 0x600000, 0xe00000, 0x1000000, 0x1200000 };

/* How many of them can be mapped, from the first on. */
static unsigned windows(void)
{
    unsigned n = 0;

    while (n < 5 && map(CAP_PAGES, window[n], 0, PAGE, R) == MV_OK)
        n++;
    return n;
}

static void pool(void)
{
    const uint64_t base = UINT64_C(0x800000);

    test_start("memory: the pool ends");
    EXPECT_EQ(windows(), SPARE_TABLES);
    EXPECT_STATUS(map(CAP_PAGES, window[SPARE_TABLES], 0, PAGE, R), MV_NO_MEMORY);
    EXPECT_NOTHING(window[SPARE_TABLES]);
    for (int i = 0; i < 3; i++) {
        for (unsigned k = 0; k < SPARE_TABLES; k++)
            EXPECT_STATUS(unmap(window[k], PAGE), MV_OK);
        EXPECT_EQ(windows(), SPARE_TABLES);
    }
    for (unsigned k = 0; k < SPARE_TABLES; k++)
        EXPECT_RO(window[k]);

    test_start("memory: a block gives back the table in its place");
    EXPECT_STATUS(map(CAP_LARGE, base, 0, BLOCK, RW), MV_OK);
    EXPECT_STATUS(map(CAP_PAGES, window[SPARE_TABLES], 0, PAGE, R), MV_OK);
    EXPECT_STATUS(map(CAP_PAGES, window[SPARE_TABLES + 1], 0, PAGE, R), MV_NO_MEMORY);

    test_start("memory: splitting a block needs a table of the pool");
    EXPECT_STATUS(unmap(base + PAGE, PAGE), MV_NO_MEMORY);
    EXPECT_STATUS(protect(base + PAGE, PAGE, R), MV_NO_MEMORY);
    expect_pattern(base, 0, BLOCK);
    EXPECT_RW(base + PAGE);
    EXPECT_STATUS(protect(base, BLOCK, R), MV_OK);
    EXPECT_RO(base + PAGE);
    EXPECT_STATUS(unmap(base, BLOCK), MV_OK);
    EXPECT_NOTHING(base + PAGE);
}

/* ---- long calls and interrupts ------------------------------------------------------ */

static void long_ranges(void)
{
    const uint64_t base = UINT64_C(0x800000) + PAGE, size = 2 * BLOCK;
    uint64_t done;

    test_start("memory: long calls say how far they came");
    EXPECT_STATUS(mv_timer_set(CAP_TICK, test_now(), 20 * MV_US), MV_OK);
    for (int round = 0; round < 8; round++) {
        EXPECT_STATUS(test_plain(MV_CALL_space_map, CAP_SPACE_MAIN, CAP_LARGE, base, 0, size, RW,
                                 &done), MV_OK);
        EXPECT_EQ(done, size);
        expect_pattern(base, 0, size);
        EXPECT_STATUS(test_plain(MV_CALL_space_protect, CAP_SPACE_MAIN, base, size, R, 0, 0,
                                 &done), MV_OK);
        EXPECT_EQ(done, size);
        EXPECT_RO(base + size - PAGE);
        EXPECT_STATUS(test_plain(MV_CALL_space_unmap, CAP_SPACE_MAIN, base, size, 0, 0, 0, &done),
                      MV_OK);
        EXPECT_EQ(done, size);
        EXPECT_NOTHING(base);
        EXPECT_NOTHING(base + size - PAGE);
    }
    /* One page in the way: what lies before it is mapped, and counted. */
    EXPECT_STATUS(map(CAP_PAGES, base + 300 * PAGE, 0, PAGE, R), MV_OK);
    EXPECT_STATUS(test_plain(MV_CALL_space_map, CAP_SPACE_MAIN, CAP_LARGE, base, 0, size, RW,
                             &done), MV_EXISTS);
    EXPECT_RANGE(done, 200 * PAGE, 300 * PAGE);
    if (done != 0)
        EXPECT_RW(base + done - PAGE);
    EXPECT_NOTHING(base + done);
    EXPECT_STATUS(unmap(base, done), MV_OK);
    EXPECT_STATUS(unmap(base + 300 * PAGE, PAGE), MV_OK);
    EXPECT_STATUS(mv_timer_set(CAP_TICK, 0, 0), MV_OK);
}

/* ---- another vCPU of the cell ----------------------------------------------------------- */

/* vCPU 1 reads or writes a word as often as asked, and says what happened. */
static struct {
    volatile uint64_t order;      /* number of the order, changed last */
    volatile uint64_t done;       /* the last one that was carried out */
    volatile uint64_t address, write;
    volatile uint64_t fault, value;
} other;

/* On another core it has one of its own, but QEMU's threads share the host's. */
static void let_the_other_run(void)
{
    if (CORE_COUNT == 1)
        (void)mv_yield();
    else
        mv_sleep(10 * MV_US);
}

void mv_main(unsigned vcpu)
{
    struct guard_slot *g = GUARD_SLOT(CELL_INDEX, vcpu);

    for (;;) {
        while (__atomic_load_n(&other.order, __ATOMIC_ACQUIRE) == other.done)
            let_the_other_run();
        uint64_t value = 0;

        other.fault = other.write ? guard_write(g, other.address, 1) :
                      guard_read(g, other.address, &value);
        other.value = value;
        __atomic_store_n(&other.done, other.order, __ATOMIC_RELEASE);
    }
}

static enum mv_fault elsewhere(uint64_t address, bool write)
{
    other.address = address;
    other.write = write;
    __atomic_store_n(&other.order, other.order + 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&other.done, __ATOMIC_ACQUIRE) != other.order)
        let_the_other_run();
    return (enum mv_fault)other.fault;
}

static void two_vcpus(void)
{
    test_start("memory: the other vCPU sees every change at once");
    EXPECT_STATUS(map(CAP_PAGES, FREE + 8 * PAGE, 0, 2 * PAGE, RW), MV_OK);
    *at_address(FREE + 8 * PAGE) = 100;
    *at_address(FREE + 9 * PAGE) = 200;
    for (int i = 0; i < 100; i++) {
        uint64_t page = (uint64_t)i % 2;

        EXPECT_STATUS(map(CAP_PAGES, FREE, page * PAGE, PAGE, RW), MV_OK);
        EXPECT_EQ(elsewhere(FREE, false), MV_FAULT_NONE);
        EXPECT_EQ(other.value, 100 + 100 * page);
        EXPECT_STATUS(protect(FREE, PAGE, R), MV_OK);
        EXPECT_EQ(elsewhere(FREE + 8, true), MV_FAULT_WRITE);
        EXPECT_EQ(elsewhere(FREE, false), MV_FAULT_NONE);
        EXPECT_STATUS(protect(FREE, PAGE, RW), MV_OK);
        EXPECT_EQ(elsewhere(FREE + 8, true), MV_FAULT_NONE);
        EXPECT_STATUS(unmap(FREE, PAGE), MV_OK);
        EXPECT_EQ(elsewhere(FREE, false), MV_FAULT_READ);
        EXPECT_EQ(elsewhere(FREE, true), MV_FAULT_WRITE);
    }
    EXPECT_STATUS(unmap(FREE + 8 * PAGE, 2 * PAGE), MV_OK);

    test_start("memory: the other vCPU uses a block while it is split");
    for (int i = 0; i < 20; i++) {
        EXPECT_STATUS(map(CAP_LARGE, UINT64_C(0x800000), 0, BLOCK, RW), MV_OK);
        EXPECT_EQ(elsewhere(UINT64_C(0x800000), false), MV_FAULT_NONE);
        /* It reads beside the page that goes, meanwhile. */
        other.address = UINT64_C(0x800000) + 7 * PAGE;
        other.write = false;
        __atomic_store_n(&other.order, other.order + 1, __ATOMIC_RELEASE);
        EXPECT_STATUS(unmap(UINT64_C(0x800000) + 8 * PAGE, PAGE), MV_OK);
        while (__atomic_load_n(&other.done, __ATOMIC_ACQUIRE) != other.order)
            let_the_other_run();
        EXPECT_EQ(other.fault, MV_FAULT_NONE);
        EXPECT_EQ(other.value, 7 * PAGE + 1);
        EXPECT_EQ(elsewhere(UINT64_C(0x800000) + 8 * PAGE, false), MV_FAULT_READ);
        EXPECT_STATUS(unmap(UINT64_C(0x800000), 8 * PAGE), MV_OK);
        EXPECT_STATUS(unmap(UINT64_C(0x800000) + 9 * PAGE, BLOCK - 9 * PAGE), MV_OK);
    }
}

/* ---- spaces -------------------------------------------------------------------------- */

static void enter_at(uint32_t space, uint64_t *went)
{
    __asm__ volatile("mov x1, %1\n\t"
                     "adr x2, 1f\n\t"
                     "svc %2\n\t"
                     "mov x9, #1\n\t"
                     "str x9, [%0]\n"       /* skipped: goes on below */
                     "1:"
                     : : "r"(went), "r"((uint64_t)space), "i"(MV_CALL_space_enter)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                       "x12", "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory");
}

static void spaces(void)
{
    uint64_t went = 0, value = 0;

    test_start("memory: two spaces of a cell");
    EXPECT_STATUS(map(CAP_ONE, FREE, 0, PAGE, RW), MV_OK);
    *at_address(FREE) = 1111;
    EXPECT_EQ(*at_address(CHOICE), 1111);
    EXPECT_RO(CHOICE);
    EXPECT_STATUS(mv_space_enter(CAP_SPACE_ALT, 0), MV_OK);
    /* The guard's log lies where the tool put it in this space. */
    guard = &((struct guard_slot *)UINT64_C(0x1d00000))[CELL_INDEX * GUARD_VCPUS];
    EXPECT_EQ(guard_read(guard, CHOICE, &value), MV_FAULT_NONE);
    EXPECT_EQ(value, 0);
    EXPECT_RW(CHOICE);
    *at_address(CHOICE) = 2222;
    EXPECT_NOTHING(FREE);                    /* that was in the other space */
    EXPECT_STATUS(mv_space_enter(CAP_SPACE_ALT, 1), MV_BAD_ARG);
    EXPECT_STATUS(mv_space_enter(CAP_SPACE_ALT, UINT64_C(0x10002)), MV_BAD_ARG);
    enter_at(CAP_SPACE_MAIN, &went);
    guard = GUARD_SLOT(CELL_INDEX, 0);
    EXPECT_EQ(went, 0);
    EXPECT_EQ(*at_address(CHOICE), 1111);
    for (int i = 0; i < 100; i++) {
        EXPECT_STATUS(mv_space_enter(i % 2 == 0 ? CAP_SPACE_ALT : CAP_SPACE_MAIN, 0), MV_OK);
        EXPECT_EQ(*(volatile uint64_t *)CHOICE, i % 2 == 0 ? 2222 : 1111);
    }
    /* Mapping in the space that one is not in. */
    EXPECT_STATUS(mv_space_map(CAP_SPACE_ALT, CAP_PAGES, FREE, 0, PAGE, RW), MV_OK);
    EXPECT_STATUS(unmap(FREE, PAGE), MV_OK);
    EXPECT_NOTHING(FREE);
    EXPECT_STATUS(mv_space_enter(CAP_SPACE_ALT, 0), MV_OK);
    *at_address(FREE) = 5;
    EXPECT_STATUS(mv_space_enter(CAP_SPACE_MAIN, 0), MV_OK);
    EXPECT_STATUS(mv_space_unmap(CAP_SPACE_ALT, FREE, PAGE), MV_OK);
}

int main(void)
{
    guard = GUARD_SLOT(CELL_INDEX, 0);
    pages();
    code();
    blocks();
    long_ranges();
    two_vcpus();
    spaces();
    pool();
    test_finish();
}
