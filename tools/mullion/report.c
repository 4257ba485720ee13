/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <string.h>

#include <mv/guest.h>

#include "schema.h"

typedef unsigned long long ull;

void report_heading(struct text *t, const char *title)
{
    text_printf(t, "\n%s\n", title);
    for (size_t i = 0; i < strlen(title); i++)
        text_add(t, "-", 1);
    text_printf(t, "\n\n");
}

/* ---- memory ------------------------------------------------------------------------ */

static void report_memory(struct text *t, const struct system *s, const struct layout *l)
{
    report_heading(t, "Physical memory");
    text_printf(t, "RAM %12llx - %llx   %s KiB\n\n", (ull)s->board.ram.base, (ull)(s->board.ram.base + s->board.ram.size),
                text_thousands(s->board.ram.size / 1024));
    text_printf(t, "  %-13s %-13s %12s  %s\n", "start", "end", "bytes", "what (* part of the loaded image)");
    for (size_t i = 0; i < l->areas.count; i++) {
        const struct area *a = &l->areas.at[i];

        text_printf(t, "  %012llx  %012llx  %12s  %s%s\n", (ull)a->place.base, (ull)(a->place.base + a->place.size),
                    text_thousands(a->place.size), a->name, a->in_file ? " *" : "");
    }
    text_printf(t, "\nThe image is %s bytes; the system occupies %s.\n", text_thousands(l->image.length),
                text_thousands(l->end - l->kernel.base));
}

static void report_spaces(struct text *t, const struct cell *c)
{
    for (size_t p = 0; p < c->spaces.count; p++) {
        const struct space *space = c->spaces.at[p];
        uint64_t floor = 0;

        text_printf(t, "  space %s: %u bits, %llu table page%s at boot\n", space->name, space->address_bits,
                    (ull)space->table_pages, space->table_pages == 1 ? "" : "s");
        for (size_t n = 0; n < space->mappings.count; n++) {
            const struct mapping *next = NULL;

            for (size_t i = 0; i < space->mappings.count; i++) {
                const struct mapping *m = space->mappings.at[i];

                if (m->address >= floor && (!next || m->address < next->address))
                    next = m;
            }
            if (!next)
                break;
            text_printf(t, "    %010llx  %010llx  %s  %s\n", (ull)next->address, (ull)(next->address + next->size),
                        model_rights(next->rights), next->name);
            floor = next->address + 1;
        }
    }
}

/* ---- cells -------------------------------------------------------------------------- */

static void report_vcpus(struct text *t, const struct system *s, const struct cell *c)
{
    text_printf(t, "  %-6s %4s %8s %7s %5s %11s %11s  %-15s %4s  %s\n", "vCPU", "core", "priority", "ceiling", "FP", "budget us",
                "period us", "partition", "wait", "faults go to");
    for (size_t i = 0; i < c->vcpus.count; i++) {
        const struct vcpu *v = c->vcpus.at[i];

        text_printf(t, "  %-6u %4u %8u %7u %5s %11s %11s  %-15s %4u  %s\n", v->number, v->core, v->priority, v->ceiling,
                    v->fp ? "yes" : "no", v->time.budget_us ? text_thousands(v->time.budget_us) : "-",
                    v->time.period_us ? text_thousands(v->time.period_us) : "-", v->time.partition ? s->time_partitions.at[v->time.partition - 1]->name : "-", v->callers_max,
                    v->fault_portal ? mem_printf("%s of %s", v->fault_portal->name, v->fault_portal->cell->name)
                                    : "nobody: the vCPU stops");
    }
}

static const char *cap_rights(uint32_t rights)
{
    static const char *const names[] = {
#define RIGHT(bit, name, type, text) [bit] = #name,
#include <mv/rights.def>
#undef RIGHT
    };
    struct text t = { 0 };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (rights >> i & 1)
            text_printf(&t, "%s%s", t.length ? " " : "", names[i]);
    return t.at;
}

static void report_caps(struct text *t, const struct cell *c)
{
    text_printf(t, "  capabilities: %zu, index 0 included\n", c->caps.count + 1);
    for (size_t i = 0; i < c->caps.count; i++) {
        const struct cap *k = &c->caps.at[i];

        text_printf(t, "    %4zu  %-28s %s", i + 1, cap_rights(k->rights), k->title);
        text_printf(t, k->badge ? ", badge %u\n" : "\n", k->badge);
    }
}

static void report_cell(struct text *t, const struct system *s, const struct cell *c)
{
    report_heading(t, mem_printf("Cell %s%s%s", c->name, model_is_guest(c) ? ", a virtual machine" : "", c->autostart ? "" : " (not started at boot)"));
    report_vcpus(t, s, c);
    report_caps(t, c);
    report_spaces(t, c);
}

