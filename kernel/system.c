/* SPDX-License-Identifier: BSD-2-Clause */
#include "system.h"

#include "budget.h"
#include "cap.h"
#include "cell.h"
#include "core.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "stream.h"
#include "timer.h"
#include "trace.h"
#include "vgic.h"
#include "virq.h"
#include "vm.h"
#include "window.h"

static const struct mv_systab *table;
struct vcpu                   *system_vcpus;
struct irq_map                 system_irqs;

/* Not loaded: for the host tool. */
#define FIELD_AT(object, name, member)                                            \
    .object##_##name = { offsetof(struct object, member), sizeof(__typeof__(((struct object *)NULL)->member)) },
const struct mv_kernel_info mullion_info __attribute__((section(".mullion.info"), used)) = {
    .magic = MV_KERNEL_MAGIC,
    .systab_version = MV_SYSTAB_VERSION,
    .abi_version = MV_ABI_VERSION,
    .gic_version = MV_GIC_VERSION,
    .board = MV_BOARD_NAME,
    .link_base = MV_LINK_BASE,
    .own_context = offsetof(struct vcpu, own),
    .smmu_version = MV_SMMU_VERSION,
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
        .bell_slot = sizeof(struct virq *),
        .stream = sizeof(struct stream),
        .budget = sizeof(struct budget),
        .limit = sizeof(struct limit),
    },
    .fields = { MV_OBJECT_FIELDS(FIELD_AT) },
    .seen = { MV_SEEN_FIELDS(FIELD_AT) },
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
const struct mv_sys_window *system_window(uint32_t i) { return &TABLE(mv_sys_window, windows)[i]; }
const struct mv_sys_schedule *system_schedule(uint64_t i)
{
    return i < table->schedules.count ? &TABLE(mv_sys_schedule, schedules)[arch_index(i, table->schedules.count)] : NULL;
}
const struct mv_sys_space *system_space(uint32_t i) { return &TABLE(mv_sys_space, spaces)[i]; }

struct virq *system_irq(uint32_t interrupt)
{
    uint32_t slot = interrupt - system_irqs.first;

    return slot < system_irqs.count ? system_irqs.slot[slot] : NULL;
}

/* ---- is the table whole? ------------------------------------------------------- */

#define SYSTAB_SIZE_MAX (16u << 20)

static void check_table(const struct mv_systab *t)
{
    CHECK(t->size >= sizeof(*t) && t->size <= SYSTAB_SIZE_MAX);
    CHECK(mv_systab_checksum(t) == t->checksum);
    CHECK(t->magic == MV_SYSTAB_MAGIC && t->version == MV_SYSTAB_VERSION);
    CHECK(t->core_count >= 1 && t->core_count <= MV_CORES_MAX);
    CHECK(t->vcpus.count <= MV_VCPUS_MAX && t->spaces.count <= MV_SPACES_MAX);
}

/* ---- the objects ------------------------------------------------------------------ */

static void *objects(enum mv_area area) { return (char *)table + table->objects[area]; }

static void make_cores(void)
{
    struct heap_node **slots = objects(MV_AREA_HEAPS);

    for (uint32_t i = 0; i < table->core_count; i++) {
        struct core *core = arch_core(i);

        core->index = i;
        core->programmed = core->budget_end = UINT64_MAX;
        core->oldest = core->newest = &core->rest;
        core->timers.slot = slots;
        core->timers.capacity = table->core_timers[i];
        slots += table->core_timers[i];
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
    table = t;
    check_table(t);
    arch_zero(arch_ram((paddr_t){ t->tables_base }), t->roots_size);
    system_vcpus = objects(MV_AREA_VCPUS);
    system_irqs = (struct irq_map){ objects(MV_AREA_IRQS), t->irq_first, t->irq_count };
    sched_init(t->slice_ns);
    make_cores();
    trace_mask |= t->trace_mask;
    for (struct vcpu *v = system_vcpus; v < system_vcpus + t->vcpus.count; v++) {
        v->core = arch_core(v->sys->core);
        vcpu_set_keys(v, trace_is_fast());
        vcpu_set_state(v, VCPU_STOPPED);
    }
    /* Between areas is less than one. */
    for (struct budget *b = objects(MV_AREA_BUDGETS), *end = objects(MV_AREA_BUDGETS + 1); b + 1 <= end; b++)
        budget_init(b);
    for (struct cell *c = objects(MV_AREA_CELLS), *end = c + t->cells.count; c < end; c++) {
        if (c->sys->autostart != 0) {
            while (!cell_prepare_step(c))
                ;
            cell_preparation_done(c);
            /* Before any core runs: a raise to a core that starts later stays. */
            for (uint32_t i = 0; i < c->sys->vcpu_count; i++)
                vcpu_reset(&c->vcpus[i]);
        }
    }
}

void system_start_core(uint32_t index)
{
    window_start(arch_core(index));
    for (uint32_t i = 0; i < table->vcpus.count; i++) {
        struct vcpu *v = &system_vcpus[i];

        if (v->core->index == index && v->cell->sys->autostart != 0 && v->sys->start != 0)
            vcpu_release(v);
    }
}
