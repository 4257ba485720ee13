/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ends of a link do alike. */
#pragma once

#include <libvirtio/link.h>

#include "shared.h"

/* Check the channel and find the parts. `end` is the one that this side must be. */
bool link_open(struct vio_link *l, const struct mv_channel_config *config, uint8_t end, uint32_t type,
               uint64_t features);

/* An epoch that differs from the last one, and from what stands in the header. */
uint32_t link_epoch(const struct vio_link *l, const struct vio_link_side *own);

/* Whether the other side speaks as this one does. */
bool link_is_peer(const struct vio_link *l, const struct vio_link_side *side);

/* Say who this side is. Last: what has been written before is seen with it. */
void link_say(const struct vio_link *l, struct vio_link_side *own, uint32_t answers, uint64_t features);

void link_raise(const struct vio_link *l, uint64_t what);

/* Place of a queue. */
static inline uint8_t *link_queue(const struct vio_link *l, uint32_t queue)
{
    return (uint8_t *)l->header + l->layout.queue[queue];
}

/* The other side's fields are seen after its epoch: pairs with link_say(). */
static inline uint32_t link_read_epoch(const struct vio_link_side *side)
{
    return __atomic_load_n(&side->epoch, __ATOMIC_ACQUIRE);
}
