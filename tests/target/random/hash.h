/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include "../lib/test.h"

/* Each cell hashes what it gets back, in a slot of its own. */
struct hashes {
    volatile uint64_t hash[8], calls[8];
};
#define HASHES ((struct hashes *)SEGMENT_HASHES_ADDRESS)

void hash_regs(unsigned who, const struct test_regs *r);
void hash_word(unsigned who, uint64_t value);
uint64_t hash_random(uint64_t *state);
