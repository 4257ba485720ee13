/* SPDX-License-Identifier: BSD-2-Clause */
/* The flat table that the kernel reads at boot. */
#include <assert.h>
#include <string.h>

#include <mv/guest.h>
#include <mv/objects.h>

#include "layout.h"

enum { GICD_SGIR = 0xf00 };
static_assert(MV_BELL_STEP == MV_GUEST_VIRTIO_BYTES, "a bell is a register of a virtio-mmio device");

/* Arrays are appended to the table, each aligned to 8. */
struct writer {
    struct text bytes;
};

static struct mv_array array_add(struct writer *w, const void *records, size_t count, size_t size)
{
    static const char zeros[8];
    struct mv_array a = { (uint32_t)w->bytes.length, (uint32_t)count };

    text_add(&w->bytes, records, count * size);
    text_add(&w->bytes, zeros, -w->bytes.length & 7);
    return a;
}

#define ARRAY_ADD(w, v) array_add(w, (v).at, (v).count, sizeof *(v).at)

typedef VEC(struct mv_sys_mapping) mappings_t;
typedef VEC(struct mv_sys_extent) extents_t;
typedef VEC(struct mv_sys_load) loads_t;
typedef VEC(struct mv_sys_bell) bells_t;

static void name_set(char *to, const char *from)
{
    size_t n = strlen(from);

    memcpy(to, from, n < MV_NAME_BYTES ? n : MV_NAME_BYTES - 1);
}

static uint64_t base_of(const struct segment *g)
{
    return g->extents.list.at[0].base;
}

/* ---- records ----------------------------------------------------------------------- */

static void write_segments(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_segment) out = { 0 };
    extents_t extents = { 0 };

    for (size_t i = 0; i < s->segments.count; i++) {
        const struct segment *g = s->segments.at[i];

        *vec_push(&out) = (struct mv_sys_segment){
            .first_extent = (uint32_t)extents.count,
            .extent_count = (uint32_t)g->extents.list.count,
            .rights = g->rights,
            .memory = g->kind == SEGMENT_DEVICE ? MV_MEMORY_DEVICE : MV_MEMORY_NORMAL,
            .size = g->size,
        };
        for (size_t e = 0; e < g->extents.list.count; e++)
            *vec_push(&extents) = (struct mv_sys_extent){ g->extents.list.at[e].base, g->extents.list.at[e].size };
    }
    t->segments = ARRAY_ADD(w, out);
    t->extents = ARRAY_ADD(w, extents);
}

static void write_spaces(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_space) out = { 0 };
    mappings_t mappings = { 0 };

    for (size_t i = 0; i < s->spaces.count; i++) {
        const struct space *p = s->spaces.at[i];
        uint32_t cores = 0;

        for (size_t v = 0; v < p->cell->vcpus.count; v++)
            if (p->cell->spaces.count > 1 || p->cell->vcpus.at[v]->space == p)
                cores |= 1u << p->cell->vcpus.at[v]->core;
        *vec_push(&out) = (struct mv_sys_space){
            .cell = p->cell->index,
            .address_bits = p->address_bits,
            .first_mapping = (uint32_t)mappings.count,
            .mapping_count = (uint32_t)p->mappings.count,
            .cores = cores,
            .kind = model_is_guest(p->cell) ? MV_VCPU_VM : MV_VCPU_NATIVE,
        };
        for (size_t m = 0; m < p->mappings.count; m++) {
            const struct mapping *g = p->mappings.at[m];

            *vec_push(&mappings) = (struct mv_sys_mapping){ g->segment->index, g->rights, g->address, g->offset, g->size };
        }
    }
    t->spaces = ARRAY_ADD(w, out);
    t->mappings = ARRAY_ADD(w, mappings);
}

static bool has_device(const struct cell *c)
{
    for (size_t i = 0; i < c->devices.count; i++)
        if (c->devices.at[i]->segment)
            return true;
    return c->functions.count || c->bridge;
}

