/* SPDX-License-Identifier: BSD-2-Clause */
#include "cell.h"

#include "core.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "stream.h"
#include "system.h"
#include "vcpu.h"

/* ---- the page-table pool ---------------------------------------------------- */

bool cell_take_table(struct cell *c, paddr_t *out)
{
    bool found = true;

    arch_lock(&c->pool_lock);
    if (c->pool_free != 0) {
        out->pa = c->pool_free;
        c->pool_free = *(uint64_t *)arch_ram(*out);
    } else if (c->pool_next != c->sys->pool + (uint64_t)c->sys->table_pages * MV_PAGE_SIZE) {
        out->pa = c->pool_next;
        c->pool_next += MV_PAGE_SIZE;
    } else {
        found = false;
    }
    arch_unlock(&c->pool_lock);
    return found;
}

void cell_give_table(struct cell *c, paddr_t page)
{
    arch_lock(&c->pool_lock);
    *(uint64_t *)arch_ram(page) = c->pool_free;
    c->pool_free = page.pa;
    arch_unlock(&c->pool_lock);
}

/* ---- making a cell as it was built -------------------------------------------- */

enum phase { PHASE_LOAD, PHASE_CLEAR, PHASE_MAP, PHASE_READY, PHASE_STARTING };

static void next_phase(struct cell *c)
{
    c->phase++;
    c->step = 0;
    c->offset = 0;
}

/* One page of one load. */
static void load_step(struct cell *c)
{
    const struct mv_sys_load *l;
    uint64_t bytes, file = 0;

    if (c->step == c->sys->load_count) {
        next_phase(c);
        return;
    }
    l = system_load(c->sys->first_load + c->step);
    bytes = min_u64(l->size - c->offset, MV_PAGE_SIZE);
    if (c->offset < l->file_size)
        file = min_u64(l->file_size - c->offset, bytes);
    void *to = arch_ram((paddr_t){ l->destination + c->offset });

    if (file < bytes)
        arch_zero(to, bytes);     /* whole: a file may end anywhere, stores are aligned */
    arch_copy(to, arch_ram((paddr_t){ l->source + c->offset }), file);
    if (c->vcpus->vm != NULL)
        arch_clean(to, bytes);    /* a guest reads it with its caches off */
    c->offset += bytes;
    if (c->offset == l->size) {
        c->step++;
        c->offset = 0;
    }
}

/* One step of one boot mapping of one space; `step` counts mappings through
 * all spaces of the cell, which have theirs in a row. */
static void map_step(struct cell *c)
{
    const struct mv_sys_space *sys = system_space(c->sys->first_space);
    struct space *s = c->spaces;
    uint32_t i = c->step;
    uint64_t done = 0;

    while (s < c->spaces + c->sys->space_count && i >= sys->mapping_count) {
        i -= sys->mapping_count;
        sys++;
        s++;
    }
    if (s == c->spaces + c->sys->space_count) {
        next_phase(c);
        return;
    }
    const struct mv_sys_mapping *m = system_mapping(sys->first_mapping + i);
    const struct mv_sys_segment *seg = system_segment(m->segment);
    mv_status_t st = space_map_step(s, seg, (cellva_t){ m->address + c->offset },
                                    m->offset + c->offset, m->size - c->offset, m->rights,
                                    m->rights, &done);

    /* The host tool has sized the pool and kept mappings apart. */
    CHECK(st == MV_OK);
    c->offset += done;
    if (c->offset == m->size) {
        c->step++;
        c->offset = 0;
    }
}

bool cell_prepare_step(struct cell *c)
{
    c->made = false;
    switch ((enum phase)c->phase) {
    case PHASE_LOAD:
        load_step(c);
        return false;
    case PHASE_CLEAR:
        if (c->step < c->sys->space_count) {
            if (arch_space_clear(&c->spaces[c->step], &c->offset)) {
                c->step++;
                c->offset = 0;
            }
        } else {
            c->pool_next = c->sys->pool;
            c->pool_free = 0;
            next_phase(c);
        }
        return false;
    case PHASE_MAP:
        map_step(c);
        return false;
    case PHASE_READY:
    case PHASE_STARTING:
        break;
    }
    return true;
}

void cell_preparation_done(struct cell *c)
{
    c->made = true;
    c->phase = PHASE_LOAD;
    c->step = 0;
    c->offset = 0;
}

/* ---- the calls ------------------------------------------------------------------ */

struct result call_cell_stop(HANDLER_ARGS)
{
    struct cell *c = object;
    bool again = false;    /* an interrupt waits: the rest is done after it */

    if (c == self->cell)
        return result_status(MV_BAD_ARG);
    stream_cell(c, MV_STREAM_STOPPED);
    for (uint32_t i = 0; i < c->sys->vcpu_count; i++) {
        struct vcpu *v = &c->vcpus[i];

        if (vcpu_is_stopped(v))
            continue;
        if (v->core != core_here() || again)
            return door_forward(self, v->core, call_cell_stop, c);
        vcpu_halt(v, VCPU_STOPPED);
        if (!vcpu_is_stopped(v))
            return door_defer(self, v, call_cell_stop, c);
        again = arch_irq_pending();
    }
    return result_status(MV_OK);
}

static uint64_t running(const struct cell *c)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < c->sys->vcpu_count; i++)
        count += !vcpu_is_stopped(&c->vcpus[i]);
    return count;
}

/* The cell is prepared: each core starts its vCPUs of it, in turn. The phase
 * keeps other starters away; how far it has come travels with self. */
static struct result start_vcpus(HANDLER_ARGS)
{
    struct cell *c = object;
    bool again = false;

    for (; self->remote_source < c->sys->vcpu_count; self->remote_source++) {
        struct vcpu *v = &c->vcpus[self->remote_source];

        if (v->core != core_here() || again)
            return door_forward(self, v->core, start_vcpus, c);
        if (vcpu_is_stopped(v)) {
            vcpu_reset(v);
            if (v->sys->start != 0)
                vcpu_release(v);
            again = arch_irq_pending();
        }
    }
    arch_lock(&c->lock);
    cell_preparation_done(c);
    arch_unlock(&c->lock);
    return result_status(MV_OK);
}

struct result call_cell_start(HANDLER_ARGS)
{
    struct cell *c = object;
    bool ready = false;

    if (c == self->cell)
        return result_status(MV_BAD_ARG);
    while (!ready) {
        arch_lock(&c->lock);
        if (running(c) != 0 || c->phase == PHASE_STARTING) {
            arch_unlock(&c->lock);
            return result_status(MV_BUSY);
        }
        stream_cell(c, MV_STREAM_STOPPED);    /* as cell_stop has done, unless it came in the middle of another start */
        ready = cell_prepare_step(c);
        if (ready) {
            c->phase = PHASE_STARTING;
            stream_cell(c, MV_STREAM_PASSES);
        }
        arch_unlock(&c->lock);
        if (!ready && arch_irq_pending()) {
            arch_restart_call(self, a0, 0, 0, 0, 0, 0);
            return result_none();
        }
    }
    self->remote_source = 0;
    return start_vcpus(self, c, 0, 0, 0, 0, 0, 0);
}

struct result call_cell_inspect(HANDLER_ARGS)
{
    return (struct result){ MV_OK, running(object) };
}
