/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvirtio/device.h>

#include "device_place.h"
#include "shared.h"

static bool is_place(const struct vio_memory *m, uint64_t address, uint64_t bytes, uint64_t alignment)
{
    return address % alignment == 0 && vio_at(m, address, bytes) != NULL;
}

void vio_device_start_at(struct vio_device_queue *q, const struct vio_memory *memory, uint32_t num,
                         const struct vio_desc *desc, struct vio_avail *avail, struct vio_used *used,
                         bool event_index)
{
    *q = (struct vio_device_queue){ .memory = *memory, .desc = desc, .avail = avail, .used = used,
                                    .num = num, .ready = true, .event_index = event_index };
}

bool vio_device_start(struct vio_device_queue *q, const struct vio_memory *memory, uint32_t num,
                      uint64_t desc, uint64_t driver, uint64_t device, bool event_index)
{
    vio_device_stop(q);
    if (!vio_num_is_good(num) || !is_place(memory, desc, vio_desc_bytes(num), 16) ||
        !is_place(memory, driver, vio_avail_bytes(num), 2) ||
        !is_place(memory, device, vio_used_bytes(num), 4))
        return false;
    vio_device_start_at(q, memory, num, vio_at(memory, desc, 0), vio_at(memory, driver, 0),
                        vio_at(memory, device, 0), event_index);
    return true;
}

void vio_device_stop(struct vio_device_queue *q)
{
    *q = (struct vio_device_queue){ .num = 0 };
}

static enum vio_status device_break(struct vio_device_queue *q)
{
    q->ready = false;
    q->broken = true;
    for (uint32_t i = 0; i < VIO_NUM_WORDS; i++)
        q->outstanding[i] = 0;
    return VIO_BROKEN;
}

static uint16_t available_index(const struct vio_device_queue *q)
{
    /* The entries are seen before the index that covers them: pairs with the
     * driver's barrier before it writes the index. */
    return __atomic_load_n(&q->avail->index, __ATOMIC_ACQUIRE);
}

static uint64_t *outstanding_word(struct vio_device_queue *q, uint32_t head)
{
    return &q->outstanding[head / 64];
}

/* Length, flags and next of a descriptor, read together. */
typedef uint64_t __attribute__((may_alias)) desc_rest_t;
#define REST_LENGTH(rest)  ((uint32_t)(rest))
#define REST_NEXT          ((uint64_t)VIO_DESC_NEXT << 32)
#define REST_WRITE         ((uint64_t)VIO_DESC_WRITE << 32)
#define REST_OTHER_FLAGS   (UINT64_C(0xffff) << 32 & ~REST_NEXT & ~REST_WRITE)
#define REST_INDEX(rest)   ((uint32_t)((rest) >> 48))

/* Copy the chain that begins at chain->head. False: it breaks a rule. */
static bool chain_copy(const struct vio_device_queue *q, struct vio_chain *chain)
{
    struct vio_part *part = chain->part, *const first = part;
    struct vio_part *const end = first + (chain->part_max < q->num ? chain->part_max : q->num);
    uint64_t rest = 0, was_write, bytes = 0, out_bytes = 0;
    uint32_t index = chain->head, out = 0;

    do {
        const struct vio_desc *d = &q->desc[index];
        uint64_t offset;

        if (part == end)
            return false;
        was_write = rest & REST_WRITE;
        rest = SHARED_READ(*(const desc_rest_t *)&d->length);
        offset = SHARED_READ(d->address) - q->memory.base;
        if ((rest & REST_OTHER_FLAGS) != 0 || (was_write & ~rest) != 0 || offset > q->memory.size ||
            REST_LENGTH(rest) > q->memory.size - offset)
            return false;
        part->at = q->memory.at + offset;
        part++->length = REST_LENGTH(rest);
        bytes += REST_LENGTH(rest);
        if ((rest & REST_WRITE) == 0) {
            out++;
            out_bytes = bytes;
        }
        index = REST_INDEX(rest);
        if ((rest & REST_NEXT) != 0 && index >= q->num)
            return false;
    } while ((rest & REST_NEXT) != 0);
    chain->out_count = (uint16_t)out;
    chain->in_count = (uint16_t)(part - first - out);
    chain->out_bytes = out_bytes;
    chain->in_bytes = bytes - out_bytes;
    return bytes <= UINT32_MAX;
}

enum vio_status vio_device_next(struct vio_device_queue *q, struct vio_chain *chain)
{
    uint64_t *word, bit;

    if (!q->ready)
        return q->broken ? VIO_BROKEN : VIO_EMPTY;
    if (q->seen == q->taken) {
        q->seen = available_index(q);
        if (q->seen == q->taken)
            return VIO_EMPTY;
        if ((uint16_t)(q->seen - q->taken) > q->num)
            return device_break(q);
    }
    chain->head = SHARED_READ(q->avail->ring[q->taken & (q->num - 1)]);
    if (chain->head >= q->num)
        return device_break(q);
    word = outstanding_word(q, chain->head);
    bit = UINT64_C(1) << chain->head % 64;
    if ((*word & bit) != 0 || !chain_copy(q, chain))
        return device_break(q);
    *word |= bit;
    q->taken++;
    return VIO_OK;
}

void vio_device_untake(struct vio_device_queue *q, uint16_t head)
{
    if (!q->ready)
        return;
    *outstanding_word(q, head) &= ~(UINT64_C(1) << head % 64);
    q->taken--;
}

void vio_device_done(struct vio_device_queue *q, uint16_t head, uint32_t written)
{
    uint64_t bit = UINT64_C(1) << head % 64;
    struct vio_used_entry *entry;

    if (head >= q->num || (*outstanding_word(q, head) & bit) == 0)
        return;
    *outstanding_word(q, head) &= ~bit;
    entry = &q->used->ring[q->done & (q->num - 1)];
    SHARED_WRITE(entry->id, (uint32_t)head);
    SHARED_WRITE(entry->length, written);
    q->done++;
}

bool vio_device_publish(struct vio_device_queue *q)
{
    uint16_t before = q->published;

    if (!q->ready || q->done == before)
        return false;
    q->published = q->done;
    /* The entries and what was written are seen before the index: pairs with the
     * driver's barrier after it has read the index. */
    __atomic_store_n(&q->used->index, q->done, __ATOMIC_RELEASE);
    /* Either the driver sees the index, or we see that it wants to be told: pairs
     * with the driver's barrier after it has written its flag or event. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (q->event_index)
        return vio_event_passed(SHARED_READ(*vio_used_event(q->avail, q->num)), q->done, before);
    return (SHARED_READ(q->avail->flags) & VIO_NO_INTERRUPT) == 0;
}

/* With event indices there is nothing to say: the event lies behind, and the
 * driver passes it again only after 65,536 buffers. */
void vio_device_quiet(struct vio_device_queue *q)
{
    if (q->ready && !q->event_index)
        SHARED_WRITE(q->used->flags, VIO_NO_NOTIFY);
}

bool vio_device_listen(struct vio_device_queue *q)
{
    if (!q->ready)
        return false;
    if (q->event_index)
        SHARED_WRITE(*vio_avail_event(q->used, q->num), q->taken);
    else
        SHARED_WRITE(q->used->flags, 0);
    /* Either the driver sees that we listen, or we see what it has made available:
     * pairs with the driver's barrier after it has written the index. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return available_index(q) != q->taken;
}

uint32_t vio_device_available(const struct vio_device_queue *q)
{
    uint16_t count = q->ready ? (uint16_t)(available_index(q) - q->taken) : 0;

    return count <= q->num ? count : 0;
}
