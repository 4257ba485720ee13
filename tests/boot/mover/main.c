/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way out of the UEFI part (boot/efi/start.S) alone, on the bare machine at
 * EL2: moves of every kind, also between places that overlap, must arrive whole
 * and be entered as the arm64 boot protocol wants it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE    UINT64_C(4096)
#define ARENA   UINT64_C(0x50000000)    /* far behind this program */
#define TREE    UINT64_C(0x48000000)    /* only a number here */

extern const uint32_t mover_start[], mover_end[];

/* What the system finds when it is entered; start.S writes it. */
struct entry {
    uint64_t x[4], sctlr, daif;
};
extern struct entry entered;
/* Calls leave(); comes back when `resume` is branched to. */
void leave_and_return(uint64_t to, uint64_t from, uint64_t length, uint64_t end, uint64_t tree, uint64_t mover);
extern const char resume[];
void efi_main(void);
void test_main(void);
_Noreturn void finish(void);
void print(const char *text);

/* The UEFI part's own entry is not used here. */
void efi_main(void)
{
    finish();
}

static uint64_t pattern(uint64_t i)
{
    uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    return x ^ x >> 29;
}

/* First a jump to `resume`, then words that are all different. */
static void fill(volatile uint64_t *at, uint64_t words)
{
    at[0] = UINT64_C(0xd61f012058000049);           /* ldr x9, .+8; br x9 */
    at[1] = (uint64_t)resume;
    for (uint64_t i = 2; i < words; i++)
        at[i] = pattern(i);
}

static bool is_whole(const volatile uint64_t *at, uint64_t words)
{
    for (uint64_t i = 2; i < words; i++)
        if (at[i] != pattern(i))
            return false;
    return at[1] == (uint64_t)resume;
}

static bool is_entered_right(void)
{
    return entered.x[0] == TREE && entered.x[1] == 0 && entered.x[2] == 0 && entered.x[3] == 0
           && (entered.sctlr & 5) == 0 && entered.daif == 0x3c0;
}

void test_main(void)
{
    static const struct {
        const char *name;
        uint64_t    to, from, pages;
    } row[] = {
        { "to a lower place apart",            0,  64,  8 },
        { "to a higher place apart",          64,   0,  8 },
        { "one page, downwards",               0,   1,  1 },
        { "downwards over itself by a page",   0,   1, 16 },
        { "upwards over itself by a page",     1,   0, 16 },
        { "downwards over the half",           0,   8, 16 },
        { "upwards over the half",             8,   0, 16 },
        { "upwards, just beside",             16,   0, 16 },
        { "to where it is",                    4,   4, 16 },
    };
    volatile uint32_t *mover = (volatile uint32_t *)(ARENA - PAGE);

    for (size_t i = 0; &mover_start[i] < mover_end; i++)
        mover[i] = mover_start[i];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        uint64_t to = ARENA + row[i].to * PAGE, from = ARENA + row[i].from * PAGE, length = row[i].pages * PAGE;
        volatile uint64_t *behind = (volatile uint64_t *)(to + length);
        bool good;

        fill((volatile uint64_t *)from, length / 8);
        if (behind < (volatile uint64_t *)from || behind >= (volatile uint64_t *)(from + length))
            *behind = pattern(0);
        else
            behind = NULL;
        leave_and_return(to, from, length, to + length, TREE, ARENA - PAGE);
        good = is_whole((volatile uint64_t *)to, length / 8) && (!behind || *behind == pattern(0)) && is_entered_right();
        print(good ? "ok " : "FAIL ");
        print(row[i].name);
        print("\n");
    }
    print("end\n");
    finish();
}
