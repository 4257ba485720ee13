/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine in the description: one node, from which two cells come,
 * the guest's and that of its VMM, a native program; and a third, its io cell,
 * if it has disks, networks or channels.
 */
#include "model_parts.h"

#include <string.h>

#include <mv/guest.h>

#include "guest.h"

enum {
    VMM_STACK = 0x4000,
    VM_PORTS_MAX = 7,           /* of a virtio console with 16 queues, two for each port and two for control */
};
#define VMM_SUFFIX "-vmm"
#define IO_SUFFIX  "-io"

bool model_is_guest(const struct cell *c)
{
    return c->vm && c->vm->cell == c;
}

bool model_is_vmm(const struct cell *c)
{
    return c->vm && c->vm->vmm == c;
}

bool model_is_io(const struct cell *c)
{
    return c->vm && c->vm->io == c;
}

const char *model_shown_name(const struct cell *c)
{
    return c->vm ? c->vm->cell->name : c->name;
}

/* A machine must have what virtualisation needs. */
static void check_board(const struct system *s, const struct node *n)
{
    const struct board *b = &s->board;

    if (!b->gic)
        return;
    if (b->gic_version == 2 && (!b->gic_hypervisor || b->gic_hypervisor % MV_PAGE_SIZE || b->gic_virtual.base % MV_PAGE_SIZE ||
                                b->gic_virtual.size < MV_GUEST_GICC_BYTES))
        diag_error(n->at, "\"%s\" is a virtual machine, but the interrupt controller of board \"%s\" has no virtual interface; expected GICH and GICV as third and fourth range of its \"reg\"; correct the board's tree",
                   n->name, b->name);
    if (!b->maintenance_interrupt)
        diag_error(n->at, "\"%s\" is a virtual machine, but the interrupt controller of board \"%s\" has no maintenance interrupt; expected \"interrupts\" there, private to a core; correct the board's tree",
                   n->name, b->name);
    if (b->timer_interrupt && (b->virtual_timer_interrupt < 16 || b->virtual_timer_interrupt > 31))
        diag_error(n->at, "\"%s\" is a virtual machine, but the virtual timer of board \"%s\" has interrupt %u; expected one private to a core, 16 to 31; correct the board's tree",
                   n->name, b->name, b->virtual_timer_interrupt);
}

static void check_names(const struct node *n)
{
    static const char *const programs[] = { "sources", "program", "image" };
    size_t length = strlen(n->name);

    model_check_name(n);
    if (length < MV_NAME_BYTES && length + strlen(VMM_SUFFIX) >= MV_NAME_BYTES)
        diag_error(n->at, "the name \"%s\" has %zu characters; expected at most %zu for a virtual machine, whose VMM is called NAME%s; shorten it",
                   n->name, length, MV_NAME_BYTES - 1 - strlen(VMM_SUFFIX), VMM_SUFFIX);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (node_prop(n, programs[i]))
            diag_error(node_at(n, programs[i]), "\"%s\" is a virtual machine and has \"%s\"; expected a kernel or a program, not both; remove \"%s\" or the machine's properties",
                       n->name, programs[i], programs[i]);
    if (!node_prop(n, "kernel"))
        diag_error(n->at, "virtual machine \"%s\" has no kernel; expected an arm64 Image; add kernel = \"...\"", n->name);
}

static void read_memory(const struct system *s, struct vm *vm)
{
    const struct node *n = vm->cell->node;
    uint64_t most = s->board.ram.size ? s->board.ram.size : UINT64_C(1) << 38;

    vm->memory = MV_BLOCK_SIZE;
    if (!node_prop(n, "memory"))
        diag_error(n->at, "virtual machine \"%s\" has no memory; expected bytes, a multiple of 2 MiB; add memory = <0x8000000>",
                   n->name);
    else if (schema_number(n, "memory", MV_BLOCK_SIZE, most, &vm->memory) && vm->memory % MV_BLOCK_SIZE)
        diag_error(node_at(n, "memory"), "\"memory\" is 0x%llx; expected a multiple of 0x%x; use 0x%llx",
                   (unsigned long long)vm->memory, MV_BLOCK_SIZE,
                   (unsigned long long)mv_align_up(vm->memory, MV_BLOCK_SIZE));
    vm->memory = mv_align_up(vm->memory, MV_BLOCK_SIZE);
}

