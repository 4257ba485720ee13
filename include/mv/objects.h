/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's objects, made before it boots: whoever writes the flat table
 * (the host tool, the unit tests) appends them to its records. mv_objects_place()
 * says how long the table becomes, mv_objects_make() fills it.
 *
 * The offsets and widths of fields are the kernel's own (struct mv_kernel_info),
 * which may be built for another machine than this one; both are little-endian.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <mv/guest.h>
#include <mv/systab.h>

static inline void *mv_table_record(const struct mv_systab *t, struct mv_array a, uint32_t i, size_t size)
{
    return (char *)mv_systab_array(t, a) + i * size;
}
#define MV_RECORD(type, array, i) ((struct mv_sys_##type *)mv_table_record(t, t->array, i, sizeof(struct mv_sys_##type)))

/* Contexts in the order of their budgets: of the vCPUs, then of the portals. */
static inline const struct mv_sys_context *mv_context_record(const struct mv_systab *t, uint32_t i)
{
    return i < t->vcpus.count ? &MV_RECORD(vcpu, vcpus, i)->context :
                                &MV_RECORD(portal, portals, i - t->vcpus.count)->context;
}

static inline uint32_t mv_context_core(const struct mv_systab *t, uint32_t i)
{
    uint32_t vcpu = i < t->vcpus.count ? i : MV_RECORD(portal, portals, i - t->vcpus.count)->server;

    return MV_RECORD(vcpu, vcpus, vcpu)->core;
}

/*
 * Fill in what the header, complete but for that, says of the objects, which
 * begin behind t->records_size bytes of header and records: their areas, the size of page-table
 * memory, each core's timers, the size of the whole.
 */
static inline void mv_objects_place(struct mv_systab *t, const struct mv_object_sizes *sz)
{
    uint64_t bytes[MV_AREA_COUNT] = { 0 };
    uint64_t at = t->records_size;

    bytes[MV_AREA_CELLS] = (uint64_t)t->cells.count * sz->cell;
    bytes[MV_AREA_VCPUS] = (uint64_t)t->vcpus.count * sz->vcpu;
    bytes[MV_AREA_SPACES] = (uint64_t)t->spaces.count * sz->space;
    bytes[MV_AREA_PORTALS] = (uint64_t)t->portals.count * sz->portal;
    bytes[MV_AREA_VIRQS] = (uint64_t)t->virqs.count * sz->virq;
    bytes[MV_AREA_TIMERS] = (uint64_t)t->timers.count * sz->timer;
    bytes[MV_AREA_CAPS] = (uint64_t)t->caps.count * sz->cap;
    memset(t->core_timers, 0, sizeof(t->core_timers));
    for (uint32_t i = 0; i < t->vcpus.count; i++) {
        const struct mv_sys_vcpu *v = MV_RECORD(vcpu, vcpus, i);
        uint32_t timers = v->kind == MV_VCPU_VM ? 2 : 1;

        bytes[MV_AREA_FPS] += v->has_fp ? sz->fp : 0;
        bytes[MV_AREA_VMS] += v->kind == MV_VCPU_VM ? sz->vm : 0;
        bytes[MV_AREA_HEAPS] += (uint64_t)(v->callers_max + timers) * sz->heap_slot;
        t->core_timers[v->core] += timers;
    }
    for (uint32_t i = 0; i < t->timers.count; i++) {
        const struct mv_sys_virq *q = MV_RECORD(virq, virqs, MV_RECORD(timer, timers, i)->virq);

        bytes[MV_AREA_HEAPS] += sz->heap_slot;
        t->core_timers[MV_RECORD(vcpu, vcpus, q->sink)->core]++;
    }
    for (uint32_t i = 0; i < t->vcpus.count + t->portals.count; i++) {
        if (mv_context_record(t, i)->budget_ns == 0)
            continue;
        bytes[MV_AREA_BUDGETS] += sz->budget;
        bytes[MV_AREA_HEAPS] += sz->heap_slot;
        t->core_timers[mv_context_core(t, i)]++;
    }
    for (uint32_t i = 0; i < t->virqs.count; i++) {
        const struct mv_sys_virq *q = MV_RECORD(virq, virqs, i);

        if (q->limit_ns == 0)
            continue;
        bytes[MV_AREA_LIMITS] += sz->limit;
        bytes[MV_AREA_HEAPS] += sz->heap_slot;
        t->core_timers[MV_RECORD(vcpu, vcpus, q->sink)->core]++;
    }
    for (uint32_t i = 0; i < t->core_count && t->schedules.count != 0; i++) {
        bytes[MV_AREA_HEAPS] += sz->heap_slot;
        t->core_timers[i]++;
    }
    bytes[MV_AREA_VGICS] = (uint64_t)t->vgics.count * sz->vgic;
    for (uint32_t i = 0; i < t->vgics.count; i++) {
        const struct mv_sys_vgic *g = MV_RECORD(vgic, vgics, i);

        bytes[MV_AREA_VGIC_BANKS] += (uint64_t)(g->vcpu_count + g->spi_banks) * sz->vgic_bank;
    }
    bytes[MV_AREA_IRQS] = (uint64_t)t->irq_count * sz->irq_slot;
    bytes[MV_AREA_BELLS] = (uint64_t)t->bells.count * sz->bell_slot;
    bytes[MV_AREA_STREAMS] = (uint64_t)t->streams.count * sz->stream;
    for (int i = 0; i < MV_AREA_COUNT; i++) {
        at = mv_align_up(at, 64);
        t->objects[i] = at;
        at += bytes[i];
    }
    t->size = (uint32_t)mv_align_up(at, 8);

    t->roots_size = t->tables_size = 0;
    for (uint32_t i = 0; i < t->spaces.count; i++)
        t->roots_size += mv_root_bytes(MV_RECORD(space, spaces, i)->address_bits);
    t->roots_size = mv_align_up(t->roots_size, MV_PAGE_SIZE);
    for (uint32_t i = 0; i < t->cells.count; i++)
        t->tables_size += (uint64_t)MV_RECORD(cell, cells, i)->table_pages * MV_PAGE_SIZE;
    t->tables_size += t->roots_size;
}

