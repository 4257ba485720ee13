/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * look FILE: reads a built system.elf as the kernel would and checks that its
 * table holds together. Says what does not and ends with status 1.
 * look FILE CELL OUT: also writes the device tree of that virtual machine.
 * look FILE times: also says what the table has of budgets, windows and limits.
 */
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mv/guest.h>
#include <mv/objects.h>

static char *image;
static uint64_t base, length;
static const struct mv_systab *t;
static int wrong;

#define EXPECT(x) \
    do { \
        if (!(x)) { \
            printf("line %d: not true: %s\n", __LINE__, #x); \
            wrong = 1; \
        } \
    } while (0)

#define ARRAY(type, field) ((const struct type *)mv_systab_array(t, t->field))
#define EACH(type, field, r) \
    for (const struct type *r = ARRAY(type, field); r < ARRAY(type, field) + t->field.count; r++)

static bool overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static bool in_ram(uint64_t at, uint64_t size)
{
    return at >= t->ram_base && size <= t->ram_size && at - t->ram_base <= t->ram_size - size;
}

static void check_arrays(void)
{
    const struct mv_array arrays[] = { t->cells, t->vcpus, t->spaces, t->segments, t->extents, t->portals, t->virqs,
                                       t->timers, t->caps, t->mappings, t->loads, t->vgics, t->bells, t->streams, t->schedules,
                                       t->windows };

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        EXPECT(arrays[i].offset % 8 == 0 && arrays[i].offset <= t->size);
    EXPECT(t->loads.offset + t->loads.count * sizeof(struct mv_sys_load) <= t->size);
    EXPECT(t->caps.offset + t->caps.count * sizeof(struct mv_sys_cap) <= t->size);
    EXPECT(t->cells.count <= MV_CELLS_MAX && t->vcpus.count <= MV_VCPUS_MAX && t->spaces.count <= MV_SPACES_MAX);
}

/* What mv_objects_place() makes of the records is what stands there. */
static void check_layout(void)
{
    struct mv_systab *again = malloc(t->size);

    if (!again)
        exit(1);
    memcpy(again, t, t->size);
    again->size = 0;
    mv_objects_place(again, &t->sizes);
    EXPECT(!memcmp(again, t, sizeof *t));
    free(again);
}

static void check_cells(void)
{
    uint32_t caps = 0, vcpus = 0, spaces = 0, loads = 0, index = 0;

    EACH(mv_sys_cell, cells, c) {
        EXPECT(c->first_cap == caps && c->first_vcpu == vcpus && c->first_space == spaces && c->first_load == loads);
        EXPECT(c->cap_count >= 1 && ARRAY(mv_sys_cap, caps)[c->first_cap].type == MV_TYPE_NONE);
        EXPECT(c->name[0] && c->name[MV_NAME_BYTES - 1] == 0);
        caps += c->cap_count;
        vcpus += c->vcpu_count;
        spaces += c->space_count;
        loads += c->load_count;
        for (uint32_t i = 0; i < c->vcpu_count; i++)
            EXPECT(ARRAY(mv_sys_vcpu, vcpus)[c->first_vcpu + i].cell == index);
        for (uint32_t i = 0; i < c->space_count; i++)
            EXPECT(ARRAY(mv_sys_space, spaces)[c->first_space + i].cell == index);
        index++;
    }
    EXPECT(caps == t->caps.count && vcpus == t->vcpus.count && spaces == t->spaces.count && loads == t->loads.count);
}

/* The physical address that a mapping of the space gives to an address, 0: none. */
static uint64_t translate(uint32_t space, uint64_t address, uint32_t rights)
{
    const struct mv_sys_space *p = &ARRAY(mv_sys_space, spaces)[space];

    for (uint32_t i = 0; i < p->mapping_count; i++) {
        const struct mv_sys_mapping *m = &ARRAY(mv_sys_mapping, mappings)[p->first_mapping + i];
        const struct mv_sys_segment *g = &ARRAY(mv_sys_segment, segments)[m->segment];

        if (address >= m->address && address - m->address < m->size && (m->rights & rights) == rights && g->extent_count == 1)
            return ARRAY(mv_sys_extent, extents)[g->first_extent].base + m->offset + (address - m->address);
    }
    return 0;
}

/* Does its cell see registers of a device? */
static uint32_t sees_device(const struct mv_sys_vcpu *v)
{
    const struct mv_sys_cell *c = &ARRAY(mv_sys_cell, cells)[v->cell];

    for (uint32_t p = 0; p < c->space_count; p++) {
        const struct mv_sys_space *space = &ARRAY(mv_sys_space, spaces)[c->first_space + p];

        for (uint32_t i = 0; i < space->mapping_count; i++)
            if (ARRAY(mv_sys_segment, segments)[ARRAY(mv_sys_mapping, mappings)[space->first_mapping + i].segment].memory == MV_MEMORY_DEVICE)
                return 1;
    }
    return 0;
}

static void check_native(const struct mv_sys_vcpu *v)
{
    EXPECT(v->has_device == sees_device(v));
    EXPECT(v->kind == MV_VCPU_NATIVE && v->start == 1 && v->vgic == MV_NONE);
    EXPECT(v->stack % 16 == 0 && translate(v->space, v->stack - 8, MV_MAP_READ | MV_MAP_WRITE));
    EXPECT(translate(v->space, v->message_address, MV_MAP_READ | MV_MAP_WRITE) == v->message_buffer);
    EXPECT(v->message_buffer % MV_PAGE_SIZE == 0 && in_ram(v->message_buffer, MV_PAGE_SIZE));
}

/* The load that fills the guest's memory at an address, or NULL. */
static const struct mv_sys_load *load_at(const struct mv_sys_vcpu *v, uint64_t address)
{
    const struct mv_sys_cell *c = &ARRAY(mv_sys_cell, cells)[v->cell];
    uint64_t place = translate(v->space, address, MV_MAP_READ);

    for (uint32_t i = 0; i < c->load_count; i++) {
        const struct mv_sys_load *l = &ARRAY(mv_sys_load, loads)[c->first_load + i];

        if (place && l->destination == place && l->file_size)
            return l;
    }
    return NULL;
}

/* A guest starts by the boot protocol, and its VMM serves its exits. */
static void check_guest(const struct mv_sys_vcpu *v)
{
    uint32_t number = (uint32_t)(v - ARRAY(mv_sys_vcpu, vcpus)) - ARRAY(mv_sys_cell, cells)[v->cell].first_vcpu;
    const struct mv_sys_load *kernel = load_at(v, v->entry), *tree = load_at(v, v->argument);
    const struct mv_sys_portal *exits = &ARRAY(mv_sys_portal, portals)[v->fault_portal];

    EXPECT(v->has_fp == 1 && v->start == (number == 0) && v->has_device == sees_device(v));
    EXPECT(v->message_buffer == 0 && v->callers_max == 0);
    EXPECT(v->entry % MV_PAGE_SIZE == 0 && v->entry >= MV_GUEST_RAM && v->argument % 8 == 0);
    EXPECT(kernel && !memcmp(image + (kernel->source - base) + 56, "ARM\x64", 4));
    EXPECT(tree && !memcmp(image + (tree->source - base), "\xd0\x0d\xfe\xed", 4));
    EXPECT(v->vgic < t->vgics.count && v->fault_portal < t->portals.count && v->fault_badge == number);
    EXPECT(ARRAY(mv_sys_vcpu, vcpus)[exits->server].core == v->core && ARRAY(mv_sys_vcpu, vcpus)[exits->server].kind == MV_VCPU_NATIVE);
    /* The VMM has the same memory at the same place. */
    EXPECT(translate(v->space, MV_GUEST_RAM, 7) == translate(ARRAY(mv_sys_vcpu, vcpus)[exits->server].space, MV_GUEST_RAM, 3));
    EXPECT(translate(v->space, MV_GUEST_RAM, 7) % MV_BLOCK_SIZE == 0);
    if (t->gic_version == 2)
        EXPECT(translate(v->space, MV_GUEST_GICC, 3));
}

static void check_vgics(void)
{
    EACH(mv_sys_vgic, vgics, g) {
        const struct mv_sys_vcpu *v = &ARRAY(mv_sys_vcpu, vcpus)[g->first_vcpu];
        const struct mv_sys_cell *c = &ARRAY(mv_sys_cell, cells)[v->cell];

        EXPECT(g->vcpu_count >= 1 && g->vcpu_count <= MV_VM_VCPUS_MAX);
        EXPECT(c->first_vcpu == g->first_vcpu && c->vcpu_count == g->vcpu_count);
        EXPECT(g->spi_banks == MV_GUEST_SPI_BANKS && g->sgi_register == (t->gic_version == 2 ? MV_GUEST_GICD + 0xf00u : 0));
        for (uint32_t i = 0; i < g->vcpu_count; i++)
            EXPECT(v[i].kind == MV_VCPU_VM && v[i].vgic == (uint32_t)(g - ARRAY(mv_sys_vgic, vgics)));
    }
    if (t->vgics.count) {
        EXPECT(t->maintenance_interrupt >= 16 && t->maintenance_interrupt < 32);
        EXPECT(t->virtual_timer_interrupt >= 16 && t->virtual_timer_interrupt < 32);
        EXPECT((t->gic_version == 2) == (t->gic_hypervisor != 0));
    }
}

/* Can any cell raise it by a capability? */
static bool has_raiser(uint32_t virq)
{
    EACH(mv_sys_cap, caps, c)
        if (c->type == MV_TYPE_VIRQ && c->object == virq && (c->rights & MV_RIGHT_VIRQ_RAISE))
            return true;
    return false;
}

/* Bells are vIRQs of native vCPUs that only the kernel raises. */
static void check_bells(void)
{
    uint32_t bells = 0;

    EACH(mv_sys_vgic, vgics, g) {
        EXPECT(g->first_bell == bells && g->bell_count <= t->bells.count - bells);
        EXPECT(g->bell_address == MV_GUEST_VIRTIO + MV_GUEST_VIRTIO_IO * MV_GUEST_VIRTIO_BYTES + MV_GUEST_VIRTIO_NOTIFY);
        bells += g->bell_count;
    }
    EXPECT(bells == t->bells.count);
    EACH(mv_sys_bell, bells, b) {
        const struct mv_sys_virq *q = &ARRAY(mv_sys_virq, virqs)[b->virq];

        EXPECT(b->virq < t->virqs.count && q->source == MV_VIRQ_SOFT && !has_raiser(b->virq));
        EXPECT(ARRAY(mv_sys_vcpu, vcpus)[q->sink].kind == MV_VCPU_NATIVE);
        for (const struct mv_sys_bell *o = ARRAY(mv_sys_bell, bells); o < b; o++)
            EXPECT(o->virq != b->virq);
    }
}

/* Streams lie in the order of their cells; each number once. What tells of their
 * faults is a vIRQ that only the kernel raises. */
static void check_streams(void)
{
    const struct mv_sys_stream *all = ARRAY(mv_sys_stream, streams);
    uint32_t next = 0, index = 0;

    EACH(mv_sys_cell, cells, c) {
        EXPECT(c->stream_count == 0 || c->first_stream == next);
        for (uint32_t i = 0; i < c->stream_count && next < t->streams.count; i++)
            EXPECT(all[next++].cell == index);
        index++;
    }
    EXPECT(next == t->streams.count);
    EACH(mv_sys_stream, streams, k) {
        const struct mv_sys_virq *q = &ARRAY(mv_sys_virq, virqs)[k->virq];

        if (k->virq != MV_NONE)
            EXPECT(k->virq < t->virqs.count && q->source == MV_VIRQ_SOFT && !has_raiser(k->virq));
        for (const struct mv_sys_stream *o = all; o < k; o++)
            EXPECT(o->id != k->id);
    }
}

/* A vIRQ to a machine is an interrupt of its own there, at its first vCPU. */
static void check_guest_interrupt(const struct mv_sys_virq *q)
{
    const struct mv_sys_vcpu *v = &ARRAY(mv_sys_vcpu, vcpus)[q->sink];

    if (v->kind == MV_VCPU_NATIVE) {
        EXPECT(q->guest_interrupt == 0);
        return;
    }
    EXPECT(ARRAY(mv_sys_vgic, vgics)[v->vgic].first_vcpu == q->sink);
    EXPECT(q->source != MV_VIRQ_TIMER && q->guest_interrupt >= 32 && q->guest_interrupt < 32 + 32 * MV_GUEST_SPI_BANKS);
    for (const struct mv_sys_virq *o = ARRAY(mv_sys_virq, virqs); o < q; o++)
        EXPECT(o->sink != q->sink || o->guest_interrupt != q->guest_interrupt);
}

static void check_vcpus(void)
{
    uint64_t lines[MV_VCPUS_MAX] = { 0 };

    EACH(mv_sys_vcpu, vcpus, v) {
        EXPECT(v->core < t->core_count && v->context.priority < MV_PRIORITIES);
        EXPECT(ARRAY(mv_sys_space, spaces)[v->space].cell == v->cell);
        EXPECT(ARRAY(mv_sys_space, spaces)[v->space].cores >> v->core & 1);
        EXPECT(ARRAY(mv_sys_space, spaces)[v->space].kind == v->kind);
        EXPECT(translate(v->space, v->entry, MV_MAP_READ | MV_MAP_EXECUTE));
        if (v->kind == MV_VCPU_VM)
            check_guest(v);
        else
            check_native(v);
        EXPECT(v->fault_portal == MV_NONE || v->fault_portal < t->portals.count);
    }
    EACH(mv_sys_portal, portals, p) {
        EXPECT(p->server < t->vcpus.count);
        EXPECT(p->context.priority >= ARRAY(mv_sys_vcpu, vcpus)[p->server].context.priority);
    }
    EACH(mv_sys_virq, virqs, q) {
        EXPECT(q->sink < t->vcpus.count && q->line < MV_LINES_MAX && !(lines[q->sink] >> q->line & 1));
        /* A sink's lines lie in a row, from 0. */
        EXPECT(q->line == (q > ARRAY(mv_sys_virq, virqs) && q[-1].sink == q->sink ? q[-1].line + 1 : 0));
        lines[q->sink] |= UINT64_C(1) << q->line;
        check_guest_interrupt(q);
        if (q->source == MV_VIRQ_DEVICE)
            EXPECT(q->interrupt >= 32 && q->interrupt >= t->irq_first && q->interrupt - t->irq_first < t->irq_count);
    }
    EACH(mv_sys_timer, timers, m)
        EXPECT(m->virq < t->virqs.count && ARRAY(mv_sys_virq, virqs)[m->virq].source == MV_VIRQ_TIMER);
}

static void check_context(const struct mv_sys_context *c)
{
    EXPECT(c->priority < MV_PRIORITIES && c->partition < MV_PARTITIONS_MAX && c->exhausted <= MV_EXHAUSTED_FAULT);
    EXPECT(c->budget_ns <= c->period_ns && (c->budget_ns == 0) == (c->period_ns == 0));
    EXPECT(c->partition == 0 || t->schedules.count != 0);
}

/* Each core's windows of a table: from 0, rising, inside the frame, always with partition 0. */
static void check_windows(const struct mv_sys_schedule *f, uint32_t core)
{
    const struct mv_sys_window *w = ARRAY(mv_sys_window, windows) + f->first_window[core];

    EXPECT(f->window_count[core] >= 1 && f->first_window[core] + f->window_count[core] <= t->windows.count);
    EXPECT(w->start_ns == 0);
    for (uint32_t i = 0; i < f->window_count[core]; i++) {
        EXPECT(w[i].start_ns < f->frame_ns && (w[i].partitions & 1));
        EXPECT(i == 0 || w[i].start_ns > w[i - 1].start_ns);
    }
}

static void check_time(void)
{
    uint32_t windows = 0;

    EACH(mv_sys_vcpu, vcpus, v)
        check_context(&v->context);
    EACH(mv_sys_portal, portals, p) {
        check_context(&p->context);
        EXPECT(p->context.exhausted == MV_EXHAUSTED_WAIT && (p->recovery == 0 || p->bound_ns != 0));
        EXPECT(p->recovery == 0 || translate(ARRAY(mv_sys_vcpu, vcpus)[p->server].space, p->recovery, MV_MAP_READ | MV_MAP_EXECUTE));
    }
    EACH(mv_sys_virq, virqs, q)
        EXPECT((q->limit_ns == 0) == (q->limit_count == 0) && (q->limit_ns == 0 || q->source == MV_VIRQ_DEVICE));
    EXPECT(!(t->trace_mask & ~MV_TRACE_ALL) && (t->trace_mask == 0 || t->trace_bytes != 0));
    EACH(mv_sys_schedule, schedules, f)
        for (uint32_t core = 0; core < t->core_count; core++) {
            check_windows(f, core);
            windows += f->window_count[core];
        }
    EXPECT(windows == t->windows.count);
}

static void check_memory(void)
{
    EACH(mv_sys_segment, segments, g) {
        uint64_t size = 0;

        EXPECT(g->first_extent + g->extent_count <= t->extents.count);
        for (uint32_t i = 0; i < g->extent_count; i++) {
            const struct mv_sys_extent *e = &ARRAY(mv_sys_extent, extents)[g->first_extent + i];

            EXPECT(e->base % MV_PAGE_SIZE == 0 && e->size % MV_PAGE_SIZE == 0);
            EXPECT((g->memory == MV_MEMORY_NORMAL) == in_ram(e->base, e->size));
            size += e->size;
            /* Nothing lies over the kernel's own memory, and RAM has one use. */
            EXPECT(!overlaps(e->base, e->size, t->tables_base, t->tables_size));
            EXPECT(!overlaps(e->base, e->size, base + (uint64_t)((const char *)t - image), t->size));
            for (const struct mv_sys_extent *o = ARRAY(mv_sys_extent, extents); o < e; o++)
                EXPECT(g->memory == MV_MEMORY_DEVICE || !overlaps(o->base, o->size, e->base, e->size));
        }
        EXPECT(size == g->size);
    }
    EACH(mv_sys_load, loads, l) {
        bool inside = false;

        EACH(mv_sys_extent, extents, e)
            inside = inside || (l->destination >= e->base && l->destination + l->size <= e->base + e->size);
        EXPECT(inside && l->file_size <= l->size);
        EXPECT(l->destination % MV_PAGE_SIZE == 0 && l->size % MV_PAGE_SIZE == 0);
        EXPECT(l->file_size == 0 || (l->source >= base && l->source + l->file_size <= base + length));
    }
    EXPECT(in_ram(t->tables_base, t->tables_size) && t->tables_base % 0x10000 == 0 && t->tables_base >= base + length);
}

static void check_spaces(void)
{
    EACH(mv_sys_space, spaces, p)
        for (uint32_t i = 0; i < p->mapping_count; i++) {
            const struct mv_sys_mapping *m = &ARRAY(mv_sys_mapping, mappings)[p->first_mapping + i];

            EXPECT(m->segment < t->segments.count && m->address >= MV_PAGE_SIZE);
            EXPECT(m->address + m->size <= UINT64_C(1) << p->address_bits);
            EXPECT(m->offset + m->size <= ARRAY(mv_sys_segment, segments)[m->segment].size);
            EXPECT(!(m->rights & ~ARRAY(mv_sys_segment, segments)[m->segment].rights));
            /* A guest's own pages say what is executable. */
            EXPECT(p->kind == MV_VCPU_VM || (~m->rights & (MV_MAP_WRITE | MV_MAP_EXECUTE)));
            for (uint32_t j = 0; j < i; j++) {
                const struct mv_sys_mapping *o = &ARRAY(mv_sys_mapping, mappings)[p->first_mapping + j];

                EXPECT(!overlaps(o->address, o->size, m->address, m->size));
            }
        }
}

static void check_caps(void)
{
    static const uint32_t rights[MV_TYPE_COUNT] = {
        [MV_TYPE_PORTAL] = MV_RIGHT_PORTAL_CALL | MV_RIGHT_PORTAL_CALL_HELD,
        [MV_TYPE_VIRQ] = MV_RIGHT_VIRQ_RAISE | MV_RIGHT_VIRQ_HANDLE,
        [MV_TYPE_SPACE] = MV_RIGHT_SPACE_MAP | MV_RIGHT_SPACE_ENTER,
        [MV_TYPE_SEGMENT] = MV_RIGHT_SEGMENT_READ | MV_RIGHT_SEGMENT_WRITE | MV_RIGHT_SEGMENT_EXECUTE,
        [MV_TYPE_TIMER] = MV_RIGHT_TIMER_SET,
        [MV_TYPE_VCPU] = MV_RIGHT_VCPU_CONTROL,
        [MV_TYPE_CELL] = MV_RIGHT_CELL_CONTROL,
        [MV_TYPE_TRACE] = MV_RIGHT_TRACE_CONTROL | MV_RIGHT_TRACE_MARK,
        [MV_TYPE_SYSTEM] = MV_RIGHT_SYSTEM_CONTROL,
        [MV_TYPE_VGIC] = MV_RIGHT_VGIC_CONTROL, [MV_TYPE_STREAM] = MV_RIGHT_STREAM_CONTROL,
        [MV_TYPE_SCHEDULE] = MV_RIGHT_SCHEDULE_SWITCH,
    };
    const uint32_t counts[MV_TYPE_COUNT] = {
        [MV_TYPE_PORTAL] = t->portals.count, [MV_TYPE_VIRQ] = t->virqs.count, [MV_TYPE_SPACE] = t->spaces.count,
        [MV_TYPE_SEGMENT] = t->segments.count, [MV_TYPE_TIMER] = t->timers.count, [MV_TYPE_VCPU] = t->vcpus.count,
        [MV_TYPE_CELL] = t->cells.count, [MV_TYPE_TRACE] = 1, [MV_TYPE_SYSTEM] = 1, [MV_TYPE_NONE] = 1,
        [MV_TYPE_VGIC] = t->vgics.count, [MV_TYPE_STREAM] = t->streams.count,
        [MV_TYPE_SCHEDULE] = t->schedules.count ? 1 : 0,
    };

    /* As the kernel reads them. */
    const struct { uint64_t object; uint32_t rights, badge; } *in_place = (const void *)((const char *)t + t->objects[MV_AREA_CAPS]);
    uint64_t table = base + (uint64_t)((const char *)t - image);

    EXPECT(t->sizes.cap == sizeof *in_place);
    EACH(mv_sys_cap, caps, c) {
        EXPECT(c->type < MV_TYPE_COUNT && c->object < counts[c->type]);
        EXPECT(!(c->rights & ~rights[c->type]) && (c->type == MV_TYPE_NONE || c->rights));
        EXPECT(in_place->rights == c->rights && in_place->badge == c->badge);
        EXPECT((in_place->object == 0) == (c->type == MV_TYPE_NONE || c->type == MV_TYPE_TRACE || c->type == MV_TYPE_SYSTEM ||
                                                c->type == MV_TYPE_SCHEDULE));
        EXPECT(in_place->object == 0 || (in_place->object > table && in_place->object < table + t->size));
        in_place++;
    }
}

/* ---- the kernel's own address space ------------------------------------------------ */

static const struct mv_kernel_start *start;

/* The leaf that maps an address, 0: none; *size: what it maps. */
static uint64_t leaf(uint64_t address, uint64_t *size)
{
    uint64_t table = start->ttbr;

    for (unsigned shift = 30;; shift -= 9) {
        uint64_t entry, bytes = shift == 30 ? MV_KERNEL_ROOT_BYTES : MV_PAGE_SIZE;

        if (table < base || table - base + bytes > length) {
            EXPECT(!"a table lies in the image");
            return 0;
        }
        memcpy(&entry, image + (table - base) + (address >> shift) * 8 % bytes, 8);
        *size = UINT64_C(1) << shift;
        if (!(entry & 1) || shift == 12 || !(entry & 2))
            return entry & 1 ? entry : 0;
        table = entry & UINT64_C(0xfffffffff000);
    }
}

/* RAM and the kernel's devices where they are, nothing writable and executable,
 * executable only what the kernel is entered in, the stacks' guard pages not at all. */
static void check_paging(void)
{
    const uint64_t devices[] = { t->gic_distributor, t->gic_cpu_interface, t->gic_redistributors, t->gic_hypervisor, t->uart, t->smmu };
    uint64_t size;

    EXPECT(start->ttbr % MV_KERNEL_ROOT_BYTES == 0 && start->tables % MV_PAGE_SIZE == 0);
    EXPECT(leaf(start->tables - 2 * MV_PAGE_SIZE, &size) & 0x80);       /* under the first stack: read-only */
    for (uint64_t at = t->ram_base; at < t->ram_base + t->ram_size; at += size) {
        uint64_t entry = leaf(at, &size);
        bool guard = at >= start->tables && at < start->tables + 2 * MV_KERNEL_TABLES * MV_PAGE_SIZE &&
                     (at - start->tables) % (2 * MV_PAGE_SIZE) == 0;

        if (size > MV_BLOCK_SIZE)
            size = MV_BLOCK_SIZE;
        EXPECT(guard ? entry == 0 : (entry & UINT64_C(0xfffffffff000)) == at);
        EXPECT(guard || ((entry & 0x1c) == 0 && (entry & 0x740) == 0x740));     /* Normal, Inner Shareable, accessed */
        EXPECT(guard || (entry >> 54 & 1) || (entry & 0x80));                   /* XN, or read-only */
        if (at == base)
            EXPECT(!(entry >> 54 & 1));
        if (size == MV_BLOCK_SIZE || at < base || at >= start->tables)
            EXPECT(guard || ((entry >> 54 & 1) && !(entry & 0x80)));
    }
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        uint64_t entry = devices[i] ? leaf(devices[i], &size) : 0;

        EXPECT(!devices[i] || ((entry & UINT64_C(0xfffffffff000)) == (devices[i] & ~(size - 1)) && (entry & 0x1c) == 4 && entry >> 54 & 1));
    }
}

