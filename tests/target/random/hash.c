/* SPDX-License-Identifier: BSD-2-Clause */
#include "hash.h"

#include "cell.h"

void hash_word(unsigned who, uint64_t value)
{
    uint64_t h = HASHES->hash[who] ^ value;

    h *= UINT64_C(0x9e3779b97f4a7c15);
    HASHES->hash[who] = h ^ h >> 29;
}

void hash_regs(unsigned who, const struct test_regs *r)
{
    for (int i = 0; i < 31; i++)
        hash_word(who, r->x[i]);
    hash_word(who, r->nzcv);
    HASHES->calls[who]++;
}

uint64_t hash_random(uint64_t *state)
{
    /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
