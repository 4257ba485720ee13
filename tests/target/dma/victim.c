/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that nobody may change: some of its own, and a table that it has
 * written for the driver and its device to read. Says whether all is as it was
 * when its console asks.
 */
#include <libmv/libmv.h>

#include "cell.h"

#define WORDS 2048u

static uint64_t own[WORDS] __attribute__((aligned(4096))) = { 1 };

static uint64_t word(uint64_t i) { return (i + 3) * UINT64_C(0x9e3779b97f4a7c15); }

int main(void)
{
    uint64_t *table = (uint64_t *)(uintptr_t)SEGMENT_TABLE_ADDRESS;

    for (uint64_t i = 0; i < WORDS; i++)
        own[i] = word(i);
    for (uint64_t i = 0; i < SEGMENT_TABLE_SIZE / 8; i++)
        table[i] = word(i);
    mv_print("ready\n");
    for (;;) {
        uint64_t wrong = 0;

        (void)mv_get_char();
        for (uint64_t i = 0; i < WORDS; i++)
            wrong += own[i] != word(i);
        for (uint64_t i = 0; i < SEGMENT_TABLE_SIZE / 8; i++)
            wrong += table[i] != word(i);
        mv_print("%lu words are wrong\n", wrong);
    }
}
