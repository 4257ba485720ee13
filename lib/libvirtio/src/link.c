/* SPDX-License-Identifier: BSD-2-Clause */
#include "link_common.h"

#include <libmv/calls.h>
#include <libmv/time.h>

#define BYTES_PER_DESC 2048u

_Static_assert(sizeof(struct vio_link_side) == VIO_RING_LINE, "sides lie in lines of their own");
_Static_assert(sizeof(struct vio_link_header) <= VIO_LINK_HEADER_BYTES, "the header fits");

bool vio_link_layout_of(struct vio_link_layout *l, uint32_t type, uint32_t size)
{
    uint32_t at = VIO_LINK_HEADER_BYTES;

    *l = (struct vio_link_layout){ .queue_count = type == VIO_ID_BLOCK ? 1 : 2, .num = VIO_NUM_MAX };
    if ((type != VIO_ID_BLOCK && type != VIO_ID_NET) || size < VIO_LINK_BYTES_MIN)
        return false;
    while (l->num > 8 && l->num * l->queue_count * BYTES_PER_DESC > size)
        l->num /= 2;
    for (uint32_t i = 0; i < l->queue_count; i++) {
        l->queue[i] = at;
        at += vio_ring_layout_of(l->num).bytes;
    }
    l->buffers = (at + VIO_LINK_HEADER_BYTES - 1) & ~(VIO_LINK_HEADER_BYTES - 1);
    l->buffer_bytes = size - l->buffers;
    return true;
}

bool link_open(struct vio_link *l, const struct mv_channel_config *config, uint8_t end, uint32_t type,
               uint64_t features)
{
    *l = (struct vio_link){ .config = config, .type = type, .own_features = features, .state = VIO_LINK_DOWN };
    if (config->kind != MV_CHANNEL_LINK || config->end != end ||
        !vio_link_layout_of(&l->layout, type, config->size))
        return false;
    l->header = (struct vio_link_header *)config->address;
    l->memory = (struct vio_memory){ l->layout.buffers, l->layout.buffer_bytes,
                                     (uint8_t *)l->header + l->layout.buffers };
    return true;
}

uint32_t link_epoch(const struct vio_link *l, const struct vio_link_side *own)
{
    uint32_t epoch = (uint32_t)mv_time_ns(), there = SHARED_READ(own->epoch);

    while (epoch == 0 || epoch == l->epoch || epoch == there)
        epoch++;
    return epoch;
}

bool link_is_peer(const struct vio_link *l, const struct vio_link_side *side)
{
    return SHARED_READ(side->magic) == VIO_LINK_MAGIC && SHARED_READ(side->version) == VIO_LINK_VERSION &&
           SHARED_READ(side->type) == l->type;
}

void link_say(const struct vio_link *l, struct vio_link_side *own, uint32_t answers, uint64_t features)
{
    SHARED_WRITE(own->magic, VIO_LINK_MAGIC);
    SHARED_WRITE(own->version, VIO_LINK_VERSION);
    SHARED_WRITE(own->type, l->type);
    SHARED_WRITE(own->answers, answers);
    SHARED_WRITE(own->features, features);
    /* What the epoch stands for is seen with it: pairs with link_read_epoch(). */
    __atomic_store_n(&own->epoch, l->epoch, __ATOMIC_RELEASE);
}

void link_raise(const struct vio_link *l, uint64_t what)
{
    (void)mv_virq_raise(l->config->raise_cap, what);
}
