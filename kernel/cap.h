/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capabilities: one flat table per cell, made at boot, never changed. Index 0
 * is always empty, so that any bad index can be turned into it.
 */
#pragma once

#include "base.h"
#include "vcpu.h"

struct cap {
    void     *object;
    uint32_t  rights;    /* enum mv_right */
    uint32_t  badge;
};
static_assert(sizeof(struct cap) == 16, "the fast path indexes by shifting");

/* The capability at an index of the cell's table; the empty one if out of range. */
static inline const struct cap *cap_at(const struct vcpu *self, uint64_t index)
{
    return &self->caps[arch_index(index, self->cap_count)];
}

/* Why a capability does not do: it names another type, or lacks the right. */
mv_status_t cap_refusal(const struct cap *c, enum mv_type type);

/* MV_OK and the capability when `index` carries `right`, a right of `type`. */
mv_status_t cap_lookup(const struct vcpu *self, uint64_t index, enum mv_type type, uint32_t right,
                       const struct cap **out);