/* The variable mullion_start is the only one in the kernel's part of the image
 * that points to a table's magic number. */
static const struct mv_systab *find_table(void)
{
    for (uint64_t at = 0; at + sizeof *start <= length && at < 0x100000; at += 8) {
        uint64_t value;

        memcpy(&value, image + at, 8);
        if (value >= base && value - base + sizeof(struct mv_systab) <= length) {
            const struct mv_systab *found = (const void *)(image + (value - base));

            if (value % 8 == 0 && found->magic == MV_SYSTAB_MAGIC) {
                start = (const void *)(image + at);
                return found;
            }
        }
    }
    return NULL;
}

static bool load_image(const char *path)
{
    static char file[1 << 26];
    Elf64_Ehdr e;
    Elf64_Phdr p;
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(file, 1, sizeof file, f) : 0;

    if (f)
        fclose(f);
    if (n < sizeof e + sizeof p)
        return false;
    memcpy(&e, file, sizeof e);
    memcpy(&p, file + e.e_phoff, sizeof p);
    if (e.e_machine != EM_AARCH64 || p.p_offset + p.p_filesz > n)
        return false;
    image = aligned_alloc(64, mv_align_up(p.p_filesz, 64));
    if (!image)
        return false;
    memcpy(image, file + p.p_offset, p.p_filesz);
    base = p.p_paddr;
    length = p.p_filesz;
    return e.e_entry >= base && e.e_entry < base + length;
}