static struct mv_sys_context context_of(const struct context *c, uint32_t priority)
{
    return (struct mv_sys_context){
        .budget_ns = c->budget_us * 1000,
        .period_ns = c->period_us * 1000,
        .partition = c->partition,
        .priority = priority,
        .exhausted = c->exhausted,
    };
}

/* What a native vCPU and one of a VM have alike. */
static struct mv_sys_vcpu vcpu_common(const struct vcpu *v)
{
    return (struct mv_sys_vcpu){
        .cell = v->cell->index,
        .core = v->core,
        .space = v->space->index,
        .context = context_of(&v->time, v->priority),
        .fault_portal = v->fault_portal ? v->fault_portal->index : MV_NONE,
        .fault_badge = v->fault_portal ? v->fault_badge : 0,
        .callers_max = v->callers_max,
        .has_fp = v->fp,
    };
}

static struct mv_sys_vcpu vcpu_native(const struct vcpu *v)
{
    struct mv_sys_vcpu r = vcpu_common(v);

    r.kind = MV_VCPU_NATIVE;
    r.entry = v->cell->entry;
    r.stack = v->stack_address + v->stack_size;
    r.message_buffer = base_of(v->cell->private_segment) + v->number * MV_PAGE_SIZE;
    r.message_address = v->message_address;
    r.argument = v->number;
    r.has_device = has_device(v->cell);
    r.start = 1;
    r.vgic = MV_NONE;
    return r;
}

/* The first starts as the boot protocol says, the others by PSCI. */
static struct mv_sys_vcpu vcpu_guest(const struct system *s, const struct vcpu *v)
{
    const struct vm *vm = v->cell->vm;
    struct mv_sys_vcpu r = vcpu_common(v);

    r.kind = MV_VCPU_VM;
    r.entry = vm->entry;
    r.argument = vm->tree.address;
    /* The GICv2's virtual CPU interface is a device in the machine's space. */
    r.has_device = s->board.gic_version == 2 || has_device(v->cell);
    r.start = v->number == 0;
    r.vgic = vm->index;
    return r;
}

static void write_vcpus(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_vcpu) out = { 0 };

    for (size_t i = 0; i < s->vcpus.count; i++) {
        const struct vcpu *v = s->vcpus.at[i];

        *vec_push(&out) = model_is_guest(v->cell) ? vcpu_guest(s, v) : vcpu_native(v);
    }
    t->vcpus = ARRAY_ADD(w, out);
}

/* A bell for each slot from the io cell's first on; the VMM answers the others. */
static void write_bells(const struct vm *vm, bells_t *bells)
{
    for (size_t i = 0; i < vm->io_devices.count; i++)
        *vec_push(bells) = (struct mv_sys_bell){ .virq = vm->io_devices.at[i]->bell->index };
}

static void write_vgics(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_vgic) out = { 0 };
    bells_t bells = { 0 };

    for (size_t i = 0; i < s->vms.count; i++) {
        const struct vm *vm = s->vms.at[i];

        *vec_push(&out) = (struct mv_sys_vgic){
            .first_vcpu = vm->cell->first_vcpu,
            .vcpu_count = (uint32_t)vm->cell->vcpus.count,
            .spi_banks = MV_GUEST_SPI_BANKS,
            .sgi_register = s->board.gic_version == 2 ? MV_GUEST_GICD + GICD_SGIR : 0,
            .first_bell = (uint32_t)bells.count,
            .bell_count = (uint32_t)vm->io_devices.count,
            .bell_address = MV_GUEST_VIRTIO + MV_GUEST_VIRTIO_IO * (uint64_t)MV_GUEST_VIRTIO_BYTES + MV_GUEST_VIRTIO_NOTIFY,
        };
        write_bells(vm, &bells);
    }
    t->vgics = ARRAY_ADD(w, out);
    t->bells = ARRAY_ADD(w, bells);
}

