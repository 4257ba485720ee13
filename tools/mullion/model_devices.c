/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the board and the cells that own them. */
#include "model_parts.h"

#include <string.h>

#include <mv/guest.h>

static const char *kernel_owned(const struct system *s, const struct node *n)
{
    const struct prop *p = node_prop(n, "compatible");

    for (const struct node *up = n; up; up = up->parent)
        if (up == s->board.gic)
            return "the interrupt controller";
    if (p && prop_has_string(p, "arm,armv8-timer"))
        return "the kernel's timer";
    if (p && prop_has_string(p, "arm,smmu-v3"))
        return "the SMMU";
    for (const struct node *up = n; up->parent; up = up->parent)
        if (!up->parent->parent && (!strcmp(up->name, "cpus") || !strcmp(up->name, "psci") || !strncmp(up->name, "memory", 6)))
            return "the kernel's";
    return NULL;
}

static struct device *device_of(const struct system *s, const struct node *n)
{
    for (size_t i = 0; i < s->devices.count; i++)
        if (s->devices.at[i]->node == n)
            return s->devices.at[i];
    return NULL;
}

static bool device_allowed(const struct system *s, const struct cell *c, const struct node *to, struct pos at)
{
    const struct prop *status = node_prop(to, "status");
    const char *owned = kernel_owned(s, to);
    const struct device *d = device_of(s, to);

    if (strcmp(schema_what(to), "a device"))
        model_wrong_kind(at, "devices", to, "devices of the board");
    else if (owned)
        diag_error(at, "device \"%s\" is %s; expected a device that a cell may own; remove it", node_title(to), owned);
    else if (d && d->cell == c)
        diag_error(at, "device \"%s\" stands twice in \"devices\"; expected it once; remove one", d->name);
    else if (d)
        diag_error(at, "device \"%s\" is given to cell \"%s\" already; expected one owner; remove it from one of them",
                   d->name, d->cell->name);
    else if (status && !prop_has_string(status, "okay") && !prop_has_string(status, "ok"))
        diag_error(at, "device \"%s\" is disabled in the board's tree; expected status \"okay\"; add &%s { status = \"okay\"; }",
                   node_title(to), node_title(to));
    else
        return true;
    return false;
}

static void device_interrupts(struct system *s, struct device *d)
{
    struct interrupts in = { 0 };

    if (s->board.gic && !board_interrupts(&s->board, s->tree, d->node, &in)) {
        diag_error(d->at, "the interrupts of device \"%s\" do not go to the GIC; expected <type number flags>; give another device",
                   d->name);
        return;
    }
    for (size_t i = 0; i < in.list.count; i++) {
        if (in.list.at[i].id < 32 || in.list.at[i].id > 1019) {
            diag_error(d->at, "interrupt %u of device \"%s\" is private to a core; expected a shared one, 32 to 1019; give another device",
                       in.list.at[i].id, d->name);
            continue;
        }
        struct virq *v = model_add_virq(s, d->cell, d->name, NULL, d->sink, MV_VIRQ_DEVICE);

        v->interrupt = in.list.at[i].id;
        v->edge = in.list.at[i].edge;
        *vec_push(&d->virqs) = v;
    }
}

void model_check_registers(const struct system *s, const char *device, struct pos at, struct region pages)
{
    if (region_overlaps(pages, s->board.ram))
        diag_error(at, "the registers of device \"%s\" lie in RAM at 0x%llx; expected them outside; correct the board's tree",
                   device, (unsigned long long)pages.base);
    for (size_t i = 0; i < s->board.gic_registers.list.count; i++)
        if (region_overlaps(pages, region_pages(s->board.gic_registers.list.at[i])))
            diag_error(at, "device \"%s\" shares a page with the interrupt controller; expected a page of its own; give another device",
                       device);
}