/* ---- who may talk to whom -------------------------------------------------------------- */

static void report_portals(struct text *t, const struct system *s)
{
    for (size_t i = 0; i < s->portals.count; i++) {
        const struct portal *p = s->portals.at[i];
        bool any = false;

        text_printf(t, "  portal %s of %s: core %u, ceiling %u, bound %s", p->name, p->cell->name, p->server->core,
                    p->ceiling, p->bound_us ? mem_printf("%llu us\n", (ull)p->bound_us) : "none\n");
        for (size_t c = 0; c < s->cells.count; c++)
            for (size_t r = 0; r < s->cells.at[c]->calls.count; r++)
                if (s->cells.at[c]->calls.at[r].portal == p) {
                    text_printf(t, "    called by %s, badge %u\n", s->cells.at[c]->name, s->cells.at[c]->calls.at[r].badge);
                    any = true;
                }
        for (size_t v = 0; v < s->vcpus.count; v++)
            if (s->vcpus.at[v]->fault_portal == p) {
                text_printf(t, "    %s of %s, vCPU %u, badge 0x%x\n", model_is_guest(s->vcpus.at[v]->cell) ? "exits" : "faults",
                            s->vcpus.at[v]->cell->name, s->vcpus.at[v]->number, s->vcpus.at[v]->fault_badge);
                any = true;
            }
        if (!any)
            text_printf(t, "    nobody can call it\n");
    }
}

static void report_raises(struct text *t, const struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t r = 0; r < s->cells.at[i]->raises.count; r++) {
            const struct virq *v = model_virq(s, s->cells.at[i]->raises.at[r].node);

            text_printf(t, "  vIRQ %s of %s (line %u): raised by %s\n", v->name, v->cell->name, v->line, s->cells.at[i]->name);
        }
    for (size_t i = 0; i < s->channels.count; i++) {
        const struct channel *h = s->channels.at[i];

        text_printf(t, "  %s %s: %s <-> %s, %s bytes, %s\n", h->link ? "link" : "channel", h->is_console ? "console" : h->name,
                    h->end[0].cell->name, h->end[1].cell->name, text_thousands(h->segment->size),
                    h->link ? "virtqueues" : h->message_size ? mem_printf("messages of %u bytes", h->message_size) : "a stream of bytes");
    }
}

static void report_shared(struct text *t, const struct system *s)
{
    for (size_t i = 0; i < s->segments.count; i++) {
        const struct segment *g = s->segments.at[i];

        if (g->kind != SEGMENT_SHARED)
            continue;
        text_printf(t, "  segment %s: %s bytes, %s\n", g->name, text_thousands(g->size), model_rights(g->rights));
        for (size_t p = 0; p < s->spaces.count; p++)
            for (size_t m = 0; m < s->spaces.at[p]->mappings.count; m++)
                if (s->spaces.at[p]->mappings.at[m]->segment == g)
                    text_printf(t, "    mapped %s by %s (space %s)\n", model_rights(s->spaces.at[p]->mappings.at[m]->rights),
                                s->spaces.at[p]->cell->name, s->spaces.at[p]->name);
        for (size_t c = 0; c < s->cells.count; c++)
            for (size_t h = 0; h < s->cells.at[c]->holds.count; h++)
                if (s->cells.at[c]->holds.at[h].node == g->node)
                    text_printf(t, "    held %s by %s\n", model_rights(s->cells.at[c]->holds.at[h].rights), s->cells.at[c]->name);
    }
}

static void report_control(struct text *t, const struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++) {
        const struct cell *c = s->cells.at[i];

        for (size_t r = 0; r < c->controls.count; r++) {
            const struct cell *to = model_cell(s, c->controls.at[r].node);
            const struct vcpu *v = model_vcpu(s, c->controls.at[r].node);

            if (to)
                text_printf(t, "  control: %s controls cell %s%s%s\n", c->name, to->name,
                            to->vm && to->vm->vmm != c ? mem_printf(" and its VMM, %s", to->vm->vmm->name) : "",
                            to->vm && to->vm->vmm != c && to->vm->io ? mem_printf(" and its io cell, %s", to->vm->io->name) : "");
            else
                text_printf(t, "  control: %s controls vCPU %u of %s\n", c->name, v->number, v->cell->name);
        }
        if (c->trace_read)
            text_printf(t, "  trace: %s reads it\n", c->name);
        if (c->trace_control)
            text_printf(t, "  trace: %s chooses what it records\n", c->name);
        if (c->system_control)
            text_printf(t, "  system: %s can reset the board and power it off\n", c->name);
    }
}

/* ---- virtual machines ------------------------------------------------------------------- */