static void write_portals(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_portal) out = { 0 };

    for (size_t i = 0; i < s->portals.count; i++) {
        const struct portal *p = s->portals.at[i];

        *vec_push(&out) = (struct mv_sys_portal){
            .server = p->server->index,
            .bound_ns = p->bound_us * 1000,
            .recovery = p->bound_us ? p->cell->recover : 0,
            .context = context_of(&p->time, p->ceiling),
        };
    }
    t->portals = ARRAY_ADD(w, out);
}

static void write_virqs(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_virq) out = { 0 };
    VEC(struct mv_sys_timer) timers = { 0 };
    uint32_t first = UINT32_MAX, last = 0;

    for (size_t i = 0; i < s->virqs.count; i++) {
        const struct virq *v = s->virqs.at[i];

        *vec_push(&out) = (struct mv_sys_virq){
            .sink = v->sink->index, .line = v->line, .source = v->source, .interrupt = v->interrupt, .edge = v->edge,
            .guest_interrupt = v->guest_interrupt,
        };
        if (v->source == MV_VIRQ_DEVICE) {
            out.at[i].limit_count = v->cell->limit_count;
            out.at[i].limit_ns = v->cell->limit_us * 1000;
        }
        if (v->source == MV_VIRQ_DEVICE) {
            first = v->interrupt < first ? v->interrupt : first;
            last = v->interrupt > last ? v->interrupt : last;
        }
    }
    for (size_t i = 0; i < s->timers.count; i++)
        *vec_push(&timers) = (struct mv_sys_timer){ s->timers.at[i]->virq->index, (uint32_t)s->timers.at[i]->shortest_us };
    t->virqs = ARRAY_ADD(w, out);
    t->timers = ARRAY_ADD(w, timers);
    t->irq_first = last ? first : 0;
    t->irq_count = last ? last - first + 1 : 0;
}

static void write_caps(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_cap) out = { 0 };

    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        *vec_push(&out) = (struct mv_sys_cap){ .type = MV_TYPE_NONE };
        for (size_t k = 0; k < c->caps.count; k++)
            *vec_push(&out) = (struct mv_sys_cap){
                .type = c->caps.at[k].type,
                .object = c->caps.at[k].object ? *c->caps.at[k].object : 0,
                .rights = c->caps.at[k].rights,
                .badge = c->caps.at[k].badge,
            };
    }
    t->caps = ARRAY_ADD(w, out);
}

/* The first cell that can reach a segment, by mapping or capability. */
static const struct cell *first_user(const struct system *s, const struct segment *g)
{
    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        for (size_t k = 0; k < c->caps.count; k++)
            if (c->caps.at[k].type == MV_TYPE_SEGMENT && c->caps.at[k].object == &g->index)
                return c;
        for (size_t p = 0; p < c->spaces.count; p++)
            for (size_t m = 0; m < c->spaces.at[p]->mappings.count; m++)
                if (c->spaces.at[p]->mappings.at[m]->segment == g)
                    return c;
    }
    return NULL;
}

/* Whose start clears it. A link is its client's: the server's start must not take
 * from a client what has been done for it already. */
static const struct cell *clearer(const struct system *s, const struct segment *g)
{
    for (size_t i = 0; i < s->channels.count; i++)
        if (s->channels.at[i]->segment == g && s->channels.at[i]->link)
            return s->channels.at[i]->end[0].cell;
    return first_user(s, g);
}

/* Shared memory that is too large for the image is cleared when its first
 * user starts. What has a fixed place is left as the firmware left it. */
static void clear_large_segments(const struct system *s, const struct cell *c, loads_t *loads)
{
    for (size_t i = 0; i < s->segments.count; i++) {
        const struct segment *g = s->segments.at[i];

        if (layout_is_shared(g) && !layout_in_file(g) && clearer(s, g) == c)
            *vec_push(loads) = (struct mv_sys_load){ base_of(g), 0, 0, g->size };
    }
}