static void device_registers(struct system *s, struct device *d)
{
    if (!board_regions(d->node, &d->registers)) {
        diag_error(d->at, "the registers of device \"%s\" cannot be found; expected \"reg\" and \"ranges\" up to the root; correct the board's tree",
                   d->name);
        return;
    }
    if (d->registers.list.count == 0)
        return;
    d->segment = model_add_segment(s, SEGMENT_DEVICE, d->name, MV_MAP_READ | MV_MAP_WRITE, 0, d->cell);
    d->segment->at = d->at;
    for (size_t i = 0; i < d->registers.list.count; i++) {
        struct region pages = region_pages(d->registers.list.at[i]);

        *vec_push(&d->segment->extents.list) = pages;
        d->segment->size += pages.size;
        model_check_registers(s, d->name, d->at, pages);
    }
}

/* ---- a machine's ---------------------------------------------------------------- */

/*
 * What a machine gets: registers at addresses of its own, interrupts by its
 * vGIC. The addresses that it would tell a device for DMA are its own too, and
 * mean other memory to the device.
 */
static void give_to_guest(struct device *d)
{
    struct vm *vm = d->cell->vm;

    if (model_may_do_dma(d))
        diag_error(d->at, "device \"%s\" of virtual machine \"%s\" may do DMA, to addresses that are not the machine's; expected a device with registers only; give it to a driver's cell, or, if it has only those, say so: &%s { mullion,registers-only; }",
                   d->name, d->cell->name, d->name);
    if (d->segment) {
        struct mapping *m = mem_alloc(sizeof *m);
        uint64_t at = vm->devices_end ? vm->devices_end : MV_GUEST_DEVICES;

        *m = (struct mapping){ .segment = d->segment, .name = mem_printf("device %s", d->name), .rights = MV_MAP_READ | MV_MAP_WRITE,
                               .placed = true, .address = at, .size = d->segment->size, .at = d->at };
        d->mapping = m;
        vm->devices_end = mv_align_up(at + m->size, MV_GUEST_DEVICES_STEP);
        if (vm->devices_end > MV_GUEST_DEVICES_END)
            diag_error(d->at, "the devices of virtual machine \"%s\" need 0x%llx bytes with \"%s\"; expected at most 0x%x; give it fewer",
                       d->cell->name, (unsigned long long)(vm->devices_end - MV_GUEST_DEVICES), d->name,
                       MV_GUEST_DEVICES_END - MV_GUEST_DEVICES);
        else
            *vec_push(&d->cell->spaces.at[0]->mappings) = m;
    }
    for (size_t i = 0; i < d->virqs.count; i++) {
        d->virqs.at[i]->guest_interrupt = MV_GUEST_SPI_DEVICES + vm->device_interrupts++;
        if (d->virqs.at[i]->guest_interrupt >= 32 + 32 * MV_GUEST_SPI_BANKS)
            diag_error(d->at, "the devices of virtual machine \"%s\" have more than %u interrupts with \"%s\"; expected at most that; give it fewer",
                       d->cell->name, 32 + 32 * MV_GUEST_SPI_BANKS - MV_GUEST_SPI_DEVICES, d->name);
    }
}

void model_read_devices(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "devices");
    const struct prop *sinks = node_prop(n, "device-vcpus");
    struct pos at = node_at(n, "devices");

    if (sinks && sinks->length != count * 4) {
        diag_error(sinks->at, "\"device-vcpus\" has length %zu and \"devices\" %zu; expected a number for each device; correct the list",
                   sinks->length / 4, count);
        sinks = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "devices", i);
        uint32_t sink = sinks ? prop_cell(sinks, i) : 0;

        if (!device_allowed(s, c, to, at))
            continue;
        if (sink >= c->vcpus.count) {
            diag_error(sinks->at, "\"device-vcpus\" names vCPU %u, but cell \"%s\" has %zu; expected 0 to %zu; choose one of these",
                       sink, c->name, c->vcpus.count, c->vcpus.count - 1);
            sink = 0;
        }
        if (model_give_pci(s, c, to, at, c->vcpus.at[sink]))
            continue;
        struct device *d = mem_alloc(sizeof *d);

        d->cell = c;
        d->name = node_title(to);
        d->node = to;
        d->at = at;
        d->sink = c->vcpus.at[sink];
        *vec_push(&s->devices) = d;
        *vec_push(&c->devices) = d;
        device_registers(s, d);
        device_interrupts(s, d);
        if (model_is_guest(c))
            give_to_guest(d);
    }
}
