/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps patterns in all registers that a guest has, gives the processor away
 * again and again, and looks whether they are still there. "turns" is how often,
 * "seed" makes them differ from another machine's.
 */
#include "gic.h"

#include <mv/abi.h>

#define TIMER        MV_GUEST_PPI_VTIMER
#define WAIT_EACH    16u           /* of so many turns one waits for the timer, the others yield */
#define NEW_EACH     64u           /* after so many there are new patterns */
#define MEMORY_WORDS (256u * 1024)

uint64_t pattern_wait(uint64_t seed);
void pattern_fp_set(uint64_t seed);
uint64_t pattern_fp_check(uint64_t seed);

/* Each with the bits that can be written. What an exception writes is here too:
 * IRQs are masked, and there are no others. */
#define REGISTERS(X) \
    X(sp_el0, ~UINT64_C(0)) X(tpidr_el0, ~UINT64_C(0)) X(tpidrro_el0, ~UINT64_C(0)) \
    X(tpidr_el1, ~UINT64_C(0xffffffff)) X(ttbr1_el1, UINT64_C(0xffff00fffffff000)) \
    X(contextidr_el1, 0xffffffff) X(far_el1, ~UINT64_C(0)) X(esr_el1, 0xfe000000) \
    X(elr_el1, ~UINT64_C(0)) X(spsr_el1, 0xf00003c5) X(par_el1, 0xfffff000) \
    X(afsr0_el1, 0xffffffff) X(afsr1_el1, 0xffffffff) X(amair_el1, ~UINT64_C(0)) \
    X(mair_el1, UINT64_C(0x4444444444440000)) X(cntkctl_el1, 0x0000000f) X(csselr_el1, 0x00000001)

enum {
#define NAME(r, m) AT_##r,
    REGISTERS(NAME)
#undef NAME
    REGISTER_COUNT
};
static const char *const name[] = {
#define NAME(r, m) #r,
    REGISTERS(NAME)
#undef NAME
};
static uint64_t mask[REGISTER_COUNT], kept[REGISTER_COUNT], value[REGISTER_COUNT];
static uint64_t memory[MEMORY_WORDS];

static void set_patterns(uint64_t *seed)
{
#define SET(r, m) \
    value[AT_##r] = kept[AT_##r] ^ (random_next(seed) & mask[AT_##r]); \
    WRITE_REGISTER(r, value[AT_##r]);
    REGISTERS(SET)
#undef SET
    isb();
}

static void check_patterns(void)
{
    uint64_t now;

#define CHECK(r, m) \
    now = READ_REGISTER(r); \
    if (((now ^ value[AT_##r]) & mask[AT_##r]) != 0) \
        test_fail(__LINE__, "%s is 0x%lx, expected 0x%lx", name[AT_##r], now, value[AT_##r]);
    REGISTERS(CHECK)
#undef CHECK
}

/* Some of these registers have bits, or all, that a processor does not have. */
static void find_masks(void)
{
#define FIND(r, m) \
    kept[AT_##r] = READ_REGISTER(r) & ~(uint64_t)(m); \
    WRITE_REGISTER(r, kept[AT_##r] | (uint64_t)(m)); \
    isb(); \
    mask[AT_##r] = READ_REGISTER(r); \
    WRITE_REGISTER(r, kept[AT_##r]); \
    isb(); \
    mask[AT_##r] = (mask[AT_##r] ^ READ_REGISTER(r)) & (uint64_t)(m);
    REGISTERS(FIND)
#undef FIND
}

static void yield(void)
{
    __asm__ volatile("hvc %0"
                     : : "i"(MV_CALL_yield)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",
                       "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory");
}

/* Wait until the timer says so; it has no handler. */
static void wait(uint64_t seed)
{
    uint64_t compare = now_ticks() + ticks_of_us(20);

    WRITE_REGISTER(cntv_cval_el0, compare);
    WRITE_REGISTER(cntv_ctl_el0, 1);
    isb();
    while ((READ_REGISTER(cntv_ctl_el0) & 4) == 0) {
        if (pattern_wait(seed) != 0)
            test_fail(__LINE__, "a general register has changed");
    }
    if (READ_REGISTER(cntv_cval_el0) != compare)
        test_fail(__LINE__, "the timer's time has changed");
    WRITE_REGISTER(cntv_ctl_el0, 0);
    isb();
    uint32_t iar = gic_ack();
    if (GIC_ID(iar) < 1020)
        gic_eoi(iar);
}

static void check_memory(uint64_t seed)
{
    uint64_t state = seed;

    for (uint32_t i = 0; i < MEMORY_WORDS; i++)
        if (memory[i] != random_next(&state)) {
            test_fail(__LINE__, "word %u of the memory has changed", i);
            return;
        }
}

void guest_main(void)
{
    uint64_t seed = guest_option("seed", 1), turns = guest_option("turns", 1000), fp = 0;
    uint64_t first = seed;

    gic_init();
    gic_set_priority(TIMER, 0x80);
    gic_enable(TIMER);
    for (uint64_t i = 0, state = first; i < MEMORY_WORDS; i++)
        memory[i] = random_next(&state);
    find_masks();
    test("switch: registers are kept");
    if (mask[AT_tpidr_el0] != ~UINT64_C(0) || mask[AT_elr_el1] == 0 || mask[AT_contextidr_el1] == 0)
        test_fail(__LINE__, "a register cannot be written");
    for (uint64_t turn = 0; turn < turns; turn++) {
        if (turn % NEW_EACH == 0) {
            set_patterns(&seed);
            fp = random_next(&seed);
            pattern_fp_set(fp);
        }
        if (turn % WAIT_EACH == 0)
            wait(fp);
        else
            yield();
        check_patterns();
        if (pattern_fp_check(fp) != 0)
            test_fail(__LINE__, "an FP register has changed");
    }
    test("switch: memory is kept");
    check_memory(first);
}
