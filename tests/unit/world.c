/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include <mv/objects.h>

struct world world;

#define TABLE_BYTES UINT64_C(0x80000)
#define TRACE_AT    (HOST_RAM_BASE + TABLE_BYTES)

void world_begin(uint32_t cores)
{
    host_power_on(WORLD_FREQUENCY);
    memset(&world, 0, sizeof(world));
    world.head.core_count = cores;
    world.head.slice_ns = WORLD_SLICE_NS;
    world.head.irq_first = HOST_IRQ_FIRST;
    world.head.irq_count = HOST_IRQ_COUNT;
    world.head.gic_version = 3;
    world.head.virtual_timer_interrupt = HOST_VIRTUAL_TIMER;
    world.head.ram_base = HOST_RAM_BASE;
    world.head.ram_size = HOST_RAM_BYTES;
    world.head.trace_base = TRACE_AT;
    world.head.trace_bytes = WORLD_TRACE_BYTES;
    world.head.trace_records = WORLD_TRACE_RECORDS;
    world.free = TRACE_AT + MV_CORES_MAX * WORLD_TRACE_BYTES;
    for (uint32_t i = 0; i < MV_CORES_MAX; i++)
        world.head.core_mpidr[i] = i;
    strcpy(world.head.board, MV_BOARD_NAME);
}

uint64_t world_ram(uint64_t bytes, uint64_t alignment)
{
    uint64_t at = mv_align_up(world.free, alignment);

    world.free = at + bytes;
    CHECK(world.free <= HOST_RAM_BASE + HOST_RAM_FILLED);
    return at;
}

/* ---- adding -------------------------------------------------------------------- */

#define ADD(array, field) (CHECK(world.head.field.count < ARRAY_SIZE(world.array)), \
                           world.head.field.count++)

#undef CHECK
#define CHECK(x) ((x) ? (void)0 : panic("the test's system does not fit: " #x))

uint32_t world_cell(const char *name)
{
    uint32_t i = ADD(cell, cells);
    struct mv_sys_cell *c = &world.cell[i];

    snprintf(c->name, sizeof(c->name), "%s", name);
    c->first_cap = world.head.caps.count;
    c->first_vcpu = world.head.vcpus.count;
    c->first_space = world.head.spaces.count;
    c->first_load = world.head.loads.count;
    c->autostart = 1;
    c->table_pages = 4;
    world_cap(i, MV_TYPE_NONE, 0, 0, 0);
    world_space(i, 25);
    return i;
}

uint32_t world_space(uint32_t cell, uint32_t address_bits)
{
    uint32_t i = ADD(space, spaces);

    world.space[i].cell = cell;
    world.space[i].address_bits = address_bits;
    world.space[i].first_mapping = world.head.mappings.count;
    world.space[i].cores = (1u << world.head.core_count) - 1;
    world.cell[cell].space_count++;
    return i;
}

void world_mapping(uint32_t space, uint32_t segment, uint64_t address, uint64_t offset, uint64_t size,
                   uint32_t rights)
{
    uint32_t i = ADD(mapping, mappings);

    world.mapping[i] = (struct mv_sys_mapping){ segment, rights, address, offset, size };
    world.space[space].mapping_count++;
}

uint32_t world_vcpu(uint32_t cell, uint32_t core, uint32_t priority)
{
    uint32_t i = ADD(vcpu, vcpus);
    struct mv_sys_vcpu *v = &world.vcpu[i];

    v->cell = cell;
    v->core = core;
    v->space = world.cell[cell].first_space;
    v->context.priority = priority;
    v->entry = WORLD_ENTRY;
    v->stack = WORLD_STACK + i * 0x1000;
    v->message_buffer = world_ram(MV_PAGE_SIZE, MV_PAGE_SIZE);
    memset(host_ram(v->message_buffer), 0, MV_PAGE_SIZE);
    v->message_address = WORLD_MESSAGE - world.cell[cell].vcpu_count * MV_PAGE_SIZE;
    v->argument = world.cell[cell].vcpu_count++;
    v->fault_portal = MV_NONE;
    v->start = 1;
    v->vgic = MV_NONE;
    return i;
}

uint32_t world_vm(const char *name, uint32_t spi_banks)
{
    uint32_t cell = world_cell(name), i = ADD(vgic, vgics);

    world.space[world.cell[cell].first_space].kind = MV_VCPU_VM;
    world.vgic[i].first_vcpu = world.head.vcpus.count;
    world.vgic[i].spi_banks = spi_banks;
    return cell;
}