static void read_console_device(struct vm *vm)
{
    static const char *const kinds[] = { "pl011", "virtio", NULL };
    const struct node *n = vm->cell->node;
    const char *kind = kinds[0];

    if (node_prop(n, "console-device") && !node_prop(n, "console"))
        diag_error(node_at(n, "console-device"), "virtual machine \"%s\" has a device for its console, but no console; expected both; add console = <&console>",
                   n->name);
    if (node_prop(n, "console"))
        vm->console = VM_CONSOLE_PL011;
    if (!schema_string(n, "console-device", &kind))
        return;
    if (!strcmp(kind, "virtio"))
        vm->console = VM_CONSOLE_VIRTIO;
    else if (strcmp(kind, kinds[0]))
        diag_error(node_at(n, "console-device"), "\"console-device\" is \"%s\"; expected \"pl011\" or \"virtio\"; use one of these", kind);
}

/* The core of each vCPU. */
static void read_cores(struct system *s, struct vm *vm, struct vcpu like)
{
    const struct node *n = vm->cell->node;
    const struct prop *p = node_prop(n, "vcpus");
    size_t count = schema_numbers(n, "vcpus");

    if (count > MV_VM_VCPUS_MAX) {
        diag_error(p->at, "virtual machine \"%s\" has %zu vCPUs; expected at most %d; remove some", n->name, count, MV_VM_VCPUS_MAX);
        count = MV_VM_VCPUS_MAX;
    }
    for (size_t i = 0; i < count || i == 0; i++) {
        like.core = count ? prop_cell(p, i) : 0;
        if (like.core >= s->cores) {
            diag_error(p->at, "\"vcpus\" names core %u, but the system has %u; expected 0 to %u; choose one of these or raise \"cores\"",
                       like.core, s->cores, s->cores - 1);
            like.core = 0;
        }
        model_add_vcpu(s, vm->cell, n, &like);
    }
}

/* One vCPU and one portal of the VMM on each core that the machine uses. */
static void add_servers(struct system *s, struct vm *vm, uint32_t priority)
{
    struct cell *c = vm->vmm;

    for (size_t i = 0; i < vm->cell->vcpus.count; i++) {
        struct vcpu *v = vm->cell->vcpus.at[i];

        for (size_t k = 0; k < c->vcpus.count && !v->exits; k++)
            if (c->vcpus.at[k]->core == v->core)
                v->exits = c->vcpus.at[k];
        if (!v->exits) {
            struct vcpu like = { .core = v->core, .priority = priority, .time.partition = v->time.partition, .stack_size = VMM_STACK };

            v->exits = model_add_vcpu(s, c, c->node, &like);
            model_add_portal(s, c, mem_printf("exits-%u", v->exits->number), NULL, v->exits);
        }
        for (size_t k = 0; k < s->portals.count; k++)
            if (s->portals.at[k]->server == v->exits)
                v->fault_portal = s->portals.at[k];
    }
}

/* Of a whole segment; address 0: the tool chooses. */
static struct mapping *map(struct space *p, struct segment *g, const char *name, uint32_t rights, uint64_t address, struct pos at)
{
    struct mapping *m = mem_alloc(sizeof *m);

    *m = (struct mapping){ g, name, rights, address != 0, address, 0, g->size, at };
    return *vec_push(&p->mappings) = m;
}

static void add_memory(struct system *s, struct vm *vm)
{
    const uint32_t data = MV_MAP_READ | MV_MAP_WRITE;
    struct pos at = node_at(vm->cell->node, "memory");

    vm->ram = model_add_segment(s, SEGMENT_GUEST, vm->cell->name, data | MV_MAP_EXECUTE, vm->memory, vm->cell);
    *vec_push(&vm->ram->extents.list) = (struct region){ 0, vm->memory };
    map(vm->cell->spaces.at[0], vm->ram, "memory", data | MV_MAP_EXECUTE, MV_GUEST_RAM, at);
    map(vm->vmm->spaces.at[0], vm->ram, mem_printf("memory of %s", vm->cell->name), data, MV_GUEST_RAM, at);
    if (s->board.gic_version != 2)
        return;
    if (!s->gicv_segment) {
        s->gicv_segment = model_add_segment(s, SEGMENT_DEVICE, "gicv", data, MV_GUEST_GICC_BYTES, NULL);
        *vec_push(&s->gicv_segment->extents.list) = (struct region){ s->board.gic_virtual.base, MV_GUEST_GICC_BYTES };
    }
    map(vm->cell->spaces.at[0], s->gicv_segment, "virtual CPU interface (GICV)", data, MV_GUEST_GICC, at);
}

