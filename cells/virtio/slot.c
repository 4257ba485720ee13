/* SPDX-License-Identifier: BSD-2-Clause */
#include "slot.h"

#include <stdarg.h>
#include <stddef.h>

#include <libmv/calls.h>
#include <libmv/print.h>
#include <libmv/time.h>

#define SAY_CREDIT  8u              /* lines at once */
#define SAY_NS      (500 * MV_MS)   /* until one more */

struct vio_memory slot_memory;

static struct slot *first;

void slot_clear(void)
{
    first = NULL;
    /* The guest's memory lies here where it does there. */
    slot_memory = (struct vio_memory){ .base = io_config.ram_base, .size = io_config.ram_size,
                                       .at = (uint8_t *)(uintptr_t)io_config.ram_base };
}

/* ---- the driver's side ------------------------------------------------------------ */

static void notify(struct vio_mmio *m, uint32_t queue)
{
    (void)queue;
    slot_mark((struct slot *)m->context);
}

static void interrupt(struct vio_mmio *m)
{
    struct slot *s = (struct slot *)m->context;

    s->interrupts++;
    (void)mv_virq_raise(s->config->raise_cap, 1);
}

void slot_add(struct slot *s, const struct io_device *config, const struct slot_kind *kind)
{
    s->config = config;
    s->kind = kind;
    s->device.notify = notify;
    s->device.interrupt = interrupt;
    s->next = first;
    first = s;
    vio_mmio_init(&s->mmio, &s->device, &slot_memory, &io_config.status[config->slot], s);
}

static struct slot *slot_at(uint64_t number)
{
    struct slot *s = first;

    while (s != NULL && s->config->slot != number)
        s = s->next;
    return s;
}

uint64_t slot_read(uint64_t slot, uint64_t offset, uint64_t size)
{
    struct slot *s = slot_at(slot);

    if (offset >= VIO_MMIO_BYTES || size > 8)
        return 0;
    return s != NULL ? vio_mmio_read(&s->mmio, offset, (uint32_t)size)
                     : vio_mmio_read_empty(offset, (uint32_t)size);
}

void slot_write(uint64_t slot, uint64_t offset, uint64_t size, uint64_t value)
{
    struct slot *s = slot_at(slot);

    if (s != NULL && offset < VIO_MMIO_BYTES && size <= 8)
        vio_mmio_write(&s->mmio, offset, (uint32_t)size, value);
}

void slot_reset_all(void)
{
    for (struct slot *s = first; s != NULL; s = s->next)
        vio_mmio_reset(&s->mmio);
}

/* ---- turns -------------------------------------------------------------------------- */

bool slot_run(void)
{
    bool more = true;

    for (uint32_t round = 0; more && round < SLOT_ROUNDS; round++) {
        more = false;
        for (struct slot *s = first; s != NULL; s = s->next) {
            if (!s->marked)
                continue;
            s->marked = false;
            s->later = 0;
            if (s->kind->turn(s))
                s->marked = true;
            more = more || s->marked;
        }
    }
    return more;
}

bool slot_wants_time(void)
{
    const struct slot *s = first;

    while (s != NULL && !s->timed)
        s = s->next;
    return s != NULL;
}

bool slot_tick(uint64_t now_ns)
{
    for (struct slot *s = first; s != NULL; s = s->next)
        if (s->timed)
            s->timed = s->kind->tick(s, now_ns);
    return slot_wants_time();
}

uint64_t slot_later(void)
{
    uint64_t first_ns = 0;

    for (const struct slot *s = first; s != NULL; s = s->next)
        if (s->later != 0 && (first_ns == 0 || s->later < first_ns))
            first_ns = s->later;
    return first_ns;
}

void slot_mark_due(uint64_t now_ns)
{
    for (struct slot *s = first; s != NULL; s = s->next)
        if (s->later != 0 && s->later <= now_ns)
            slot_mark(s);
}

/* ---- words -------------------------------------------------------------------------- */

static bool may_say(void)
{
    static uint32_t credit = SAY_CREDIT;
    static uint64_t credited;
    uint64_t now = mv_time_ns(), due = (now - credited) / SAY_NS;

    if (due > 0) {
        credit = due < SAY_CREDIT - credit ? credit + (uint32_t)due : SAY_CREDIT;
        credited = now;
    }
    if (credit == 0)
        return false;
    credit--;
    return true;
}

void say(const char *format, ...)
{
    static uint64_t unsaid;
    va_list list;

    if (!may_say()) {
        unsaid++;
        return;
    }
    mv_print("%s: ", mv_cell.name);
    va_start(list, format);
    mv_vprint(format, list);
    va_end(list);
    if (unsaid != 0)
        mv_print(" (and %lu lines before)", unsaid);
    unsaid = 0;
    mv_print("\n");
}