static bool write_tree(const char *name, const char *path)
{
    EACH(mv_sys_vcpu, vcpus, v) {
        const struct mv_sys_load *l = v->kind == MV_VCPU_VM ? load_at(v, v->argument) : NULL;
        FILE *f = l && !strcmp(ARRAY(mv_sys_cell, cells)[v->cell].name, name) ? fopen(path, "wb") : NULL;

        if (!f)
            continue;
        bool done = fwrite(image + (l->source - base), 1, l->file_size, f) == l->file_size;

        return fclose(f) == 0 && done;
    }
    return false;
}

static void say_windows(const struct mv_sys_schedule *f)
{
    printf("table %d: frame %llu ns\n", (int)(f - ARRAY(mv_sys_schedule, schedules)), (unsigned long long)f->frame_ns);
    for (uint32_t core = 0; core < t->core_count; core++) {
        printf("core %u:", core);
        for (uint32_t i = 0; i < f->window_count[core]; i++) {
            const struct mv_sys_window *w = &ARRAY(mv_sys_window, windows)[f->first_window[core] + i];
            uint32_t bit = 31;

            printf(" %llu ", (unsigned long long)w->start_ns);
            while (!(w->partitions >> bit))
                bit--;
            for (uint32_t k = bit + 1; k > 0; k--)
                putchar(w->partitions >> (k - 1) & 1 ? '1' : '0');
        }
        putchar('\n');
    }
}

