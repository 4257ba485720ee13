/* SPDX-License-Identifier: BSD-2-Clause */
#include "space.h"

#include "cap.h"
#include "cell.h"
#include "core.h"
#include "sched.h"
#include "system.h"
#include "trace.h"

static bool rights_are_valid(uint64_t rights)
{
    return (rights & MV_MAP_READ) != 0 &&
           (rights & ~(uint64_t)(MV_MAP_READ | MV_MAP_WRITE | MV_MAP_EXECUTE)) == 0 &&
           (rights & (MV_MAP_WRITE | MV_MAP_EXECUTE)) != (MV_MAP_WRITE | MV_MAP_EXECUTE);
}

mv_status_t space_map_step(struct space *s, const struct mv_sys_segment *seg, cellva_t at,
                           uint64_t offset, uint64_t size, uint32_t rights, uint32_t most,
                           uint64_t *done)
{
    const struct mv_sys_extent *e = system_extent(seg->first_extent);

    while (offset >= e->size) {
        offset -= e->size;
        e++;
    }
    paddr_t to = { e->base + offset };

    return arch_space_map(s, at, to, min_u64(size, e->size - offset), rights, most,
                          (enum mv_memory)seg->memory, done);
}

/* What the capability to a segment allows, as MV_MAP_*. */
static uint32_t segment_cap_rights(const struct cap *c)
{
    uint32_t rights = 0;

    rights |= (c->rights & MV_RIGHT_SEGMENT_READ) != 0 ? MV_MAP_READ : 0;
    rights |= (c->rights & MV_RIGHT_SEGMENT_WRITE) != 0 ? MV_MAP_WRITE : 0;
    rights |= (c->rights & MV_RIGHT_SEGMENT_EXECUTE) != 0 ? MV_MAP_EXECUTE : 0;
    const struct mv_sys_segment *seg = c->object;

    if (seg->memory == MV_MEMORY_DEVICE)
        rights &= ~MV_MAP_EXECUTE;
    return rights & seg->rights;
}

/* A range that is mapped, protected or unmapped a step at a time. */
struct change {
    const struct mv_sys_segment *segment;   /* map: what, from `offset`; else NULL */
    uint64_t at, offset, size;
    uint32_t rights;                        /* 0: unmap */
    uint32_t most;                          /* that they may be */
};

static mv_status_t change_step(struct space *s, struct change *c)
{
    uint64_t done = 0;
    mv_status_t st;

    arch_lock(&s->lock);
    if (c->segment != NULL)
        st = space_map_step(s, c->segment, (cellva_t){ c->at }, c->offset, c->size, c->rights,
                            c->most, &done);
    else
        st = arch_space_change(s, (cellva_t){ c->at }, c->size, c->rights, &done);
    arch_unlock(&s->lock);
    c->at += done;
    c->offset += done;
    c->size -= done;
    return st;
}

/*
 * Steps until all is done or one fails. When an interrupt waits between two,
 * the call is made again for what is left, and the count of pages done travels
 * in the upper half of the capability's register, which the door ignores. (A
 * cell that puts something there is told another count.)
 */
static struct result change_run(struct vcpu *self, struct space *s, struct change *c, uint64_t a0,
                                uint64_t a1)
{
    uint64_t at = c->at, size = c->size, bytes;
    mv_status_t st;

    if (!range_is_valid(at, size, UINT64_C(1) << s->address_bits))
        return result_status(MV_BAD_ARG);
    if ((c->rights & ~c->most) != 0)
        return result_status(MV_NO_RIGHT);
    do {
        st = change_step(s, c);
    } while (st == MV_OK && c->size != 0 && !arch_irq_pending());
    bytes = (a0 >> 32) * MV_PAGE_SIZE + size - c->size;
    trace(c->segment != NULL ? MV_EVENT_MAP : MV_EVENT_UNMAP, self, at,
          size - c->size);
    if (st != MV_OK || c->size == 0)
        return (struct result){ st, bytes };
    a0 = (uint32_t)a0 | bytes / MV_PAGE_SIZE << 32;
    if (c->segment != NULL)
        arch_restart_call(self, a0, a1, c->at, c->offset, c->size, c->rights);
    else
        arch_restart_call(self, a0, c->at, c->size, c->rights, 0, 0);
    return result_none();
}

struct result call_space_map(HANDLER_ARGS)
{
    const struct cap *cap;
    mv_status_t st = cap_lookup(self, a1, MV_RIGHT_SEGMENT_READ, &cap);

    if (st != MV_OK)
        return result_status(st);
    struct change c = { cap->object, a2, a3, a4, (uint32_t)a5, segment_cap_rights(cap) };

    if (!rights_are_valid(a5) || c.offset % MV_PAGE_SIZE != 0 || c.offset > c.segment->size ||
        c.size > c.segment->size - c.offset)
        return result_status(MV_BAD_ARG);
    return change_run(self, object, &c, a0, a1);
}

struct result call_space_unmap(HANDLER_ARGS)
{
    struct change c = { .at = a1, .size = a2 };

    return change_run(self, object, &c, a0, 0);
}

struct result call_space_protect(HANDLER_ARGS)
{
    struct change c = { .at = a1, .size = a2, .rights = (uint32_t)a3, .most = (uint32_t)a3 };

    if (!rights_are_valid(a3))
        return result_status(MV_BAD_ARG);
    return change_run(self, object, &c, a0, 0);
}

struct result call_space_enter(HANDLER_ARGS)
{
    struct space *s = object;

    if (s->cell != self->cell || (s->cores & 1u << self->core->index) == 0 || (a1 & 3) != 0)
        return result_status(MV_BAD_ARG);
    self->space = s;
    arch_set_space(self);
    if (a1 != 0)
        arch_set_current_pc(a1);
    sched_force_switch(self->core);
    return result_status(MV_OK);
}