static void report_place(struct text *t, uint64_t base, uint64_t size, const char *who, const char *what)
{
    text_printf(t, "    %010llx  %010llx  %-23s %s\n", (ull)base, (ull)(base + size), who, what);
}

/* The board that a guest finds, and who is behind each part. */
static void report_board(struct text *t, const struct system *s, const struct vm *vm)
{
    const char *vmm = vm->vmm->name;

    text_printf(t, "    %-10s  %-10s  %-23s %s\n", "start", "end", "served by", "what the guest finds there");
    report_place(t, MV_GUEST_GICD, MV_GUEST_GICD_BYTES, vmm, s->board.gic_version == 2 ? "GICv2, distributor (SGIs: the kernel)" : "GICv3, distributor");
    if (s->board.gic_version == 2)
        report_place(t, MV_GUEST_GICC, MV_GUEST_GICC_BYTES, "the hardware", "GICv2, CPU interface");
    else
        report_place(t, MV_GUEST_GICR, MV_GUEST_GICR_BYTES * (uint64_t)vm->cell->vcpus.count, vmm, "GICv3, redistributors");
    if (vm->console != VM_CONSOLE_VIRTIO)
        report_place(t, MV_GUEST_UART, 0x1000, vmm, vm->console == VM_CONSOLE_PL011 ? "PL011, the console" : "PL011, to nowhere");
    report_place(t, MV_GUEST_RTC, 0x1000, vmm, "PL031, the clock");
    if (vm->console == VM_CONSOLE_VIRTIO)
        report_place(t, MV_GUEST_VIRTIO + MV_GUEST_VIRTIO_CONSOLE * MV_GUEST_VIRTIO_BYTES, MV_GUEST_VIRTIO_BYTES, vmm, "virtio console");
    if (vm->rng)
        report_place(t, MV_GUEST_VIRTIO + MV_GUEST_VIRTIO_RNG * MV_GUEST_VIRTIO_BYTES, MV_GUEST_VIRTIO_BYTES, vmm, "virtio rng");
    for (size_t i = 0; i < vm->io_devices.count; i++)
        report_place(t, MV_GUEST_VIRTIO + vm->io_devices.at[i]->slot * (uint64_t)MV_GUEST_VIRTIO_BYTES, MV_GUEST_VIRTIO_BYTES,
                     vm->io->name, report_io_device(vm, vm->io_devices.at[i]));
    for (size_t i = 0; i < vm->cell->devices.count; i++)
        if (vm->cell->devices.at[i]->mapping)
            report_place(t, vm->cell->devices.at[i]->mapping->address, vm->cell->devices.at[i]->mapping->size, "the hardware",
                         mem_printf("%s of the board", vm->cell->devices.at[i]->name));
    report_place(t, MV_GUEST_RAM, vm->memory, "memory", mem_printf("at %llx of the board", (ull)vm->ram->extents.list.at[0].base));
}

static void report_start(struct text *t, const struct vm *vm)
{
    const struct guest_load *parts[] = { &vm->kernel, &vm->tree, &vm->initrd };

    text_printf(t, "  in its memory at each start:\n");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i]->blob)
            report_place(t, parts[i]->address, parts[i]->size, mem_printf("%s bytes", text_thousands(parts[i]->blob->length)),
                         parts[i]->blob->name);
    text_printf(t, "  command line: %s\n", vm->bootargs ? vm->bootargs : "none given");
}

static void report_vms(struct text *t, const struct system *s)
{
    if (s->vms.count)
        report_heading(t, "Virtual machines");
    for (size_t i = 0; i < s->vms.count; i++) {
        const struct vm *vm = s->vms.at[i];

        text_printf(t, "%s  %s: %s KiB of memory, %zu vCPU%s on core", i ? "\n" : "", vm->cell->name, text_thousands(vm->memory / 1024),
                    vm->cell->vcpus.count, vm->cell->vcpus.count == 1 ? "" : "s");
        for (size_t v = 0; v < vm->cell->vcpus.count; v++)
            text_printf(t, " %u", vm->cell->vcpus.at[v]->core);
        text_printf(t, "; its exits are served by %s", vm->vmm->name);
        if (vm->io)
            text_printf(t, ", its disks, networks and ports by %s on core %u", vm->io->name, vm->io->vcpus.at[0]->core);
        text_printf(t, "\n");
        report_board(t, s, vm);
        report_start(t, vm);
    }
}

/* ---- kernel memory ------------------------------------------------------------------------ */

struct cost {
    uint64_t cell, vcpus, fp, vgic, spaces, portals, virqs, timers, caps, heaps, roots, tables;
};