/* ---- the io cell ---------------------------------------------------------------------- */

static void add_io_vcpu(struct system *s, struct vm *vm)
{
    const struct node *n = vm->cell->node;
    const struct vcpu *first = vm->cell->vcpus.at[0];
    struct vcpu like = { .core = first->core, .priority = first->priority, .time.partition = first->time.partition, .stack_size = VMM_STACK };

    /* What a guest notifies is to be done before the guest goes on. */
    if (like.priority < MV_PRIORITIES - 1)
        like.priority++;
    schema_u32(n, "io-priority", 0, MV_PRIORITIES - 1, &like.priority);
    model_read_core(s, n, "io-core", &like.core);
    model_add_vcpu(s, vm->io, n, &like);
}

enum { IO_TICK_US = 1000000 };

/* Its own, to look for what is overdue, once a second (cells/virtio/slot.h). */
static void add_io_timer(struct system *s, struct vm *vm)
{
    struct timer *t = mem_alloc(sizeof *t);

    *t = (struct timer){ .cell = vm->io, .name = "tick", .index = (uint32_t)s->timers.count, .shortest_us = IO_TICK_US / 2 };
    t->virq = model_add_virq(s, vm->io, t->name, vm->cell->node, vm->io->vcpus.at[0], MV_VIRQ_TIMER);
    *vec_push(&s->timers) = t;
    vm->io_timer = t;
}

struct cell *model_io_cell(struct system *s, struct vm *vm)
{
    const uint32_t data = MV_MAP_READ | MV_MAP_WRITE;
    const struct node *n = vm->cell->node;

    if (vm->io)
        return vm->io;
    vm->io = model_add_cell(s, n, mem_printf("%s%s", n->name, IO_SUFFIX));
    vm->io->vm = vm;
    vm->io->program = "virtio";
    add_io_vcpu(s, vm);
    add_io_timer(s, vm);
    vm->io_portal = model_add_portal(s, vm->io, "registers", NULL, vm->io->vcpus.at[0]);
    *vec_push(&vm->vmm->calls) = (struct reference){ .at = n->at, .badge = vm->vmm->index + 1, .portal = vm->io_portal };
    map(vm->io->spaces.at[0], vm->ram, mem_printf("memory of %s", n->name), data, MV_GUEST_RAM, node_at(n, "memory"));
    vm->io_status = model_add_segment(s, SEGMENT_SHARED, mem_printf("%s: status", vm->io->name), data, MV_PAGE_SIZE, vm->io);
    *vec_push(&vm->io_status->extents.list) = (struct region){ 0, MV_PAGE_SIZE };
    vm->io_status_mapping = map(vm->io->spaces.at[0], vm->io_status, "status", data, 0, n->at);
    vm->vmm_status_mapping = map(vm->vmm->spaces.at[0], vm->io_status, "io-status", data, 0, n->at);
    return vm->io;
}

static void add_io_device(struct system *s, struct vm *vm, struct link *link)
{
    struct io_device *d = mem_alloc(sizeof *d);

    d->slot = MV_GUEST_VIRTIO_IO + (uint32_t)vm->io_devices.count;
    d->link = link;
    d->bell = model_add_virq(s, vm->io, mem_printf("bell-%u", d->slot), NULL, vm->io->vcpus.at[0], MV_VIRQ_SOFT);
    d->virq = model_add_virq(s, vm->cell, mem_printf("slot-%u", d->slot), NULL, vm->cell->vcpus.at[0], MV_VIRQ_SOFT);
    d->virq->guest_interrupt = MV_GUEST_SPI_VIRTIO + d->slot;
    *vec_push(&vm->io_devices) = d;
}

