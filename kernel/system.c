/* SPDX-License-Identifier: BSD-2-Clause */
#include "system.h"

#include "board.h"
#include "cap.h"
#include "cell.h"
#include "core.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "timer.h"
#include "vgic.h"
#include "virq.h"
#include "vm.h"

static const struct mv_systab *table;
static struct cell            *cells;
static struct space           *spaces;
static struct portal          *portals;
static struct virq            *virqs;
static struct timer           *timers;
static struct vm              *vms;       /* the first that is nobody's yet */
static struct vgic            *vgics;
static struct vgic_bank       *vgic_banks;
struct vcpu                   *system_vcpus;
struct irq_map                 system_irqs;

const struct mv_kernel_info mullion_info __attribute__((section(".mullion.info"), used)) = {
    .magic = MV_KERNEL_MAGIC,
    .systab_version = MV_SYSTAB_VERSION,
    .abi_version = MV_ABI_VERSION,
    .gic_version = MV_GIC_VERSION,
    .board = MV_BOARD_NAME,
    .link_base = MV_LINK_BASE,
    .sizes = {
        .cell = sizeof(struct cell),
        .vcpu = sizeof(struct vcpu),
        .fp = sizeof(struct arch_fp),
        .space = sizeof(struct space),
        .portal = sizeof(struct portal),
        .virq = sizeof(struct virq),
        .timer = sizeof(struct timer),
        .cap = sizeof(struct cap),
        .heap_slot = sizeof(struct heap_node *),
        .irq_slot = sizeof(struct virq *),
        .vm = sizeof(struct vm),
        .vgic = sizeof(struct vgic),
        .vgic_bank = sizeof(struct vgic_bank),
    },
};

#define TABLE(type, field) ((const struct type *)mv_systab_array(table, table->field))

uint32_t system_vcpu_count(void) { return table->vcpus.count; }
const struct mv_sys_segment *system_segment(uint32_t i)
{
    return &TABLE(mv_sys_segment, segments)[i];
}
const struct mv_sys_extent *system_extent(uint32_t i) { return &TABLE(mv_sys_extent, extents)[i]; }
const struct mv_sys_load *system_load(uint32_t i) { return &TABLE(mv_sys_load, loads)[i]; }
const struct mv_sys_mapping *system_mapping(uint32_t i)
{
    return &TABLE(mv_sys_mapping, mappings)[i];
}
const struct mv_sys_space *system_space(uint32_t i) { return &TABLE(mv_sys_space, spaces)[i]; }

struct virq *system_irq(uint32_t interrupt)
{
    uint32_t slot = interrupt - system_irqs.first;

    return slot < system_irqs.count ? system_irqs.slot[slot] : NULL;
}

/* ---- is the table whole? ------------------------------------------------------- */

/* CRC-32 as IEEE 802.3 has it, bit by bit: it runs once. */
static uint32_t crc32(uint32_t crc, const uint8_t *p, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xedb88320) & -(crc & 1));
    }
    return crc;
}

static bool same_sizes(const uint32_t *a, const uint32_t *b)
{
    for (size_t i = 0; i < sizeof(struct mv_object_sizes) / sizeof(*a); i++) {
        if (a[i] != b[i])
            return false;
    }
    return true;
}

#define SYSTAB_SIZE_MAX (16u << 20)

static void check_table(const struct mv_systab *t)
{
    static const uint8_t zero[4];
    const uint8_t *bytes = (const uint8_t *)t;
    const size_t at = offsetof(struct mv_systab, checksum);
    uint32_t crc = ~UINT32_C(0);

    CHECK(t->magic == MV_SYSTAB_MAGIC && t->version == MV_SYSTAB_VERSION);
    CHECK(t->size >= sizeof(*t) && t->size <= SYSTAB_SIZE_MAX);
    crc = crc32(crc, bytes, at);
    crc = crc32(crc, zero, sizeof(zero));
    crc = crc32(crc, bytes + at + sizeof(zero), t->size - at - sizeof(zero));
    CHECK(~crc == t->checksum);
    for (int i = 0; i < MV_NAME_BYTES; i++)
        CHECK(t->board[i] == board.name[i]);
    CHECK(same_sizes(&t->sizes.cell, &mullion_info.sizes.cell));
    CHECK(t->core_count >= 1 && t->core_count <= MV_CORES_MAX);
    CHECK(t->vcpus.count <= MV_VCPUS_MAX && t->spaces.count <= MV_SPACES_MAX);
}

/* ---- making the objects ---------------------------------------------------------- */

