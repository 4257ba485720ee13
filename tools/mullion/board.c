/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include <stdlib.h>
#include <string.h>

bool region_overlaps(struct region a, struct region b)
{
    return a.base < b.base + b.size && b.base < a.base + a.size;
}

const struct region *regions_overlap(const struct regions *list, struct region r)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (region_overlaps(list->list.at[i], r))
            return &list->list.at[i];
    return NULL;
}

struct region region_pages(struct region r)
{
    uint64_t start = r.base / MV_PAGE_SIZE * MV_PAGE_SIZE;

    return (struct region){ start, mv_align_up(r.base + r.size, MV_PAGE_SIZE) - start };
}

uint32_t board_cells(const struct node *n, const char *name, uint32_t otherwise)
{
    const struct prop *p = node_prop(n, name);

    return p && p->length == 4 ? prop_cell(p, 0) : otherwise;
}

static uint32_t address_cells(const struct node *bus)
{
    return board_cells(bus, "#address-cells", 2);
}

static uint32_t size_cells(const struct node *bus)
{
    return board_cells(bus, "#size-cells", 1);
}

/* From an address on the bus to one on the bus above it. */
static bool bus_translate(const struct node *bus, struct region *r)
{
    const struct prop *p = node_prop(bus, "ranges");
    uint32_t child = address_cells(bus), parent = address_cells(bus->parent), size = size_cells(bus);
    size_t step = child + parent + size;

    if (!p || child > 2 || parent > 2 || size > 2)
        return false;
    if (p->length == 0)
        return true;
    for (size_t i = 0; step && (i + step) * 4 <= p->length; i += step) {
        uint64_t from = prop_cells(p, i, child), to = prop_cells(p, i + child, parent);
        uint64_t length = prop_cells(p, i + child + parent, size);

        if (r->base >= from && r->base - from < length && r->size <= length - (r->base - from)) {
            r->base = r->base - from + to;
            return true;
        }
    }
    return false;
}

bool board_translate(const struct node *bus, struct region *r)
{
    for (; bus->parent; bus = bus->parent)
        if (!bus_translate(bus, r))
            return false;
    return r->size != 0 && r->base + r->size >= r->base && (r->base + r->size) >> 48 == 0;
}

bool board_regions(const struct node *device, struct regions *out)
{
    const struct prop *p = node_prop(device, "reg");

    if (!p || !device->parent)
        return p == NULL;
    uint32_t a = address_cells(device->parent), s = size_cells(device->parent);

    if (a == 0 || a > 2 || s == 0 || s > 2 || p->length % ((a + s) * 4))
        return false;
    for (size_t i = 0; i * 4 < p->length; i += a + s) {
        struct region r = { prop_cells(p, i, a), prop_cells(p, i + a, s) };

        if (!board_translate(device->parent, &r))
            return false;
        *vec_push(&out->list) = r;
    }
    return true;
}

bool board_memory(const struct tree *t, const struct prop *p, struct regions *out)
{
    uint32_t a = address_cells(t->root), s = size_cells(t->root);

    if (a == 0 || a > 2 || s == 0 || s > 2 || p->length == 0 || p->length % ((a + s) * 4))
        return false;
    for (size_t i = 0; i * 4 < p->length; i += a + s)
        *vec_push(&out->list) = (struct region){ prop_cells(p, i, a), prop_cells(p, i + a, s) };
    return true;
}

/* ---- interrupts ------------------------------------------------------------ */

/* An entry <type number flags> of the GIC's binding. */
static struct interrupt gic_entry(const struct prop *p, size_t first)
{
    uint32_t type = prop_cell(p, first), number = prop_cell(p, first + 1), flags = prop_cell(p, first + 2);

    return (struct interrupt){ (number & 0xfff) + (type == 0 ? 32 : 16), (flags & 3) != 0 };
}

bool board_gic_entry(const struct board *b, const struct prop *p, size_t first, struct interrupt *out)
{
    if (board_cells(b->gic, "#interrupt-cells", 3) != 3 || (first + 3) * 4 > p->length)
        return false;
    *out = gic_entry(p, first);
    return true;
}

static const struct node *interrupt_parent(const struct tree *t, const struct node *n)
{
    for (; n; n = n->parent) {
        const struct prop *p = node_prop(n, "interrupt-parent");

        if (p && p->length == 4)
            return tree_by_phandle(t, prop_cell(p, 0));
    }
    return NULL;
}

bool board_interrupts(const struct board *b, const struct tree *t, const struct node *device, struct interrupts *out)
{
    const struct prop *p = node_prop(device, "interrupts-extended");
    size_t skip = p ? 1 : 0;

    if (!p)
        p = node_prop(device, "interrupts");
    if (!p)
        return true;
    if (board_cells(b->gic, "#interrupt-cells", 3) != 3 || p->length % ((skip + 3) * 4))
        return false;
    if (!skip && interrupt_parent(t, device) != b->gic)
        return false;
    for (size_t i = 0; i * 4 < p->length; i += skip + 3) {
        if (skip && tree_by_phandle(t, prop_cell(p, i)) != b->gic)
            return false;
        *vec_push(&out->list) = gic_entry(p, i + skip);
    }
    return true;
}

