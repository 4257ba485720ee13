/* SPDX-License-Identifier: BSD-2-Clause */
#include "addresses.h"

#include <stddef.h>

/* The upper bits of the product depend on all bits of the address. */
static uint32_t hash(uint64_t mac, uint32_t places)
{
    return (uint32_t)(mac * UINT64_C(0x9e3779b97f4a7c15) >> 40) % places;
}

/* Where `mac` is, or the free place where it would be; NULL if there is none. */
static const struct address *fixed_place(const struct addresses *t, uint64_t mac)
{
    uint32_t at = hash(mac, ADDRESSES_FIXED);

    for (uint32_t n = 0; n < ADDRESSES_FIXED; n++, at = (at + 1) % ADDRESSES_FIXED)
        if (t->fixed[at].mac == mac || t->fixed[at].mac == 0)
            return &t->fixed[at];
    return NULL;
}

bool addresses_fix(struct addresses *t, uint64_t mac, uint32_t port)
{
    const struct address *place = fixed_place(t, mac);

    if (place == NULL || mac == 0 || (place->mac == mac && place->port != port))
        return false;
    t->fixed[place - t->fixed] = (struct address){ mac, port, 0 };
    return true;
}

static bool is_aged(const struct address *a, uint32_t now)
{
    return a->mac == 0 || now - a->seen > ADDRESSES_AGE_S;
}

static uint32_t count_of(const struct address *set, uint32_t port)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ADDRESSES_WAYS; i++)
        count += set[i].port == port;
    return count;
}

/* Whom a new address drives out, nobody of the set being aged. */
static struct address *victim(struct address *set, uint32_t now)
{
    struct address *worst = &set[0];

    for (uint32_t i = 1; i < ADDRESSES_WAYS; i++) {
        uint32_t mine = count_of(set, set[i].port), most = count_of(set, worst->port);

        if (mine > most || (mine == most && now - set[i].seen > now - worst->seen))
            worst = &set[i];
    }
    return worst;
}

bool addresses_learn(struct addresses *t, uint64_t mac, uint32_t port, uint32_t now)
{
    const struct address *fixed = fixed_place(t, mac);
    struct address *set = t->learnt[hash(mac, ADDRESSES_SETS)], *place = NULL;

    if (fixed != NULL && fixed->mac == mac)
        return fixed->port == port;
    for (uint32_t i = 0; i < ADDRESSES_WAYS; i++) {
        if (set[i].mac == mac) {
            place = &set[i];
            break;
        }
        if (place == NULL && is_aged(&set[i], now))
            place = &set[i];
    }
    if (place == NULL)
        place = victim(set, now);
    *place = (struct address){ mac, port, now };
    return true;
}

uint32_t addresses_find(const struct addresses *t, uint64_t mac, uint32_t now)
{
    const struct address *fixed = fixed_place(t, mac);
    const struct address *set = t->learnt[hash(mac, ADDRESSES_SETS)];

    if (fixed != NULL && fixed->mac == mac)
        return fixed->port;
    for (uint32_t i = 0; i < ADDRESSES_WAYS; i++)
        if (set[i].mac == mac && !is_aged(&set[i], now))
            return set[i].port;
    return ADDRESSES_NOWHERE;
}

void addresses_forget(struct addresses *t, uint32_t port)
{
    for (uint32_t i = 0; i < ADDRESSES_SETS; i++)
        for (uint32_t j = 0; j < ADDRESSES_WAYS; j++)
            if (t->learnt[i][j].port == port)
                t->learnt[i][j] = (struct address){ 0 };
}
