/* SPDX-License-Identifier: BSD-2-Clause */
#include "cap.h"

/* The type of object that a right is for, by its bit. */
static const uint8_t right_type[] = {
#define RIGHT(bit, name, type, text) [bit] = MV_TYPE_##type,
#include <mv/rights.def>
#undef RIGHT
};

mv_status_t cap_refusal(const struct cap *c, uint32_t right)
{
    if (c->rights == 0)
        return MV_BAD_CAP;
    return right_type[__builtin_ctz(c->rights)] == right_type[__builtin_ctz(right)] ? MV_NO_RIGHT : MV_BAD_CAP;
}

mv_status_t cap_lookup(const struct vcpu *self, uint64_t index, uint32_t right,
                       const struct cap **out)
{
    const struct cap *c = cap_at(self, index);

    *out = c;
    return likely((c->rights & right) != 0) ? MV_OK : cap_refusal(c, right);
}