uint32_t world_guest(uint32_t cell, uint32_t core, uint32_t priority, uint32_t exit_portal)
{
    uint32_t i = world_vcpu(cell, core, priority), vgic = world.head.vgics.count - 1;
    struct mv_sys_vcpu *v = &world.vcpu[i];

    v->kind = MV_VCPU_VM;
    v->message_buffer = v->message_address = 0;
    v->vgic = vgic;
    v->fault_portal = exit_portal;
    v->fault_badge = world.vgic[vgic].vcpu_count++;
    return i;
}

uint32_t world_portal(uint32_t server)
{
    uint32_t i = ADD(portal, portals);

    world.portal[i].server = server;
    world.portal[i].context.priority = world.vcpu[server].context.priority;
    return i;
}

uint32_t world_virq(uint32_t sink)
{
    uint32_t i = ADD(virq, virqs);

    world.virq[i].sink = sink;
    world.virq[i].source = MV_VIRQ_SOFT;
    if (i > 0 && world.virq[i - 1].sink == sink)
        world.virq[i].line = world.virq[i - 1].line + 1;
    return i;
}

uint32_t world_device(uint32_t sink, uint32_t interrupt, bool edge)
{
    uint32_t i = world_virq(sink);

    world.virq[i].source = MV_VIRQ_DEVICE;
    world.virq[i].interrupt = interrupt;
    world.virq[i].edge = edge;
    return i;
}

uint32_t world_timer(uint32_t virq)
{
    uint32_t i = ADD(timer, timers);

    world.virq[virq].source = MV_VIRQ_TIMER;
    world.timer[i].virq = virq;
    return i;
}

uint32_t world_stream(uint32_t cell, uint32_t id, uint32_t virq)
{
    uint32_t i = ADD(stream, streams);
    struct mv_sys_cell *c = &world.cell[cell];

    world.head.smmu = 1;
    world.stream[i] = (struct mv_sys_stream){ .cell = cell, .id = id, .virq = virq };
    if (c->stream_count++ == 0)
        c->first_stream = i;
    return i;
}

uint32_t world_schedule(uint64_t frame_ns)
{
    uint32_t i = ADD(schedule, schedules);

    world.schedule[i].frame_ns = frame_ns;
    return i;
}

void world_window(uint32_t core, uint64_t start_ns, uint32_t partitions)
{
    uint32_t i = ADD(window, windows);
    struct mv_sys_schedule *s = &world.schedule[world.head.schedules.count - 1];

    world.window[i] = (struct mv_sys_window){ .start_ns = start_ns, .partitions = partitions };
    if (s->window_count[core]++ == 0)
        s->first_window[core] = i;
}

void world_extent(uint32_t pages)
{
    uint32_t i = ADD(extent, extents);
    uint64_t size = (uint64_t)pages * MV_PAGE_SIZE;
    struct mv_sys_segment *s = &world.segment[world.head.segments.count - 1];

    world.extent[i].base = world_ram(size, MV_PAGE_SIZE);
    world.extent[i].size = size;
    s->extent_count++;
    s->size += size;
}

uint32_t world_segment(uint32_t pages, uint32_t rights, enum mv_memory memory)
{
    uint32_t i = ADD(segment, segments);

    world.segment[i].first_extent = world.head.extents.count;
    world.segment[i].rights = rights;
    world.segment[i].memory = memory;
    world_extent(pages);
    return i;
}

uint32_t world_cap(uint32_t cell, enum mv_type type, uint32_t object, uint32_t rights, uint32_t badge)
{
    uint32_t i = ADD(cap, caps);

    world.cap[i] = (struct mv_sys_cap){ type, object, rights, badge };
    return world.cell[cell].cap_count++;
}

/* ---- completing ------------------------------------------------------------------ */

static bool raise_to(uint32_t *priority, uint32_t least)
{
    if (*priority >= least)
        return false;
    *priority = least;
    return true;
}

/* The highest priority at which a vCPU may make a call. */
static uint32_t calls_at(uint32_t vcpu)
{
    uint32_t p = world.vcpu[vcpu].context.priority;

    for (uint32_t i = 0; i < world.head.portals.count; i++) {
        if (world.portal[i].server == vcpu && world.portal[i].context.priority > p)
            p = world.portal[i].context.priority;
    }
    return p;
}