/* Ports, disks, networks: slots in this order. */
static void add_io_devices(struct system *s, struct vm *vm)
{
    static const char *const words[] = { "io-priority", "io-core" };
    const struct node *n = vm->cell->node;
    size_t of_kind[] = { [LINK_DISK] = 0, [LINK_NETWORK] = 0 };

    for (size_t i = 0; !vm->io && i < sizeof words / sizeof *words; i++)
        if (node_prop(n, words[i]))
            diag_error(node_at(n, words[i]), "virtual machine \"%s\" has \"%s\", but no disk, network or channel; expected an io cell that it is for; remove it",
                       n->name, words[i]);
    if (vm->ports.count)
        add_io_device(s, vm, NULL);
    for (size_t i = 0; vm->io && i < s->links.count; i++) {
        struct link *k = s->links.at[i];

        if (k->client != vm->io)
            continue;
        add_io_device(s, vm, k);
        of_kind[k->kind]++;
    }
    /* What the io cell has memory for. */
    if (vm->io) {
        *vec_push(&vm->io->cflags) = mem_printf("-DIO_DISKS=%zu", of_kind[LINK_DISK]);
        *vec_push(&vm->io->cflags) = mem_printf("-DIO_NETWORKS=%zu", of_kind[LINK_NETWORK]);
    }
    if (vm->ports.count > VM_PORTS_MAX)
        diag_error(n->at, "virtual machine \"%s\" has %zu channels; expected at most %d, a port of its console each; remove some",
                   n->name, vm->ports.count, VM_PORTS_MAX);
    if (vm->io_devices.count > MV_GUEST_VIRTIO_COUNT - MV_GUEST_VIRTIO_IO)
        diag_error(n->at, "virtual machine \"%s\" has %zu disks, networks and devices for channels; expected at most %u; remove some",
                   n->name, vm->io_devices.count, MV_GUEST_VIRTIO_COUNT - MV_GUEST_VIRTIO_IO);
}

void model_add_io_devices(struct system *s)
{
    for (size_t i = 0; i < s->vms.count; i++)
        add_io_devices(s, s->vms.at[i]);
}

/* ---- the whole ------------------------------------------------------------------------ */

void model_read_guests(struct system *s)
{
    for (size_t i = 0; i < s->vms.count; i++)
        guest_read(s, s->vms.at[i]);
}

void model_read_vm(struct system *s, const struct node *n)
{
    struct vm *vm = mem_alloc(sizeof *vm);
    struct vcpu like = { .priority = MODEL_PRIORITY_DEFAULT, .fp = true };
    uint32_t vmm_priority;

    schema_check(n, SCHEMA_VM);
    check_names(n);
    check_board(s, n);
    vm->index = (uint32_t)s->vms.count;
    *vec_push(&s->vms) = vm;
    vm->cell = model_add_cell(s, n, n->name);
    vm->vmm = model_add_cell(s, n, mem_printf("%s%s", n->name, VMM_SUFFIX));
    vm->cell->vm = vm->vmm->vm = vm;
    vm->vmm->program = "vmm";
    schema_u32(n, "priority", 0, MV_PRIORITIES - 1, &like.priority);
    vmm_priority = like.priority;
    schema_u32(n, "vmm-priority", 0, MV_PRIORITIES - 1, &vmm_priority);
    model_read_vcpu_time(s, n, &like.time);
    schema_flag(n, "autostart", &vm->cell->autostart);
    schema_flag(n, "trace-control", &vm->cell->trace_control);
    schema_flag(n, "system-control", &vm->cell->system_control);
    model_read_time_rights(s, vm->cell);
    vm->rng = true;
    schema_flag(n, "rng", &vm->rng);
    schema_string(n, "bootargs", &vm->bootargs);
    read_memory(s, vm);
    read_console_device(vm);
    read_cores(s, vm, like);
    add_servers(s, vm, vmm_priority);
    add_memory(s, vm);
    guest_random(vm->seed, sizeof vm->seed, vm, "virtio-rng");
    vm->time_base = guest_time();
}