/* ---- the board's facts ------------------------------------------------------- */

static const struct node *find_compatible(const struct tree *t, const char *const *names)
{
    for (size_t i = 0; i < t->all.count; i++) {
        const struct prop *p = node_prop(t->all.at[i], "compatible");

        for (const char *const *n = names; p && *n; n++)
            if (prop_has_string(p, *n))
                return t->all.at[i];
    }
    return NULL;
}

static void read_memory(struct board *b, const struct tree *t)
{
    for (size_t i = 0; i < t->root->children.count; i++) {
        const struct node *n = t->root->children.at[i];
        const struct prop *type = node_prop(n, "device_type");
        struct regions r = { 0 };

        if (!type || !prop_has_string(type, "memory"))
            continue;
        if (!board_regions(n, &r) || r.list.count == 0) {
            diag_error(n->at, "the memory node has no usable \"reg\"; expected <address size>; correct the board's tree");
            return;
        }
        uint64_t end = (r.list.at[0].base + r.list.at[0].size) / MV_BLOCK_SIZE * MV_BLOCK_SIZE;

        b->ram.base = mv_align_up(r.list.at[0].base, MV_BLOCK_SIZE);
        b->ram.size = end > b->ram.base ? end - b->ram.base : 0;
        if (b->ram.size == 0)
            diag_error(n->at, "the memory has %llu bytes; expected 2 MiB or more, aligned; correct the board's tree",
                       (unsigned long long)r.list.at[0].size);
        return;
    }
    diag_error(t->root->at, "the tree has no memory node; expected one with device_type \"memory\"; correct the board's tree");
}

static void read_reserved(struct board *b, const struct tree *t)
{
    const struct node *reserved = tree_find(t, "/reserved-memory");

    for (size_t i = 0; reserved && i < reserved->children.count; i++)
        board_regions(reserved->children.at[i], &b->reserved);
}

/* The GIC's own interrupt, a PPI: that of its virtual interface. */
static void read_maintenance(struct board *b, const struct node *gic)
{
    const struct prop *p = node_prop(gic, "interrupts");
    uint32_t id = p && p->length >= 3 * 4 ? gic_entry(p, 0).id : 0;

    b->maintenance_interrupt = id >= 16 && id < 32 ? id : 0;
}

static void read_gic(struct board *b, const struct tree *t)
{
    static const char *const v2[] = { "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic", NULL };
    static const char *const v3[] = { "arm,gic-v3", NULL };
    const struct node *n = find_compatible(t, v3);

    b->gic_version = n ? 3 : 2;
    if (!n)
        n = find_compatible(t, v2);
    b->gic = n;
    if (!n) {
        diag_error(t->root->at, "the tree has no GIC; expected \"arm,gic-v3\" or \"arm,gic-400\"; correct the board's tree");
        return;
    }
    if (!board_regions(n, &b->gic_registers) || b->gic_registers.list.count < 2) {
        diag_error(n->at, "the GIC's \"reg\" has fewer than two ranges; expected distributor and %s; correct the board's tree",
                   b->gic_version == 3 ? "redistributors" : "CPU interface");
        return;
    }
    const struct region *r = b->gic_registers.list.at;

    b->gic_distributor = r[0].base;
    if (b->gic_version == 3) {
        b->gic_redistributors = r[1].base;
        b->gic_redistributors_size = r[1].size;
    } else {
        b->gic_cpu_interface = r[1].base;
        if (b->gic_registers.list.count >= 4) {
            b->gic_hypervisor = r[2].base;
            b->gic_virtual = r[3];
        }
    }
    read_maintenance(b, n);
    for (size_t i = 0; i < n->children.count; i++)
        board_regions(n->children.at[i], &b->gic_registers);
}

static void read_cpus(struct board *b, const struct tree *t)
{
    const struct node *cpus = tree_find(t, "/cpus");

    for (size_t i = 0; cpus && i < cpus->children.count; i++) {
        const struct prop *type = node_prop(cpus->children.at[i], "device_type");
        const struct prop *reg = node_prop(cpus->children.at[i], "reg");

        if (!type || !prop_has_string(type, "cpu") || !reg || reg->length % 4 || reg->length > 8)
            continue;
        if (b->cpu_count < MV_CORES_MAX)
            b->mpidr[b->cpu_count] = prop_cells(reg, 0, reg->length / 4);
        b->cpu_count++;
    }
    if (b->cpu_count == 0)
        diag_error(t->root->at, "the tree has no CPU; expected nodes below /cpus; correct the board's tree");
    if (b->cpu_count > MV_CORES_MAX)
        b->cpu_count = MV_CORES_MAX;
}

static void read_timer(struct board *b, const struct tree *t)
{
    static const char *const names[] = { "arm,armv8-timer", NULL };
    const struct node *n = find_compatible(t, names);
    const struct prop *p = node_prop(n, "interrupts");

    /* Secure, non-secure, virtual, hypervisor. */
    if (!p || p->length < 4 * 3 * 4) {
        diag_error(n ? n->at : t->root->at,
                   "the tree has no hypervisor timer; expected \"arm,armv8-timer\" with four interrupts; correct the board's tree");
    } else {
        b->virtual_timer_interrupt = gic_entry(p, 6).id;
        b->timer_interrupt = gic_entry(p, 9).id;
    }
}

