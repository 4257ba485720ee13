/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks that its variables are as they were built, then spoils them. */
#include <libmv/libmv.h>

#include "box.h"
#include "cell.h"

#define WORDS 0x18000               /* 768 KiB */
static uint64_t zeros[WORDS];
static uint64_t numbers[1024] = { [0] = 1, [1023] = 1024 };

int main(void)
{
    bool good = numbers[0] == 1 && numbers[1] == 0 && numbers[1023] == 1024;

    for (size_t i = 0; i < WORDS; i++) {
        good = good && zeros[i] == 0;
        zeros[i] = i + 1;
    }
    for (size_t i = 0; i < 1024; i++)
        numbers[i] = 7;
    __asm__ volatile("" : : "r"(zeros), "r"(numbers) : "memory");
    if (good)
        BOX->sleeper_ok++;
    else
        BOX->sleeper_bad++;
    BOX->sleeper_starts++;
    return 0;
}