static void set_ceilings(void)
{
    bool changed;

    do {
        changed = false;
        for (uint32_t v = 0; v < world.head.vcpus.count; v++) {
            const struct mv_sys_cell *c = &world.cell[world.vcpu[v].cell];

            if (world.vcpu[v].fault_portal != MV_NONE)
                changed |= raise_to(&world.portal[world.vcpu[v].fault_portal].context.priority,
                                    calls_at(v));
            for (uint32_t i = c->first_cap; i < c->first_cap + c->cap_count; i++) {
                if (world.cap[i].type == MV_TYPE_PORTAL)
                    changed |= raise_to(&world.portal[world.cap[i].object].context.priority,
                                        calls_at(v));
            }
        }
    } while (changed);
}

static struct mv_array put(char *table, const void *array, uint32_t count, size_t element)
{
    uint32_t at = world.head.records_size;

    memcpy(table + at, array, count * element);
    world.head.records_size = (uint32_t)mv_align_up(at + count * element, 8);
    CHECK(world.head.records_size <= TABLE_BYTES);
    return (struct mv_array){ at, count };
}

void world_seal(struct mv_systab *t)
{
    t->checksum = mv_systab_checksum(t);
}

struct mv_systab *world_end(void)
{
    struct mv_systab *h = &world.head;
    char *table = host_ram(HOST_RAM_BASE);

    for (uint32_t i = 0; i < h->vcpus.count; i++)
        world.vcpu[i].callers_max = h->vcpus.count;
    set_ceilings();
    memset(table, 0, TABLE_BYTES);
    h->magic = MV_SYSTAB_MAGIC;
    h->version = MV_SYSTAB_VERSION;
    h->records_size = (uint32_t)mv_align_up(sizeof(*h), 8);
#define PUT(array, field) h->field = put(table, world.array, h->field.count, sizeof(world.array[0]))
    PUT(cell, cells);
    PUT(vcpu, vcpus);
    PUT(space, spaces);
    PUT(segment, segments);
    PUT(extent, extents);
    PUT(portal, portals);
    PUT(virq, virqs);
    PUT(timer, timers);
    PUT(cap, caps);
    PUT(mapping, mappings);
    PUT(load, loads);
    PUT(vgic, vgics);
    PUT(bell, bells);
    PUT(stream, streams);
    PUT(schedule, schedules);
    PUT(window, windows);
    memcpy(table, h, sizeof(*h));

    struct mv_systab *t = (struct mv_systab *)(void *)table;

    mv_objects_place(t, &mullion_info.sizes);
    CHECK(t->size <= TABLE_BYTES);
    t->tables_base = world_ram(t->tables_size, 0x10000);
    mv_objects_make(t, &mullion_info, (uintptr_t)table, (uintptr_t)table - HOST_RAM_BASE);
    world_seal(t);
    return t;
}

void world_boot(void)
{
    host_boot(world_end());
}

/* ---- driving ------------------------------------------------------------------------ */

mv_status_t plain(uint32_t core, enum mv_call_number number, uint64_t x1, uint64_t x2, uint64_t x3,
                  uint64_t x4, uint64_t x5, uint64_t x6)
{
    const uint64_t arg[6] = { x1, x2, x3, x4, x5, x6 };

    memcpy(&regs(core)[1], arg, sizeof(arg));
    host_svc(core, number);
    return regs(core)[0];
}

void message(uint32_t core, enum mv_call_number number, uint64_t word, uint64_t cap, uint64_t flags,
             uint64_t deadline_ns)
{
    uint64_t *x = regs(core);

    x[0] = word;
    x[8] = cap;
    x[9] = flags;
    x[10] = deadline_ns;
    host_svc(core, number);
}

void settle(void)
{
    for (uint32_t i = 0; i < world.head.core_count; i++) {
        while (host_interrupt(i))
            i = 0;
    }
}

void pass_ns(uint64_t ns)
{
    uint64_t end = host_time + ns * host_frequency / 1000000000u;

    settle();
    while (host_time < end) {
        uint64_t next = end;

        for (uint32_t i = 0; i < world.head.core_count; i++)
            next = min_u64(next, host_cores[i].timer > host_time ? host_cores[i].timer : end);
        host_time = next;
        settle();
    }
}

int running(uint32_t core)
{
    const struct vcpu *v = host_current(core);

    return v == NULL ? -1 : v->index;
}
