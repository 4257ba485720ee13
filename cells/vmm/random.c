/* SPDX-License-Identifier: BSD-2-Clause */
#include "random.h"

#include <stdbool.h>

#include <libmv/string.h>

#include "machine.h"
#include "vmm_config.h"

#define BLOCK_WORDS  16u
#define BLOCK_BYTES  64u
#define KEY_WORDS    8u
#define KEY_BYTES    32u

static uint32_t present[KEY_WORDS];     /* key */
static bool seeded;

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

static void quarter_round(uint32_t *s, unsigned a, unsigned b, unsigned c, unsigned d)
{
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

void random_block(uint32_t out[BLOCK_WORDS], const uint32_t key[KEY_WORDS], uint32_t counter,
                  const uint32_t nonce[3])
{
    uint32_t start[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

    memcpy(&start[4], key, KEY_BYTES);
    start[12] = counter;
    memcpy(&start[13], nonce, 3 * sizeof(uint32_t));
    memcpy(out, start, BLOCK_BYTES);
    for (unsigned i = 0; i < 10; i++) {
        quarter_round(out, 0, 4, 8, 12);
        quarter_round(out, 1, 5, 9, 13);
        quarter_round(out, 2, 6, 10, 14);
        quarter_round(out, 3, 7, 11, 15);
        quarter_round(out, 0, 5, 10, 15);
        quarter_round(out, 1, 6, 11, 12);
        quarter_round(out, 2, 7, 8, 13);
        quarter_round(out, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++)
        out[i] += start[i];
}

/* Replace the key by one that depends on it, on the time and on `more`. */
static void stir(const uint8_t more[KEY_BYTES])
{
    uint64_t now = machine_counter();
    uint32_t nonce[3] = { (uint32_t)now, (uint32_t)(now >> 32), 1 };
    uint32_t block[BLOCK_WORDS], mixed[KEY_WORDS];

    memcpy(mixed, more, KEY_BYTES);
    for (unsigned i = 0; i < KEY_WORDS; i++)
        mixed[i] ^= present[i];
    random_block(block, mixed, 0, nonce);
    memcpy(present, block, KEY_BYTES);
}

void random_bytes(uint8_t *bytes, uint32_t count)
{
    static const uint8_t nothing[KEY_BYTES];
    static const uint32_t nonce[3];
    uint32_t block[BLOCK_WORDS], part;

    if (!seeded) {
        stir(vmm_config.seed);
        stir(vmm_config.seed + KEY_BYTES);
        seeded = true;
    }
    stir(nothing);
    for (uint32_t done = 0, n = 1; done < count; done += part, n++) {
        part = count - done < BLOCK_BYTES ? count - done : BLOCK_BYTES;
        random_block(block, present, n, nonce);
        memcpy(bytes + done, block, part);
    }
    /* What made these bytes is forgotten. */
    random_block(block, present, 0, nonce);
    memcpy(present, block, KEY_BYTES);
}
