/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random bytes: ChaCha20 (RFC 8439) whose key is replaced after each use, so
 * that what has been given out cannot be computed later. It begins with the seed
 * that the builder of the system chose, and each use adds the time. It is as
 * unknown as that seed is.
 */
#pragma once

#include <stdint.h>

/* A block of ChaCha20: 16 words from key, counter and nonce. */
void random_block(uint32_t out[16], const uint32_t key[8], uint32_t counter, const uint32_t nonce[3]);

/* The caller holds the lock of the device that gives them out. */
void random_bytes(uint8_t *bytes, uint32_t count);