static uint64_t cost_total(const struct cost *k)
{
    return k->cell + k->vcpus + k->fp + k->vgic + k->spaces + k->portals + k->virqs + k->timers + k->caps + k->heaps +
           k->roots + k->tables;
}

static struct cost cell_cost(const struct system *s, const struct layout *l, const struct cell *c)
{
    const struct mv_object_sizes *z = &l->kernel.info.sizes;
    struct cost k = { .cell = z->cell, .caps = (c->caps.count + 1) * z->cap, .tables = c->table_pages * MV_PAGE_SIZE };

    for (size_t i = 0; i < c->vcpus.count; i++) {
        k.vcpus += z->vcpu;
        k.fp += c->vcpus.at[i]->fp ? z->fp : 0;
        k.heaps += (1 + c->vcpus.at[i]->callers_max) * (uint64_t)z->heap_slot;
        if (model_is_guest(c)) {
            k.vcpus += z->vm;
            k.heaps += z->heap_slot;
        }
    }
    if (model_is_guest(c))
        k.vgic = z->vgic + (c->vcpus.count + MV_GUEST_SPI_BANKS) * (uint64_t)z->vgic_bank +
                 c->vm->io_devices.count * (uint64_t)z->bell_slot;
    for (size_t i = 0; i < c->spaces.count; i++) {
        k.spaces += z->space;
        k.roots += mv_root_bytes(c->spaces.at[i]->address_bits);
    }
    for (size_t i = 0; i < s->portals.count; i++)
        k.portals += s->portals.at[i]->cell == c ? z->portal : 0;
    for (size_t i = 0; i < s->virqs.count; i++)
        k.virqs += s->virqs.at[i]->cell == c ? z->virq : 0;
    for (size_t i = 0; i < s->timers.count; i++) {
        k.timers += s->timers.at[i]->cell == c ? z->timer : 0;
        k.heaps += s->timers.at[i]->cell == c ? z->heap_slot : 0;
    }
    return k;
}

static void report_costs(struct text *t, const struct system *s, const struct layout *l)
{
    const struct mv_systab *h = layout_header(l);
    uint64_t all = h->size - h->objects[0] + h->tables_size, total = 0;

    report_heading(t, "Kernel memory of each cell, bytes");
    text_printf(t, "  %-23s %6s %6s %6s %6s %6s %7s %6s %6s %6s %6s %6s %7s %8s\n", "cell", "cell", "vCPUs", "FP", "vGIC", "spaces",
                "portals", "vIRQs", "timers", "caps", "queues", "roots", "tables", "total");
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cost k = cell_cost(s, l, s->cells.at[i]);

        total += cost_total(&k);
        text_printf(t, "  %-23s %6llu %6llu %6llu %6llu %6llu %7llu %6llu %6llu %6llu %6llu %6llu %7llu %8llu\n",
                    s->cells.at[i]->name, (ull)k.cell, (ull)k.vcpus, (ull)k.fp, (ull)k.vgic, (ull)k.spaces,
                    (ull)k.portals, (ull)k.virqs, (ull)k.timers, (ull)k.caps, (ull)k.heaps, (ull)k.roots, (ull)k.tables,
                    (ull)cost_total(&k));
    }
    text_printf(t, "\n  cells             %10s\n", text_thousands(total));
    text_printf(t, "  shared, alignment %10s   interrupt slots, the kernel's own tables\n",
                text_thousands(all - total));
    text_printf(t, "  objects in all    %10s\n", text_thousands(all));
    text_printf(t, "  kernel image      %10s   text, data, bss, stacks\n", text_thousands(l->kernel.image.length));
    text_printf(t, "  system table      %10s\n", text_thousands(h->objects[0]));
    text_printf(t, "  trace rings       %10s\n", text_thousands(s->trace_size * s->cores));
}

struct text report_make(const struct system *s, const struct layout *l)
{
    struct text t = { 0 };

    const char *slash = strrchr(s->path, '/');

    text_printf(&t, "System %s for board %s: %u core%s, %zu cells, %zu vCPUs, slice %llu us\n", slash ? slash + 1 : s->path, s->board.name, s->cores,
                s->cores == 1 ? "" : "s", s->cells.count, s->vcpus.count, (ull)s->slice_us);
    report_memory(&t, s, l);
    report_schedule(&t, s);
    report_heading(&t, "Who may talk to whom");
    report_portals(&t, s);
    report_raises(&t, s);
    report_shared(&t, s);
    report_control(&t, s);
    report_devices(&t, s);
    report_links(&t, s);
    report_vms(&t, s);
    for (size_t i = 0; i < s->cells.count; i++)
        report_cell(&t, s, s->cells.at[i]);
    report_costs(&t, s, l);
    return t;
}
