/* SPDX-License-Identifier: BSD-2-Clause */
#include "cap.h"

mv_status_t cap_refusal(const struct cap *c, enum mv_type type)
{
    /* Bits of one type are alone in a capability, so any of them tells it. */
    static const struct { uint16_t bit, type; } right[] = {
#define RIGHT(bit, name, object_type, text) { 1u << bit, MV_TYPE_##object_type },
#include <mv/rights.def>
#undef RIGHT
    };

    for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
        if (right[i].type == type && (c->rights & right[i].bit) != 0)
            return MV_NO_RIGHT;
    }
    return MV_BAD_CAP;
}

mv_status_t cap_lookup(const struct vcpu *self, uint64_t index, enum mv_type type, uint32_t right,
                       const struct cap **out)
{
    const struct cap *c = cap_at(self, index);

    *out = c;
    return likely((c->rights & right) != 0) ? MV_OK : cap_refusal(c, type);
}