/* Slots for one heap, taken from the area in order. */
static struct heap_node **heap_slots;

static void heap_make(struct heap *h, uint32_t capacity)
{
    h->slot = heap_slots;
    h->capacity = capacity;
    heap_slots += capacity;
}

static void context_make(struct context *c, const struct mv_sys_context *sys)
{
    c->sys = sys;
    c->rank = rank_of_priority(sys->priority);
}

static void vcpu_make(struct vcpu *v, const struct mv_sys_vcpu *sys, uint32_t index,
                      const struct cap *caps, struct arch_fp **fps)
{
    struct cell *cell = &cells[sys->cell];

    v->sys = sys;
    v->core = arch_core(sys->core);
    v->index = (uint16_t)index;
    v->number = (uint16_t)(index - cell->sys->first_vcpu);
    v->cell = cell;
    v->caps = caps + cell->sys->first_cap;
    v->cap_count = cell->sys->cap_count;
    context_make(&v->own, &sys->context);
    v->context = &v->own;
    v->rank = v->own.rank;
    v->has_device = sys->has_device != 0;
    v->buffer = sys->message_buffer == 0 ? NULL : arch_ram((paddr_t){ sys->message_buffer });
    if (sys->has_fp != 0)
        v->fp = (*fps)++;
    heap_make(&v->callers, sys->callers_max);
    v->fault_portal = sys->fault_portal == MV_NONE ? NULL : &portals[sys->fault_portal];
    v->virq_enabled = UINT64_MAX;
    if (sys->kind == MV_VCPU_VM) {
        v->vm = vms++;
        v->vm->vcpu = v;
        v->vm->vgic = &vgics[sys->vgic];
    }
    vcpu_set_keys(v, false);
    vcpu_set_state(v, VCPU_STOPPED);
}

static void *object_of(const struct mv_sys_cap *c)
{
    switch ((enum mv_type)c->type) {
    case MV_TYPE_CELL:    return &cells[c->object];
    case MV_TYPE_VCPU:    return &system_vcpus[c->object];
    case MV_TYPE_SPACE:   return &spaces[c->object];
    case MV_TYPE_SEGMENT: return (void *)(uintptr_t)system_segment(c->object);
    case MV_TYPE_PORTAL:  return &portals[c->object];
    case MV_TYPE_VIRQ:    return &virqs[c->object];
    case MV_TYPE_TIMER:   return &timers[c->object];
    case MV_TYPE_VGIC:    return &vgics[c->object];
    default:              return NULL;
    }
}

static void make_cells(void)
{
    const struct mv_sys_cell *sys = TABLE(mv_sys_cell, cells);

    for (uint32_t i = 0; i < table->cells.count; i++) {
        struct cell *c = &cells[i];

        c->sys = &sys[i];
        c->index = i;
        c->vcpus = &system_vcpus[sys[i].first_vcpu];
        c->spaces = &spaces[sys[i].first_space];
        c->pool_next = sys[i].pool;
    }
}

static void make_spaces(void)
{
    for (uint32_t i = 0; i < table->spaces.count; i++) {
        const struct mv_sys_space *sys = system_space(i);
        struct space *s = &spaces[i];

        s->cell = &cells[sys->cell];
        s->cores = sys->cores;
        s->address_bits = sys->address_bits;
        s->index = i;
        arch_space_init(s, (paddr_t){ sys->root }, s->address_bits, i + 1,
                        (s->cores & (s->cores - 1)) != 0, sys->kind == MV_VCPU_VM);
    }
}

static void make_portals(void)
{
    const struct mv_sys_portal *sys = TABLE(mv_sys_portal, portals);

    for (uint32_t i = 0; i < table->portals.count; i++) {
        struct portal *p = &portals[i];

        p->server = &system_vcpus[sys[i].server];
        p->sys = &sys[i];
        context_make(&p->context, &sys[i].context);
        p->ceiling = p->context.rank;
    }
}

static void make_virqs(void)
{
    const struct mv_sys_virq *sys = TABLE(mv_sys_virq, virqs);
    const struct mv_sys_timer *timer = TABLE(mv_sys_timer, timers);

    for (uint32_t i = 0; i < table->virqs.count; i++) {
        struct virq *q = &virqs[i];

        q->sink = &system_vcpus[sys[i].sink];
        q->line = sys[i].line;
        q->source = sys[i].source;
        q->interrupt = sys[i].interrupt;
        q->edge = sys[i].edge != 0;
        /* A sink's lines lie in a row, from 0. */
        CHECK(q->line == q->sink->line_count && q->line < MV_LINES_MAX);
        if (q->line == 0)
            q->sink->lines = q;
        CHECK(q == q->sink->lines + q->line);
        q->sink->line_count++;
        if (q->source == MV_VIRQ_DEVICE)
            system_irqs.slot[q->interrupt - table->irq_first] = q;
    }
    for (uint32_t i = 0; i < table->timers.count; i++) {
        timers[i].virq = &virqs[timer[i].virq];
        timers[i].virq->timer = &timers[i];
    }
}

