/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvirtio/driver.h>

#include <stddef.h>

#include <libmv/device.h>

#include "shared.h"

/*
 * Whether the other end is a core or hardware makes the barriers different.
 * Cores are in the inner shareable domain, and acquire, release and `dmb ish`
 * order what they see. A device that does DMA observes from outside of it, and is
 * told by a store to its registers: the barrier must reach the whole system, and
 * what is in memory must be there before that store leaves.
 */
static void barrier(const struct vio_driver_queue *q)
{
    if (q->device)
        mv_device_barrier();
    else
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

bool vio_driver_start(struct vio_driver_queue *q, void *at, uint32_t num, struct vio_driver_slot *slot,
                      uint32_t flags)
{
    struct vio_ring_layout l;
    uint8_t *bytes = (uint8_t *)at;

    vio_driver_stop(q);
    if (!vio_num_is_good(num))
        return false;
    l = vio_ring_layout_of(num);
    *q = (struct vio_driver_queue){
        .desc = (struct vio_desc *)at,
        .avail = (struct vio_avail *)(void *)(bytes + l.avail),
        .used = (struct vio_used *)(void *)(bytes + l.used),
        .slot = slot, .num = num, .free_count = (uint16_t)num, .ready = true,
        .event_index = (flags & VIO_DRIVER_EVENT_INDEX) != 0,
        .device = (flags & VIO_DRIVER_DEVICE) != 0,
    };
    for (uint32_t i = 0; i < num; i++)
        slot[i] = (struct vio_driver_slot){ .next = (uint16_t)(i + 1) };
    for (uint32_t i = 0; i < l.bytes / sizeof(uint64_t); i++)
        SHARED_WRITE(((uint64_t *)at)[i], 0);
    return true;
}

void vio_driver_stop(struct vio_driver_queue *q)
{
    q->ready = false;
    q->broken = false;
}

static enum vio_status driver_break(struct vio_driver_queue *q)
{
    q->ready = false;
    q->broken = true;
    return VIO_BROKEN;
}

/* Descriptors of the free list, in its order, become a chain. */
static void chain_write(struct vio_driver_queue *q, const struct vio_span *part, uint32_t out, uint32_t count)
{
    uint32_t index = q->free;

    for (uint32_t i = 0; i < count; i++) {
        struct vio_desc *d = &q->desc[index];
        uint32_t flags = (i < out ? 0 : VIO_DESC_WRITE) | (i + 1 < count ? VIO_DESC_NEXT : 0);

        SHARED_WRITE(d->address, part[i].address);
        SHARED_WRITE(d->length, part[i].length);
        SHARED_WRITE(d->flags, (uint16_t)flags);
        SHARED_WRITE(d->next, q->slot[index].next);
        index = q->slot[index].next;
    }
    q->free = (uint16_t)index;
    q->free_count = (uint16_t)(q->free_count - count);
}

enum vio_status vio_driver_add(struct vio_driver_queue *q, const struct vio_span *part, uint32_t out,
                               uint32_t in, void *token)
{
    struct vio_driver_slot *slot;
    uint64_t writable = 0;
    uint16_t head = q->free;

    if (!q->ready)
        return q->broken ? VIO_BROKEN : VIO_FULL;
    if (out > q->num || in > q->num || out + in == 0 || out + in > q->free_count)
        return VIO_FULL;
    for (uint32_t i = out; i < out + in; i++)
        writable += part[i].length;
    chain_write(q, part, out, out + in);
    slot = &q->slot[head];
    slot->token = token;
    slot->writable = writable < UINT32_MAX ? (uint32_t)writable : UINT32_MAX;
    slot->count = (uint16_t)(out + in);
    SHARED_WRITE(q->avail->ring[q->added & (q->num - 1)], head);
    q->added++;
    return VIO_OK;
}

bool vio_driver_publish(struct vio_driver_queue *q)
{
    uint16_t before = q->published;

    if (!q->ready || q->added == before)
        return false;
    q->published = q->added;
    /* Buffers, descriptors and entries are seen before the index: pairs with the
     * device's barrier after it has read the index. */
    if (q->device)
        mv_device_barrier();
    __atomic_store_n(&q->avail->index, q->added, __ATOMIC_RELEASE);
    /* Either the device sees the index, or we see that it wants to be told: pairs
     * with the device's barrier after it has written its flag or event. */
    barrier(q);
    if (q->event_index)
        return vio_event_passed(SHARED_READ(*vio_avail_event(q->used, q->num)), q->added, before);
    return (SHARED_READ(q->used->flags) & VIO_NO_NOTIFY) == 0;
}

static uint16_t used_index(const struct vio_driver_queue *q)
{
    /* Entries and data are seen after the index that covers them: pairs with the
     * device's barrier before it writes the index. */
    uint16_t index = __atomic_load_n(&q->used->index, __ATOMIC_ACQUIRE);

    if (q->device)
        mv_device_barrier();
    return index;
}

static void chain_free(struct vio_driver_queue *q, uint32_t head)
{
    struct vio_driver_slot *last = &q->slot[head];

    for (uint32_t n = q->slot[head].count; n > 1; n--)
        last = &q->slot[last->next];
    last->next = q->free;
    q->free = (uint16_t)head;
    q->free_count = (uint16_t)(q->free_count + q->slot[head].count);
    q->slot[head].count = 0;
}

enum vio_status vio_driver_take(struct vio_driver_queue *q, void **token, uint32_t *length)
{
    const struct vio_used_entry *entry;
    uint32_t id, written;

    if (!q->ready)
        return q->broken ? VIO_BROKEN : VIO_EMPTY;
    if (q->seen == q->taken) {
        q->seen = used_index(q);
        if (q->seen == q->taken)
            return VIO_EMPTY;
        /* No more than it has. */
        if ((uint16_t)(q->seen - q->taken) > (uint16_t)(q->published - q->taken))
            return driver_break(q);
    }
    entry = &q->used->ring[q->taken & (q->num - 1)];
    id = SHARED_READ(entry->id);
    written = SHARED_READ(entry->length);
    if (id >= q->num || q->slot[id].count == 0 || written > q->slot[id].writable)
        return driver_break(q);
    *token = q->slot[id].token;
    *length = written;
    chain_free(q, id);
    q->taken++;
    return VIO_OK;
}

/* With event indices there is nothing to say: the event lies behind, and the
 * device passes it again only after 65,536 buffers. */
void vio_driver_quiet(struct vio_driver_queue *q)
{
    if (q->ready && !q->event_index)
        SHARED_WRITE(q->avail->flags, VIO_NO_INTERRUPT);
}

bool vio_driver_listen(struct vio_driver_queue *q)
{
    if (!q->ready)
        return false;
    if (q->event_index)
        SHARED_WRITE(*vio_used_event(q->avail, q->num), q->taken);
    else
        SHARED_WRITE(q->avail->flags, 0);
    /* Either the device sees that we listen, or we see what it has done: pairs
     * with the device's barrier after it has written the index. */
    barrier(q);
    return used_index(q) != q->taken;
}

bool vio_driver_cancel(struct vio_driver_queue *q, void **token)
{
    vio_driver_stop(q);
    for (uint32_t i = 0; i < q->num && q->free_count != q->num; i++)
        if (q->slot[i].count != 0) {
            *token = q->slot[i].token;
            chain_free(q, i);
            return true;
        }
    return false;
}