static void say_times(void)
{
    static const char *const exhausted[] = { "wait", "background", "fault" };
    int n = 0;

    printf("trace 0x%x\n", t->trace_mask);
    EACH(mv_sys_schedule, schedules, f)
        say_windows(f);
    EACH(mv_sys_vcpu, vcpus, v)
        printf("vCPU %d: budget %llu of %llu, partition %u, %s\n", n++, (unsigned long long)v->context.budget_ns,
               (unsigned long long)v->context.period_ns, v->context.partition, exhausted[v->context.exhausted % 3]);
    n = 0;
    EACH(mv_sys_portal, portals, p)
        printf("portal %d: bound %llu, recovery %s\n", n++, (unsigned long long)p->bound_ns, p->recovery ? "yes" : "no");
    EACH(mv_sys_virq, virqs, q)
        if (q->limit_ns)
            printf("interrupt %u: %u in %llu ns\n", q->interrupt, q->limit_count, (unsigned long long)q->limit_ns);
    n = 0;
    EACH(mv_sys_timer, timers, m)
        printf("timer %d: %u us\n", n++, m->shortest_us);
    EACH(mv_sys_cell, cells, c)
        for (uint32_t i = c->first_cap; i < c->first_cap + c->cap_count; i++)
            if (ARRAY(mv_sys_cap, caps)[i].rights == MV_RIGHT_PORTAL_CALL_HELD)
                printf("held: cell %d, portal %u\n", (int)(c - ARRAY(mv_sys_cell, cells)), ARRAY(mv_sys_cap, caps)[i].object);
}

int main(int argc, char **argv)
{
    bool times = argc == 3 && !strcmp(argv[2], "times");

    if ((argc != 2 && argc != 4 && !times) || !load_image(argv[1]) || !(t = find_table())) {
        printf("this is not a system with a table\n");
        return 1;
    }
    EXPECT(t->size % 8 == 0 && (uint64_t)((const char *)t - image) + t->size <= length && mv_systab_checksum(t) == t->checksum);
    EXPECT(t->version == MV_SYSTAB_VERSION && t->core_count >= 1 && t->core_count <= MV_CORES_MAX);
    EXPECT(t->ram_base % MV_BLOCK_SIZE == 0 && t->ram_size % MV_BLOCK_SIZE == 0);
    check_arrays();
    check_layout();
    check_cells();
    check_vcpus();
    check_time();
    check_vgics();
    check_bells();
    check_streams();
    check_memory();
    check_spaces();
    check_caps();
    check_paging();
    if (argc == 4)
        EXPECT(write_tree(argv[2], argv[3]));
    if (times)
        say_times();
    free(image);
    return wrong;
}
