/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer's way in: its bytes are the decisions, first of wild cells or of
 * agents, until they are used up. All invariants are walked after each step.
 */
#include <stdio.h>

#include "agent.h"
#include "invariants.h"
#include "wild.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *bytes;
static size_t         left;

/* A number below n from as few bytes as hold it; 0 when none are left. */
static uint32_t choose_from_bytes(uint32_t n)
{
    uint64_t value = 0;

    for (uint64_t reach = 1; reach < n && left > 0; reach <<= 8, left--)
        value = value << 8 | *bytes++;
    return (uint32_t)(value % n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool wild;

    bytes = data;
    left = size;
    agents_choose = choose_from_bytes;
    snprintf(invariants_where, sizeof(invariants_where), "fuzz");
    wild = choose_from_bytes(2) != 0;
    agents_boot(1 + choose_from_bytes(3), choose_from_bytes(2) == 0);
    while (left > 0) {
        if (wild)
            wild_step();
        else
            agents_step();
    }
    return 0;
}