static void make_vgics(void)
{
    const struct mv_sys_vgic *sys = TABLE(mv_sys_vgic, vgics);

    for (uint32_t i = 0; i < table->vgics.count; i++) {
        vgics[i].sys = &sys[i];
        vgics[i].vcpus = &system_vcpus[sys[i].first_vcpu];
        vgics[i].banks = vgic_banks;
        vgic_banks += sys[i].vcpu_count + sys[i].spi_banks;
    }
}

static void make_caps(struct cap *caps)
{
    const struct mv_sys_cap *sys = TABLE(mv_sys_cap, caps);

    for (uint32_t i = 0; i < table->caps.count; i++)
        caps[i] = (struct cap){ object_of(&sys[i]), sys[i].rights, sys[i].badge };
}

static void make_cores(void)
{
    for (uint32_t i = 0; i < table->core_count; i++) {
        struct core *core = arch_core(i);

        core->index = i;
        core->programmed = UINT64_MAX;
        heap_make(&core->timers, table->core_timers[i]);
        if (table->trace_bytes != 0) {
            core->trace = arch_ram((paddr_t){ table->trace_base + i * table->trace_bytes });
            core->trace->head = 0;
            core->trace->count = table->trace_records;
            core->trace->frequency = arch_time_frequency();
        }
    }
}

void system_build(const struct mv_systab *t)
{
    struct arch_fp *fps;
    const uint64_t *offset = t->layout.offset;
    struct cap *caps;
    char *base;

    table = t;
    check_table(t);
    base = arch_ram((paddr_t){ t->objects_base });
    arch_zero(base, offset[MV_AREA_TABLES]);
    cells = (struct cell *)(base + offset[MV_AREA_CELLS]);
    system_vcpus = (struct vcpu *)(base + offset[MV_AREA_VCPUS]);
    fps = (struct arch_fp *)(base + offset[MV_AREA_FPS]);
    spaces = (struct space *)(base + offset[MV_AREA_SPACES]);
    portals = (struct portal *)(base + offset[MV_AREA_PORTALS]);
    virqs = (struct virq *)(base + offset[MV_AREA_VIRQS]);
    timers = (struct timer *)(base + offset[MV_AREA_TIMERS]);
    caps = (struct cap *)(base + offset[MV_AREA_CAPS]);
    vms = (struct vm *)(base + offset[MV_AREA_VMS]);
    vgics = (struct vgic *)(base + offset[MV_AREA_VGICS]);
    vgic_banks = (struct vgic_bank *)(base + offset[MV_AREA_VGIC_BANKS]);
    heap_slots = (struct heap_node **)(base + offset[MV_AREA_HEAPS]);
    system_irqs.slot = (struct virq **)(base + offset[MV_AREA_IRQS]);
    system_irqs.first = t->irq_first;
    system_irqs.count = t->irq_count;

    sched_init(t->slice_ns);
    make_cores();
    make_portals();
    make_cells();
    make_spaces();
    for (uint32_t i = 0; i < t->vcpus.count; i++)
        vcpu_make(&system_vcpus[i], &TABLE(mv_sys_vcpu, vcpus)[i], i, caps, &fps);
    make_virqs();
    make_vgics();
    make_caps(caps);
    for (uint32_t i = 0; i < t->cells.count; i++) {
        if (cells[i].sys->autostart != 0) {
            while (!cell_prepare_step(&cells[i]))
                ;
            cell_preparation_done(&cells[i]);
            /* Before any core runs: a raise to a core that starts later stays. */
            for (uint32_t j = 0; j < cells[i].sys->vcpu_count; j++)
                vcpu_reset(&cells[i].vcpus[j]);
        }
    }
}

void system_start_core(uint32_t index)
{
    for (uint32_t i = 0; i < table->vcpus.count; i++) {
        struct vcpu *v = &system_vcpus[i];

        if (v->core->index == index && v->cell->sys->autostart != 0 && v->sys->start != 0)
            vcpu_release(v);
    }
}