/* Whole pages: what lies in a guest's memory at its start has pages of its own. */
static void guest_loads(const struct vm *vm, loads_t *loads)
{
    const struct guest_load *parts[] = { &vm->kernel, &vm->tree, &vm->initrd };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i]->blob)
            *vec_push(loads) = (struct mv_sys_load){
                base_of(vm->ram) + (parts[i]->address - MV_GUEST_RAM), parts[i]->blob->place, parts[i]->blob->length,
                mv_align_up(parts[i]->size, MV_PAGE_SIZE),
            };
}

static void native_loads(const struct system *s, const struct cell *c, loads_t *loads)
{
    uint64_t memory = base_of(c->private_segment);

    *vec_push(loads) = (struct mv_sys_load){ memory, 0, 0, c->zero_size };
    for (size_t i = 0; i < c->loads.count; i++) {
        const struct load *l = &c->loads.at[i];

        if (l->rights & MV_MAP_WRITE)
            *vec_push(loads) = (struct mv_sys_load){ memory + l->offset, l->file_size ? l->pristine : 0, l->file_size, l->size };
    }
    if (c->dma_segment)
        *vec_push(loads) = (struct mv_sys_load){ base_of(c->dma_segment), 0, 0, c->dma_segment->size };
    clear_large_segments(s, c, loads);
}

static void cell_loads(const struct system *s, struct cell *c, loads_t *loads)
{
    c->first_load = (uint32_t)loads->count;
    if (model_is_guest(c))
        guest_loads(c->vm, loads);
    else
        native_loads(s, c, loads);
    c->load_count = (uint32_t)loads->count - c->first_load;
}

static void write_cells(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_cell) out = { 0 };
    loads_t loads = { 0 };

    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];
        struct mv_sys_cell *r = vec_push(&out);

        cell_loads(s, c, &loads);
        *r = (struct mv_sys_cell){
            .first_cap = c->first_cap,
            .cap_count = (uint32_t)c->caps.count + 1,
            .first_vcpu = c->first_vcpu,
            .vcpu_count = (uint32_t)c->vcpus.count,
            .first_space = c->first_space,
            .space_count = (uint32_t)c->spaces.count,
            .first_load = c->first_load,
            .load_count = c->load_count,
            .table_pages = (uint32_t)c->table_pages,
            .autostart = c->autostart,
            .first_stream = c->streams.count ? c->streams.at[0]->index : 0,
            .stream_count = (uint32_t)c->streams.count,
        };
        name_set(r->name, c->name);
    }
    t->cells = ARRAY_ADD(w, out);
    t->loads = ARRAY_ADD(w, loads);
}

static void write_streams(const struct system *s, const struct layout *l, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_stream) out = { 0 };

    for (size_t i = 0; i < s->streams.count; i++)
        *vec_push(&out) = smmu_stream(s, l, s->streams.at[i]);
    t->streams = ARRAY_ADD(w, out);
}

/* ---- time windows --------------------------------------------------------------------- */

typedef VEC(struct mv_sys_window) windows_t;

static void window_add(windows_t *out, uint64_t start_us, uint32_t partitions)
{
    *vec_push(out) = (struct mv_sys_window){ .start_ns = start_us * 1000, .partitions = partitions };
}

/* One core's: those of the description, and between them windows of those who always run. */
static uint32_t core_windows(const struct system *s, const struct time_table *f, uint32_t core, windows_t *out)
{
    size_t first = out->count;
    uint32_t always = 1;
    uint64_t at = 0;

    for (size_t i = 0; i < s->time_partitions.count; i++)
        always |= (uint32_t)s->time_partitions.at[i]->background << s->time_partitions.at[i]->number;
    for (size_t i = 0; i < f->windows.count; i++) {
        const struct time_window *w = &f->windows.at[i];

        if (w->core != core)
            continue;
        if (w->start_us != at)
            window_add(out, at, always);
        window_add(out, w->start_us, w->partitions | always);
        at = w->start_us + w->length_us;
    }
    if (at != f->frame_us)
        window_add(out, at, always);
    return (uint32_t)(out->count - first);
}

