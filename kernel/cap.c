/* SPDX-License-Identifier: BSD-2-Clause */
#include "cap.h"

/* The rights that capabilities of one type of object can carry. */
static const uint16_t type_rights[MV_TYPE_COUNT] = {
    [MV_TYPE_CELL] = MV_RIGHT_CELL_CONTROL,
    [MV_TYPE_VCPU] = MV_RIGHT_VCPU_CONTROL,
    [MV_TYPE_SPACE] = MV_RIGHT_SPACE_MAP | MV_RIGHT_SPACE_ENTER,
    [MV_TYPE_SEGMENT] = MV_RIGHT_SEGMENT_READ | MV_RIGHT_SEGMENT_WRITE | MV_RIGHT_SEGMENT_EXECUTE,
    [MV_TYPE_PORTAL] = MV_RIGHT_PORTAL_CALL,
    [MV_TYPE_VIRQ] = MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE,
    [MV_TYPE_TIMER] = MV_RIGHT_TIMER_SET,
    [MV_TYPE_TRACE] = MV_RIGHT_TRACE_CONTROL,
    [MV_TYPE_SYSTEM] = MV_RIGHT_SYSTEM_CONTROL,
    [MV_TYPE_VGIC] = MV_RIGHT_VGIC_CONTROL,
    [MV_TYPE_STREAM] = MV_RIGHT_STREAM_CONTROL,
};
/* rights.def says of each right which type's it is: the two must agree. */
#define RIGHT(bit, name, type, text) \
    static_assert(MV_TYPE_##type > MV_TYPE_NONE && MV_TYPE_##type < MV_TYPE_COUNT, #name);
#include <mv/rights.def>
#undef RIGHT

mv_status_t cap_refusal(const struct cap *c, uint32_t right)
{
    for (int type = 0; type < MV_TYPE_COUNT; type++) {
        if ((type_rights[type] & right) != 0)
            return (type_rights[type] & c->rights) != 0 ? MV_NO_RIGHT : MV_BAD_CAP;
    }
    return MV_BAD_CAP;
}

mv_status_t cap_lookup(const struct vcpu *self, uint64_t index, uint32_t right,
                       const struct cap **out)
{
    const struct cap *c = cap_at(self, index);

    *out = c;
    return likely((c->rights & right) != 0) ? MV_OK : cap_refusal(c, right);
}
