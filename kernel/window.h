/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time windows: which partitions a core runs now. Each core goes through its own
 * row of windows, but frames begin together, and so do other tables.
 */
#pragma once

#include "base.h"
#include "core.h"
#include "door.h"
#include "vcpu.h"

struct portal;

/* This core's first frame begins with those of the others. */
void window_start(struct core *core);
/* The present window of this core is over. */
void window_expired(struct core *core);
/* Whether the window of v's context, which is open, has the portal's service bound left. */
bool window_has_room(const struct vcpu *v, const struct portal *portal);

/* Whether v may run as far as windows go. */
INLINE bool window_is_open(const struct vcpu *v)
{
    return (v->core->eligible >> v->context->limits % MV_PARTITIONS_MAX & 1) != 0;
}
