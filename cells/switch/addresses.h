/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which port an Ethernet address is behind. Two tables: addresses that the
 * description has given to a port, which never move, and a bounded number of
 * learnt ones, which are forgotten when nothing has come from them for a while.
 * An address is a number here: its first byte in bits 47-40.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ADDRESSES_FIXED   128u     /* places; at most half of them are used */
#define ADDRESSES_SETS    64u
#define ADDRESSES_WAYS    4u
#define ADDRESSES_AGE_S   300u
#define ADDRESSES_NOWHERE UINT32_MAX

struct address {
    uint64_t mac;                  /* 0: the place is free */
    uint32_t port;
    uint32_t seen;                 /* when, in seconds */
};

struct addresses {
    struct address fixed[ADDRESSES_FIXED];
    struct address learnt[ADDRESSES_SETS][ADDRESSES_WAYS];
};

/* Before any other; no more than half of ADDRESSES_FIXED. False: another port
 * has it, or there is no place. */
bool addresses_fix(struct addresses *t, uint64_t mac, uint32_t port);

/*
 * A frame has come from `mac` by `port`. False: the description says that this
 * address is another port's. In a full set a new address takes the place of an
 * aged one, else of the oldest of the port that has most there: whoever invents
 * addresses loses his own.
 */
bool addresses_learn(struct addresses *t, uint64_t mac, uint32_t port, uint32_t now);

/* The port to `mac`, or ADDRESSES_NOWHERE. */
uint32_t addresses_find(const struct addresses *t, uint64_t mac, uint32_t now);

/* What was learnt of a port. */
void addresses_forget(struct addresses *t, uint32_t port);