static void write_schedules(const struct system *s, struct writer *w, struct mv_systab *t)
{
    VEC(struct mv_sys_schedule) out = { 0 };
    windows_t windows = { 0 };

    for (size_t i = 0; i < s->time_tables.count; i++) {
        const struct time_table *f = s->time_tables.at[i];
        struct mv_sys_schedule *r = vec_push(&out);

        *r = (struct mv_sys_schedule){ .frame_ns = f->frame_us * 1000 };
        for (uint32_t core = 0; core < s->cores; core++) {
            r->first_window[core] = (uint32_t)windows.count;
            r->window_count[core] = core_windows(s, f, core, &windows);
        }
    }
    t->schedules = ARRAY_ADD(w, out);
    t->windows = ARRAY_ADD(w, windows);
}

/* ---- the whole ------------------------------------------------------------------------ */

static void board_facts(const struct system *s, struct mv_systab *t)
{
    const struct board *b = &s->board;

    name_set(t->board, b->name);
    t->ram_base = b->ram.base;
    t->ram_size = b->ram.size;
    t->gic_distributor = b->gic_distributor;
    t->gic_cpu_interface = b->gic_cpu_interface;
    t->gic_redistributors = b->gic_redistributors;
    t->gic_redistributors_size = b->gic_redistributors_size;
    t->gic_hypervisor = b->gic_hypervisor;
    t->uart = b->uart;
    t->gic_version = b->gic_version;
    t->timer_interrupt = b->timer_interrupt;
    t->virtual_timer_interrupt = b->virtual_timer_interrupt;
    t->maintenance_interrupt = b->maintenance_interrupt;
    t->psci_smc = b->psci_smc;
    memcpy(t->core_mpidr, b->mpidr, s->cores * sizeof *b->mpidr);
}

/* What fits, as a power of two. */
static uint64_t trace_records(uint64_t bytes)
{
    uint64_t count = 1;

    if (bytes == 0)
        return 0;
    while (sizeof(struct mv_trace_ring) + 2 * count * sizeof(struct mv_trace_record) <= bytes)
        count *= 2;
    return count;
}

/* The table with its objects. */
static struct text objects_add(struct writer *w, const struct layout *l)
{
    struct mv_systab *t = (struct mv_systab *)(void *)w->bytes.at;
    struct text whole = { 0 };

    mv_objects_place(t, &l->kernel.info.sizes);
    whole.at = mem_alloc(t->size);
    whole.length = t->size;
    memcpy(whole.at, w->bytes.at, w->bytes.length);
    t = (struct mv_systab *)(void *)whole.at;
    mv_objects_make(t, &l->kernel.info, l->systab_base, 0);
    t->checksum = mv_systab_checksum(t);
    return whole;
}

struct text systab_make(struct system *s, const struct layout *l)
{
    struct writer w = { 0 };
    struct mv_systab t = {
        .magic = MV_SYSTAB_MAGIC,
        .version = MV_SYSTAB_VERSION,
        .tables_base = l->tables_base,
        .trace_mask = s->trace_mask,
        .trace_base = s->trace_segment ? base_of(s->trace_segment) : 0,
        .trace_bytes = s->trace_size,
        .trace_records = trace_records(s->trace_size),
        .slice_ns = s->slice_us * 1000,
        .core_count = s->cores,
    };

    board_facts(s, &t);
    smmu_facts(s, l, &t);
    text_add(&w.bytes, &t, sizeof t);
    write_cells(s, &w, &t);
    write_vcpus(s, &w, &t);
    write_spaces(s, &w, &t);
    write_segments(s, &w, &t);
    write_portals(s, &w, &t);
    write_virqs(s, &w, &t);
    write_caps(s, &w, &t);
    write_vgics(s, &w, &t);
    write_streams(s, l, &w, &t);
    write_schedules(s, &w, &t);
    t.records_size = (uint32_t)w.bytes.length;
    memcpy(w.bytes.at, &t, sizeof t);
    return objects_add(&w, l);
}
