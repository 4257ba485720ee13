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
INLINE const struct cap *cap_at(const struct vcpu *self, uint64_t index)
{
    return &self->caps[arch_index(index, self->cap_count)];
}

/* Why a capability does not do where `right` is needed: it names an object of
 * another type (MV_BAD_CAP), or lacks the right (MV_NO_RIGHT). */
mv_status_t cap_refusal(const struct cap *c, uint32_t right);

/* MV_OK when the capability at `index`, *out, carries `right`. */
mv_status_t cap_lookup(const struct vcpu *self, uint64_t index, uint32_t right,
                       const struct cap **out);
