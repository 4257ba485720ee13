/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtqueue.h"

#include <stddef.h>

#include "vmm_config.h"

#define DESC_NEXT      1u
#define DESC_WRITE     2u
#define NO_INTERRUPT   1u

struct desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
struct available {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];
};
struct used {
    uint16_t flags;
    uint16_t index;
    struct {
        uint32_t id;
        uint32_t length;
    } ring[];
};

/* Each of the guest's words is read and written once. */
#define READ(place)          __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define WRITE(place, value)  __atomic_store_n(&(place), value, __ATOMIC_RELAXED)

/* The guest's memory, which lies here where it does there; NULL if not all of it
 * is memory. */
static void *memory(uint64_t address, uint64_t size)
{
    uint64_t offset = address - vmm_config.ram_base;

    if (offset > vmm_config.ram_size || size > vmm_config.ram_size - offset)
        return NULL;
    return (void *)(uintptr_t)address;
}

static bool is_place(uint64_t address, uint64_t size, uint64_t alignment)
{
    return address % alignment == 0 && memory(address, size) != NULL;
}

static struct desc *desc_table(const struct virtqueue *q)
{
    return (struct desc *)(uintptr_t)q->desc;
}

static struct available *available_ring(const struct virtqueue *q)
{
    return (struct available *)(uintptr_t)q->driver;
}

static struct used *used_ring(const struct virtqueue *q)
{
    return (struct used *)(uintptr_t)q->device;
}

bool virtqueue_start(struct virtqueue *q)
{
    uint32_t num = q->num;

    if (num == 0 || num > VIRTQUEUE_MAX || (num & (num - 1)) != 0)
        return false;
    /* Each ring has one more word behind it: the other side's event index. */
    if (!is_place(q->desc, num * sizeof(struct desc), 16) ||
        !is_place(q->driver, sizeof(struct available) + num * 2 + 2, 2) ||
        !is_place(q->device, sizeof(struct used) + num * 8 + 2, 4))
        return false;
    q->taken = q->used = 0;
    q->ready = true;
    return true;
}

/* What the driver has made available beyond what is taken. */
static uint16_t ahead(const struct virtqueue *q)
{
    /* The entries are seen before the index that covers them: pairs with the
     * driver's barrier before it writes the index. */
    return (uint16_t)(__atomic_load_n(&available_ring(q)->index, __ATOMIC_ACQUIRE) - q->taken);
}

uint32_t virtqueue_available(const struct virtqueue *q)
{
    uint16_t count = q->ready ? ahead(q) : 0;

    return count <= q->num ? count : 0;
}

static bool chain_add(struct virtqueue_chain *chain, uint64_t address, uint32_t length)
{
    uint8_t *at = memory(address, length);

    if (at == NULL)
        return false;
    chain->part[chain->count].at = at;
    chain->part[chain->count++].length = length;
    chain->bytes += length;
    return true;
}

enum virtqueue_status virtqueue_next(struct virtqueue *q, bool write, struct virtqueue_chain *chain)
{
    uint32_t index, flags;
    uint16_t count;

    if (!q->ready || (count = ahead(q)) == 0)
        return VIRTQUEUE_EMPTY;
    if (count > q->num)
        return VIRTQUEUE_BROKEN;
    chain->head = READ(available_ring(q)->ring[q->taken % q->num]);
    chain->count = 0;
    chain->bytes = 0;
    index = chain->head;
    do {
        struct desc *d = &desc_table(q)[index];

        if (index >= q->num || chain->count == q->num)
            return VIRTQUEUE_BROKEN;
        flags = READ(d->flags);
        if ((flags & ~DESC_NEXT) != (write ? DESC_WRITE : 0) ||
            !chain_add(chain, READ(d->address), READ(d->length)))
            return VIRTQUEUE_BROKEN;
        index = READ(d->next);
    } while (flags & DESC_NEXT);
    return VIRTQUEUE_OK;
}

bool virtqueue_done(struct virtqueue *q, const struct virtqueue_chain *chain, uint32_t written)
{
    struct used *u = used_ring(q);
    uint32_t slot = q->used % q->num;

    WRITE(u->ring[slot].id, (uint32_t)chain->head);
    WRITE(u->ring[slot].length, written);
    q->taken++;
    q->used++;
    /* The entry and what was written are seen before the index: pairs with the
     * driver's barrier after it has read the index. */
    __atomic_store_n(&u->index, q->used, __ATOMIC_RELEASE);
    /* Either the driver sees the index, or we see that it wants to be told: pairs
     * with the driver's barrier after it has written the flag. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (READ(available_ring(q)->flags) & NO_INTERRUPT) == 0;
}