/* ---- filling them ------------------------------------------------------------------ */

/* What is being made, and where the kernel will see it. */
struct mv_maker {
    struct mv_systab            *t;
    const struct mv_kernel_info *kernel;
    uint64_t                     table;     /* address of the table */
    uint64_t                     ram;       /* from a physical address to the kernel's own */
};

static inline void mv_object_put(const struct mv_maker *m, enum mv_area area, uint32_t size, uint32_t i,
                                 struct mv_field f, uint64_t value)
{
    memcpy((char *)m->t + m->t->objects[area] + (uint64_t)i * size + f.at, &value, f.size);
}
#define MV_PUT(object, area, i, field, value)                                              \
    mv_object_put(m, MV_AREA_##area, m->kernel->sizes.object, i, m->kernel->fields.object##_##field, value)
/* Addresses of an object, of a record, of a slot. */
#define MV_OBJECT_AT(object, area, i)                                                      \
    (m->table + m->t->objects[MV_AREA_##area] + (uint64_t)(i) * m->kernel->sizes.object)
#define MV_RECORD_AT(type, array, i)                                                       \
    (m->table + m->t->array.offset + (uint64_t)(i) * sizeof(struct mv_sys_##type))

/* Page-table memory: root tables largest first, so that each is aligned to its
 * own size; then the pools. */
static inline void mv_make_tables(struct mv_systab *t)
{
    uint64_t at = t->tables_base + t->roots_size;

    for (uint32_t i = 0; i < t->cells.count; i++) {
        struct mv_sys_cell *c = MV_RECORD(cell, cells, i);

        c->pool = at;
        at += (uint64_t)c->table_pages * MV_PAGE_SIZE;
    }
    at = t->tables_base;
    for (uint64_t bytes = UINT64_C(8) << 13; bytes >= 8; bytes /= 2) {
        for (uint32_t i = 0; i < t->spaces.count; i++) {
            struct mv_sys_space *p = MV_RECORD(space, spaces, i);

            if (mv_root_bytes(p->address_bits) == bytes) {
                p->root = at;
                at += bytes;
            }
        }
    }
}

/* As the PS and PARange fields count: the size that holds addresses of so many bits. */
static inline uint32_t mv_pa_range(uint32_t bits)
{
    return bits <= 32 ? 0 : bits <= 36 ? 1 : bits <= 40 ? 2 : bits <= 42 ? 3 : bits <= 44 ? 4 : 5;
}

/* Bits of the highest physical address of RAM and of devices. */
static inline uint32_t mv_physical_bits(const struct mv_systab *t)
{
    const uint64_t devices[] = { t->gic_distributor, t->gic_cpu_interface, t->gic_redistributors + t->gic_redistributors_size,
                                 t->gic_hypervisor, t->uart, t->smmu };
    uint64_t top = t->ram_base + t->ram_size;
    uint32_t bits = 0;

    for (uint32_t i = 0; i < t->extents.count; i++) {
        const struct mv_sys_extent *e = MV_RECORD(extent, extents, i);

        top = e->base + e->size > top ? e->base + e->size : top;
    }
    for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
        top = devices[i] + MV_PAGE_SIZE > top ? devices[i] + MV_PAGE_SIZE : top;
    while (bits < 64 && (top - 1) >> bits != 0)
        bits++;
    return bits;
}

static inline void mv_make_spaces(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;
    uint32_t physical = mv_physical_bits(t);

    for (uint32_t i = 0; i < t->spaces.count; i++) {
        const struct mv_sys_space *s = MV_RECORD(space, spaces, i);
        bool level_1 = s->address_bits > 34;

        MV_PUT(space, SPACES, i, cell, MV_OBJECT_AT(cell, CELLS, s->cell));
        MV_PUT(space, SPACES, i, cores, s->cores);
        MV_PUT(space, SPACES, i, address_bits, s->address_bits);
        MV_PUT(space, SPACES, i, index, i);
        MV_PUT(space, SPACES, i, root, s->root);
        MV_PUT(space, SPACES, i, start_level, level_1 ? 30 : 21);
        MV_PUT(space, SPACES, i, several_cores, (s->cores & (s->cores - 1)) != 0);
        MV_PUT(space, SPACES, i, of_vm, s->kind == MV_VCPU_VM);
        /* The VMID; 0 is the kernel's own. */
        MV_PUT(space, SPACES, i, vttbr, (uint64_t)(i + 1) << 48 | s->root);
        /* PS: what is reached, and no less than what a space spans. */
        MV_PUT(space, SPACES, i, vtcr,
               UINT64_C(1) << 31                           /* RES1 */
               | mv_pa_range(physical > s->address_bits ? physical : s->address_bits) << 16
               | 3u << 12 | 1u << 10 | 1u << 8             /* walks: Inner Shareable, write-back */
               | (level_1 ? 1u : 0u) << 6                  /* SL0 */
               | (64 - s->address_bits));                  /* T0SZ */
    }
}

static inline void mv_make_cells(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;

    for (uint32_t i = 0; i < t->cells.count; i++) {
        const struct mv_sys_cell *c = MV_RECORD(cell, cells, i);

        MV_PUT(cell, CELLS, i, sys, MV_RECORD_AT(cell, cells, i));
        MV_PUT(cell, CELLS, i, vcpus, MV_OBJECT_AT(vcpu, VCPUS, c->first_vcpu));
        MV_PUT(cell, CELLS, i, spaces, MV_OBJECT_AT(space, SPACES, c->first_space));
        MV_PUT(cell, CELLS, i, streams, MV_OBJECT_AT(stream, STREAMS, c->first_stream));
        MV_PUT(cell, CELLS, i, index, i);
        MV_PUT(cell, CELLS, i, pool_next, c->pool);
    }
}

/* The core, the state and the keys are the kernel's to make. */
static inline void mv_make_vcpus(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;
    uint32_t fp = 0, vm = 0, slot = 0;

    for (uint32_t i = 0; i < MV_CORES_MAX; i++)
        slot += t->core_timers[i];
    for (uint32_t i = 0; i < t->vcpus.count; i++) {
        const struct mv_sys_vcpu *v = MV_RECORD(vcpu, vcpus, i);
        const struct mv_sys_cell *c = MV_RECORD(cell, cells, v->cell);

        MV_PUT(vcpu, VCPUS, i, sys, MV_RECORD_AT(vcpu, vcpus, i));
        MV_PUT(vcpu, VCPUS, i, cell, MV_OBJECT_AT(cell, CELLS, v->cell));
        MV_PUT(vcpu, VCPUS, i, index, i);
        MV_PUT(vcpu, VCPUS, i, number, i - c->first_vcpu);
        MV_PUT(vcpu, VCPUS, i, caps, MV_OBJECT_AT(cap, CAPS, c->first_cap));
        MV_PUT(vcpu, VCPUS, i, cap_count, c->cap_count);
        MV_PUT(vcpu, VCPUS, i, own_rank, MV_RANK(v->context.priority));
        MV_PUT(vcpu, VCPUS, i, rank, MV_RANK(v->context.priority));
        MV_PUT(vcpu, VCPUS, i, context, MV_OBJECT_AT(vcpu, VCPUS, i) + m->kernel->own_context);
        MV_PUT(vcpu, VCPUS, i, has_device, v->has_device != 0);
        MV_PUT(vcpu, VCPUS, i, virq_enabled, UINT64_MAX);
        MV_PUT(vcpu, VCPUS, i, callers_slot, MV_OBJECT_AT(heap_slot, HEAPS, slot));
        MV_PUT(vcpu, VCPUS, i, callers_capacity, v->callers_max);
        slot += v->callers_max;
        if (v->message_buffer != 0)
            MV_PUT(vcpu, VCPUS, i, buffer, v->message_buffer + m->ram);
        if (v->fault_portal != MV_NONE)
            MV_PUT(vcpu, VCPUS, i, fault_portal, MV_OBJECT_AT(portal, PORTALS, v->fault_portal));
        if (v->has_fp != 0)
            MV_PUT(vcpu, VCPUS, i, fp, MV_OBJECT_AT(fp, FPS, fp++));
        if (v->kind == MV_VCPU_VM) {
            MV_PUT(vm, VMS, vm, vcpu, MV_OBJECT_AT(vcpu, VCPUS, i));
            MV_PUT(vm, VMS, vm, vgic, MV_OBJECT_AT(vgic, VGICS, v->vgic));
            MV_PUT(vm, VMS, vm, bells, MV_OBJECT_AT(bell_slot, BELLS, MV_RECORD(vgic, vgics, v->vgic)->first_bell));
            MV_PUT(vm, VMS, vm, bell_address, MV_RECORD(vgic, vgics, v->vgic)->bell_address);
            MV_PUT(vm, VMS, vm, bell_count, MV_RECORD(vgic, vgics, v->vgic)->bell_count);
            MV_PUT(vcpu, VCPUS, i, vm, MV_OBJECT_AT(vm, VMS, vm++));
        }
    }
}

static inline void mv_make_portals(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;

    for (uint32_t i = 0; i < t->portals.count; i++) {
        const struct mv_sys_portal *p = MV_RECORD(portal, portals, i);

        MV_PUT(portal, PORTALS, i, sys, MV_RECORD_AT(portal, portals, i));
        MV_PUT(portal, PORTALS, i, server, MV_OBJECT_AT(vcpu, VCPUS, p->server));
        MV_PUT(portal, PORTALS, i, ceiling, MV_RANK(p->context.priority));
        MV_PUT(portal, PORTALS, i, context_rank, MV_RANK(p->context.priority));
    }
}

static inline void mv_make_contexts(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;
    uint32_t budget = 0, vcpus = t->vcpus.count;

    for (uint32_t i = 0; i < vcpus + t->portals.count; i++) {
        const struct mv_sys_context *c = mv_context_record(t, i);
        uint64_t record = i < vcpus ? MV_RECORD_AT(vcpu, vcpus, i) + offsetof(struct mv_sys_vcpu, context) :
                          MV_RECORD_AT(portal, portals, i - vcpus) + offsetof(struct mv_sys_portal, context);
        uint64_t at = c->budget_ns == 0 ? 0 : MV_OBJECT_AT(budget, BUDGETS, budget);
        uint32_t limits = c->partition | (at == 0 ? 0 : MV_LIMITS_BUDGET);

        if (at != 0)
            MV_PUT(budget, BUDGETS, budget++, sys, record);
        if (i < vcpus) {
            MV_PUT(vcpu, VCPUS, i, own_budget, at);
            MV_PUT(vcpu, VCPUS, i, own_limits, limits);
        } else {
            MV_PUT(portal, PORTALS, i - vcpus, context_budget, at);
            MV_PUT(portal, PORTALS, i - vcpus, context_limits, limits);
        }
    }
}

static inline void mv_make_virqs(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;

    uint32_t limit = 0;

    for (uint32_t i = 0; i < t->virqs.count; i++) {
        const struct mv_sys_virq *q = MV_RECORD(virq, virqs, i);
        uint64_t at = MV_OBJECT_AT(virq, VIRQS, i);
        const struct mv_field slot = { 0, 8 };

        MV_PUT(virq, VIRQS, i, sink, MV_OBJECT_AT(vcpu, VCPUS, q->sink));
        MV_PUT(virq, VIRQS, i, line, q->line);
        MV_PUT(virq, VIRQS, i, source, q->source);
        MV_PUT(virq, VIRQS, i, interrupt, q->interrupt);
        MV_PUT(virq, VIRQS, i, edge, q->edge != 0);
        MV_PUT(virq, VIRQS, i, guest_interrupt, q->guest_interrupt);
        /* A sink's lines lie in a row. */
        MV_PUT(vcpu, VCPUS, q->sink, lines, MV_OBJECT_AT(virq, VIRQS, i - q->line));
        MV_PUT(vcpu, VCPUS, q->sink, line_count, q->line + 1);
        if (q->source == MV_VIRQ_DEVICE)
            mv_object_put(m, MV_AREA_IRQS, m->kernel->sizes.irq_slot, q->interrupt - t->irq_first, slot, at);
        if (q->limit_ns != 0) {
            MV_PUT(virq, VIRQS, i, limit, MV_OBJECT_AT(limit, LIMITS, limit));
            MV_PUT(limit, LIMITS, limit, virq, at);
            MV_PUT(limit, LIMITS, limit, sys, MV_RECORD_AT(virq, virqs, i));
            limit++;
        }
    }
    for (uint32_t i = 0; i < t->timers.count; i++) {
        uint32_t virq = MV_RECORD(timer, timers, i)->virq, shortest = MV_RECORD(timer, timers, i)->shortest_us;

        MV_PUT(timer, TIMERS, i, virq, MV_OBJECT_AT(virq, VIRQS, virq));
        MV_PUT(timer, TIMERS, i, shortest, UINT64_C(1000) * (shortest == 0 ? MV_TIMER_SHORTEST_US : shortest));
        MV_PUT(virq, VIRQS, virq, timer, MV_OBJECT_AT(timer, TIMERS, i));
    }
}

/* Interrupt `id` of a bank is physical interrupt `physical`. */
static inline void mv_make_physical(const struct mv_maker *m, uint32_t bank, uint32_t id, uint32_t physical)
{
    struct mv_field f = m->kernel->fields.vgic_bank_physical;

    f.at = (f.at + f.size * (id % 32)) & 0xfffu;
    mv_object_put(m, MV_AREA_VGIC_BANKS, m->kernel->sizes.vgic_bank, bank + id / 32, f, physical);
}

static inline void mv_make_vgics(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;
    uint32_t bank = 0;

    for (uint32_t i = 0; i < t->vgics.count; i++) {
        const struct mv_sys_vgic *g = MV_RECORD(vgic, vgics, i);

        MV_PUT(vgic, VGICS, i, sys, MV_RECORD_AT(vgic, vgics, i));
        MV_PUT(vgic, VGICS, i, vcpus, MV_OBJECT_AT(vcpu, VCPUS, g->first_vcpu));
        MV_PUT(vgic, VGICS, i, banks, MV_OBJECT_AT(vgic_bank, VGIC_BANKS, bank));
        for (uint32_t v = 0; v < g->vcpu_count; v++)
            mv_make_physical(m, bank + v, MV_GUEST_PPI_VTIMER, t->virtual_timer_interrupt);
        bank += g->vcpu_count;
        for (uint32_t k = 0; k < t->virqs.count; k++) {
            const struct mv_sys_virq *q = MV_RECORD(virq, virqs, k);

            if (q->sink == g->first_vcpu && q->source == MV_VIRQ_DEVICE)
                mv_make_physical(m, bank - 1, q->guest_interrupt, q->interrupt);
        }
        bank += g->spi_banks;
    }
    for (uint32_t i = 0; i < t->bells.count; i++) {
        const struct mv_field slot = { 0, 8 };
        uint32_t virq = MV_RECORD(bell, bells, i)->virq;

        if (virq != MV_NONE)
            mv_object_put(m, MV_AREA_BELLS, m->kernel->sizes.bell_slot, i, slot, MV_OBJECT_AT(virq, VIRQS, virq));
    }
}

static inline void mv_make_streams(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;

    for (uint32_t i = 0; i < t->streams.count; i++) {
        const struct mv_sys_stream *s = MV_RECORD(stream, streams, i);

        MV_PUT(stream, STREAMS, i, sys, MV_RECORD_AT(stream, streams, i));
        MV_PUT(stream, STREAMS, i, id, s->id);
        MV_PUT(stream, STREAMS, i, cell, s->cell);
        MV_PUT(stream, STREAMS, i, status, MV_RECORD(cell, cells, s->cell)->autostart != 0 ? MV_STREAM_PASSES : MV_STREAM_STOPPED);
        if (s->virq != MV_NONE)
            MV_PUT(stream, STREAMS, i, virq, MV_OBJECT_AT(virq, VIRQS, s->virq));
    }
}

/* Address of what a capability names; 0 for trace and system. */
static inline uint64_t mv_cap_object(const struct mv_maker *m, const struct mv_sys_cap *c)
{
    switch ((enum mv_type)c->type) {
    case MV_TYPE_CELL:    return MV_OBJECT_AT(cell, CELLS, c->object);
    case MV_TYPE_VCPU:    return MV_OBJECT_AT(vcpu, VCPUS, c->object);
    case MV_TYPE_SPACE:   return MV_OBJECT_AT(space, SPACES, c->object);
    case MV_TYPE_SEGMENT: return MV_RECORD_AT(segment, segments, c->object);
    case MV_TYPE_PORTAL:  return MV_OBJECT_AT(portal, PORTALS, c->object);
    case MV_TYPE_VIRQ:    return MV_OBJECT_AT(virq, VIRQS, c->object);
    case MV_TYPE_TIMER:   return MV_OBJECT_AT(timer, TIMERS, c->object);
    case MV_TYPE_VGIC:    return MV_OBJECT_AT(vgic, VGICS, c->object);
    case MV_TYPE_STREAM:  return MV_OBJECT_AT(stream, STREAMS, c->object);
    default:              return 0;
    }
}

static inline void mv_make_caps(const struct mv_maker *m)
{
    const struct mv_systab *t = m->t;

    for (uint32_t i = 0; i < t->caps.count; i++) {
        const struct mv_sys_cap *c = MV_RECORD(cap, caps, i);

        MV_PUT(cap, CAPS, i, object, mv_cap_object(m, c));
        MV_PUT(cap, CAPS, i, rights, c->rights);
        MV_PUT(cap, CAPS, i, badge, c->badge);
    }
}

/*
 * Make the objects of a table that mv_objects_place() has placed, with zeros
 * where they will be. `table` is where the kernel sees it; `ram` what turns a
 * physical address into one of the kernel's, 0 where it maps RAM where it is.
 */
static inline void mv_objects_make(struct mv_systab *t, const struct mv_kernel_info *kernel, uint64_t table,
                                   uint64_t ram)
{
    struct mv_maker m = { t, kernel, table, ram };

    mv_make_tables(t);
    mv_make_spaces(&m);
    mv_make_cells(&m);
    mv_make_vcpus(&m);
    mv_make_portals(&m);
    mv_make_contexts(&m);
    mv_make_virqs(&m);
    mv_make_vgics(&m);
    mv_make_streams(&m);
    mv_make_caps(&m);
    t->sizes = kernel->sizes;
}