/* The place of an interrupt in "interrupts", by its name. */
static const struct interrupt *named_interrupt(const struct node *n, const struct interrupts *in, const char *name)
{
    const struct prop *p = node_prop(n, "interrupt-names");
    size_t place = 0;

    for (size_t at = 0; p && at < p->length && place < in->list.count; at += strnlen((const char *)p->data + at, p->length - at) + 1, place++)
        if (p->length - at > strlen(name) && !memcmp(p->data + at, name, strlen(name) + 1))
            return &in->list.at[place];
    return NULL;
}

/* Does anything in the tree reach memory through this SMMU? One before nothing is
 * left as it is. */
static bool smmu_used(const struct tree *t, const struct node *smmu)
{
    for (size_t i = 0; i < t->all.count; i++) {
        const struct prop *map = node_prop(t->all.at[i], "iommu-map"), *own = node_prop(t->all.at[i], "iommus");

        for (size_t k = 0; map && (k + 4) * 4 <= map->length; k += 4)
            if (tree_by_phandle(t, prop_cell(map, k + 1)) == smmu)
                return true;
        for (size_t k = 0; own && (k + 2) * 4 <= own->length; k += 2)
            if (tree_by_phandle(t, prop_cell(own, k)) == smmu)
                return true;
    }
    return false;
}

/* An SMMUv3: what stands before devices that reach memory. */
static void read_smmu(struct board *b, const struct tree *t)
{
    struct regions r = { 0 };
    struct interrupts in = { 0 };

    for (size_t i = 0; i < t->all.count; i++) {
        const struct node *n = t->all.at[i];
        const struct prop *p = node_prop(n, "compatible"), *status = node_prop(n, "status");

        if (!p || !prop_has_string(p, "arm,smmu-v3") || !smmu_used(t, n) ||
            (status && !prop_has_string(status, "okay") && !prop_has_string(status, "ok")))
            continue;
        if (b->smmu)
            diag_error(n->at, "the tree has a second SMMU; expected one, the kernel drives no more; set the status of \"%s\" to \"disabled\"",
                       node_title(n));
        else
            b->smmu = n;
    }
    if (!b->smmu)
        return;
    if (!board_regions(b->smmu, &r) || r.list.count == 0 || r.list.at[0].size < SMMU_BYTES || r.list.at[0].base % SMMU_BYTES_ALIGN) {
        diag_error(b->smmu->at, "the SMMU's \"reg\" is not two pages of 64 KiB; expected these; correct the board's tree");
        return;
    }
    b->smmu_registers = r.list.at[0].base;
    bool found = b->gic && board_interrupts(b, t, b->smmu, &in);
    const struct interrupt *both = named_interrupt(b->smmu, &in, "combined");
    const struct interrupt *event = both ? both : named_interrupt(b->smmu, &in, "eventq");
    const struct interrupt *error = both ? both : named_interrupt(b->smmu, &in, "gerror");

    if (b->gic && (!found || !event || !error || !event->edge || !error->edge || event->id < 32 || error->id < 32)) {
        diag_error(b->smmu->at, "the SMMU has no usable interrupts; expected shared edges named \"eventq\" and \"gerror\", or \"combined\"; correct the board's tree");
        return;
    }
    b->smmu_event_interrupt = event ? event->id : 0;
    b->smmu_error_interrupt = error ? error->id : 0;
}

/* "/pl011@9000000", an alias, either with ":115200n8" behind it. */
static const struct node *stdout_node(const struct tree *t)
{
    const struct prop *p = node_prop(tree_find(t, "/chosen"), "stdout-path");
    const char *path = p ? prop_string(p) : NULL;

    if (!path)
        return NULL;
    if (path[0] != '/') {
        p = node_prop(tree_find(t, "/aliases"), mem_copy_string(path, strcspn(path, ":")));
        path = p ? prop_string(p) : NULL;
    }
    return path ? tree_find(t, path) : NULL;
}

void board_read(struct board *b, const struct tree *t, const char *name)
{
    const struct prop *method = node_prop(tree_find(t, "/psci"), "method");
    const struct node *uart = stdout_node(t);
    struct regions r = { 0 };

    b->name = name;
    if (!tree_find(t, "/cpus") && !tree_find(t, "/memory")) {
        diag_error(t->root->at, "the tree of the board is missing; expected it in the description; add /include/ \"board.dts\"");
        return;
    }
    b->qemu = node_child(tree_find(t, "/chosen"), "mullion,qemu");
    read_memory(b, t);
    read_reserved(b, t);
    read_gic(b, t);
    read_cpus(b, t);
    read_timer(b, t);
    read_smmu(b, t);
    b->psci_smc = method && prop_has_string(method, "smc");
    if (uart && board_regions(uart, &r) && r.list.count)
        b->uart = r.list.at[0].base;
}
