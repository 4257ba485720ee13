/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock of one device among the VMM's vCPUs. Each of them runs on a core of
 * its own, so whoever waits does not keep the holder from going on. It is held
 * for a short, bounded time. Order: a GIC, PL011, PL031 or virtio device's,
 * then the console's.
 */
#pragma once

#include <stdint.h>

#include "machine.h"

struct lock {
    uint32_t taken;
};

static inline void lock_take(struct lock *l)
{
    /* What the last holder wrote is seen: pairs with lock_release(). */
    while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE) != 0)
        while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED) != 0)
            machine_relax();
}

static inline void lock_release(struct lock *l)
{
    __atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}
