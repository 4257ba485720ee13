/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree that a guest finds, by the bindings of the Devicetree
 * Specification and of Linux. Addresses and interrupts are those of
 * include/mv/guest.h, the board that the VMM shows.
 */
#include "guest.h"

#include <libfdt.h>
#include <string.h>

#include <mv/guest.h>

enum {
    PHANDLE_GIC = 1,
    PHANDLE_CLOCK = 2,
    PHANDLE_BOARD = 3,          /* first of clocks from the board's tree */
    CLOCK_HZ = 24000000,
    TREE_ROOM = 0x4000,         /* of a generated one, besides the command line */
    TREE_MAX = MV_BLOCK_SIZE,   /* of one that the boot protocol allows */
    SEED_BYTES = 64,
    GIC_SPI = 0, GIC_PPI = 1, EDGE_RISING = 1, LEVEL_HIGH = 4,
};

/* A tree being written from front to back. The first failure is kept. */
struct writer {
    void *at;
    int   status;
};

static void note(struct writer *w, int status)
{
    if (w->status == 0)
        w->status = status;
}

static void node_begin(struct writer *w, const char *name)
{
    note(w, fdt_begin_node(w->at, name));
}

static void node_end(struct writer *w)
{
    note(w, fdt_end_node(w->at));
}

static void put_bytes(struct writer *w, const char *name, const void *bytes, size_t length)
{
    note(w, fdt_property(w->at, name, bytes, (int)length));
}

static void put_flag(struct writer *w, const char *name)
{
    put_bytes(w, name, NULL, 0);
}

static void put_string(struct writer *w, const char *name, const char *text)
{
    put_bytes(w, name, text, strlen(text) + 1);
}

static void put_u32(struct writer *w, const char *name, uint32_t value)
{
    note(w, fdt_property_u32(w->at, name, value));
}

static void put_u64(struct writer *w, const char *name, uint64_t value)
{
    note(w, fdt_property_u64(w->at, name, value));
}

/* Numbers of one cell each. */
#define PUT_CELLS(w, name, ...) \
    put_cells(w, name, (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void put_cells(struct writer *w, const char *name, const uint32_t *values, size_t count)
{
    fdt32_t cells[16];

    for (size_t i = 0; i < count; i++)
        cells[i] = cpu_to_fdt32(values[i]);
    put_bytes(w, name, cells, count * sizeof *cells);
}

/* One range of addresses, two cells each. */
static void put_reg(struct writer *w, uint64_t base, uint64_t size)
{
    PUT_CELLS(w, "reg", (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32), (uint32_t)size);
}

static void put_compatible(struct writer *w, const char *first, const char *second)
{
    const char *both = mem_printf("%s%c%s", first, '\0', second);

    put_bytes(w, "compatible", both, strlen(first) + 1 + strlen(second) + 1);
}

/* A device at its address, with an interrupt. */
static void device_begin(struct writer *w, const char *name, uint64_t base, uint64_t size, uint32_t spi, uint32_t trigger)
{
    node_begin(w, mem_printf("%s@%llx", name, (unsigned long long)base));
    put_reg(w, base, size);
    PUT_CELLS(w, "interrupts", GIC_SPI, spi - 32, trigger);
}

/* ---- the parts ------------------------------------------------------------------------ */

/* What Linux takes random numbers from before it has a source, and where it
 * lays its kernel by. */
static const struct { const char *name; size_t length; } seeds[] = {
    { "rng-seed", SEED_BYTES },
    { "kaslr-seed", 8 },
};
enum { SEEDS = sizeof seeds / sizeof *seeds };

static void put_chosen(struct writer *w, const struct vm *vm)
{
    node_begin(w, "chosen");
    if (vm->bootargs)
        put_string(w, "bootargs", vm->bootargs);
    if (vm->console != VM_CONSOLE_VIRTIO)
        put_string(w, "stdout-path", mem_printf("/pl011@%x", MV_GUEST_UART));
    if (vm->initrd.blob) {
        put_u64(w, "linux,initrd-start", vm->initrd.address);
        put_u64(w, "linux,initrd-end", vm->initrd.address + vm->initrd.size);
    }
    for (size_t i = 0; i < SEEDS; i++) {
        uint8_t seed[SEED_BYTES];

        guest_random(seed, seeds[i].length, vm, seeds[i].name);
        put_bytes(w, seeds[i].name, seed, seeds[i].length);
    }
    node_end(w);
}

static void put_memory(struct writer *w, const struct vm *vm)
{
    node_begin(w, mem_printf("memory@%x", MV_GUEST_RAM));
    put_string(w, "device_type", "memory");
    put_reg(w, MV_GUEST_RAM, vm->memory);
    node_end(w);
}

/* Processor n has affinity n. */
static void put_cpus(struct writer *w, const struct vm *vm)
{
    node_begin(w, "cpus");
    put_u32(w, "#address-cells", 1);
    put_u32(w, "#size-cells", 0);
    for (uint32_t i = 0; i < vm->cell->vcpus.count; i++) {
        node_begin(w, mem_printf("cpu@%u", i));
        put_string(w, "device_type", "cpu");
        put_string(w, "compatible", "arm,armv8");
        put_u32(w, "reg", i);
        put_string(w, "enable-method", "psci");
        node_end(w);
    }
    node_end(w);
    node_begin(w, "psci");
    put_compatible(w, "arm,psci-1.0", "arm,psci-0.2");
    put_string(w, "method", "hvc");
    node_end(w);
}

static void put_timer(struct writer *w, const struct system *s, const struct vm *vm)
{
    /* A GICv2's binding says which processors a private interrupt goes to. */
    uint32_t mask = s->board.gic_version == 2 ? (1u << vm->cell->vcpus.count) - 1 : 0, flags = mask << 8 | LEVEL_HIGH;

    node_begin(w, "timer");
    put_string(w, "compatible", "arm,armv8-timer");
    /* Secure, non-secure, virtual, hypervisor. */
    PUT_CELLS(w, "interrupts", GIC_PPI, 13, flags, GIC_PPI, MV_GUEST_PPI_PTIMER - 16, flags, GIC_PPI,
              MV_GUEST_PPI_VTIMER - 16, flags, GIC_PPI, 10, flags);
    put_flag(w, "always-on");
    node_end(w);
}

static void put_gic(struct writer *w, const struct system *s, const struct vm *vm)
{
    bool v3 = s->board.gic_version == 3;
    uint64_t second = v3 ? MV_GUEST_GICR : MV_GUEST_GICC;
    uint64_t size = v3 ? MV_GUEST_GICR_BYTES * (uint64_t)vm->cell->vcpus.count : MV_GUEST_GICC_BYTES;

    node_begin(w, mem_printf("interrupt-controller@%x", MV_GUEST_GICD));
    put_string(w, "compatible", v3 ? "arm,gic-v3" : "arm,gic-400");
    PUT_CELLS(w, "reg", 0, MV_GUEST_GICD, 0, MV_GUEST_GICD_BYTES, (uint32_t)(second >> 32), (uint32_t)second,
              (uint32_t)(size >> 32), (uint32_t)size);
    if (v3)
        put_u32(w, "#redistributor-regions", 1);
    put_flag(w, "interrupt-controller");
    put_u32(w, "#interrupt-cells", 3);
    put_u32(w, "#address-cells", 0);
    put_u32(w, "phandle", PHANDLE_GIC);
    node_end(w);
}

static void put_clock(struct writer *w)
{
    node_begin(w, "apb-pclk");
    put_string(w, "compatible", "fixed-clock");
    put_u32(w, "#clock-cells", 0);
    put_u32(w, "clock-frequency", CLOCK_HZ);
    put_string(w, "clock-output-names", "apb_pclk");
    put_u32(w, "phandle", PHANDLE_CLOCK);
    node_end(w);
}

static void put_virtio(struct writer *w, uint32_t slot, uint32_t trigger)
{
    device_begin(w, "virtio_mmio", MV_GUEST_VIRTIO + slot * (uint64_t)MV_GUEST_VIRTIO_BYTES, MV_GUEST_VIRTIO_BYTES,
                 MV_GUEST_SPI_VIRTIO + slot, trigger);
    put_string(w, "compatible", "virtio,mmio");
    put_flag(w, "dma-coherent");
    node_end(w);
}

static void put_devices(struct writer *w, const struct vm *vm)
{
    put_clock(w);
    if (vm->console != VM_CONSOLE_VIRTIO) {
        device_begin(w, "pl011", MV_GUEST_UART, 0x1000, MV_GUEST_SPI_UART, LEVEL_HIGH);
        put_compatible(w, "arm,pl011", "arm,primecell");
        PUT_CELLS(w, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
        put_bytes(w, "clock-names", "uartclk\0apb_pclk", sizeof "uartclk\0apb_pclk");
        node_end(w);
    }
    device_begin(w, "pl031", MV_GUEST_RTC, 0x1000, MV_GUEST_SPI_RTC, LEVEL_HIGH);
    put_compatible(w, "arm,pl031", "arm,primecell");
    PUT_CELLS(w, "clocks", PHANDLE_CLOCK);
    put_string(w, "clock-names", "apb_pclk");
    node_end(w);
    if (vm->console == VM_CONSOLE_VIRTIO)
        put_virtio(w, MV_GUEST_VIRTIO_CONSOLE, LEVEL_HIGH);
    if (vm->rng)
        put_virtio(w, MV_GUEST_VIRTIO_RNG, LEVEL_HIGH);
    /* What the io cell raises is no level. */
    for (size_t i = 0; i < vm->io_devices.count; i++)
        put_virtio(w, vm->io_devices.at[i]->slot, EDGE_RISING);
}

/* ---- devices of the board ----------------------------------------------------------- */

/* Clocks that passed devices need, copied from the board's tree. */
typedef VEC(const struct node *) clocks_t;

/* What the tool says anew, or what means nothing in a machine. */
static bool is_replaced(const char *name)
{
    static const char *const names[] = {
        "reg", "interrupts", "interrupts-extended", "interrupt-parent", "phandle", "linux,phandle", "status", "clocks", "iommus",
        "ranges", "dma-ranges", "#address-cells", "#size-cells",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return !strncmp(name, "mullion,", 8);
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);

    return n >= m && !strcmp(text + n - m, suffix);
}

/* Does a property name other nodes, by the bindings? */
static bool names_nodes(const char *name)
{
    static const char *const names[] = {
        "assigned-clocks", "assigned-clock-parents", "resets", "power-domains", "dmas", "phys", "msi-parent", "mboxes", "hwlocks",
        "nvmem-cells", "memory-region", "operating-points-v2", "io-channels", "pwms", "interrupt-map", "gpio-ranges",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i]))
            return true;
    return has_suffix(name, "-supply") || has_suffix(name, "gpio") || has_suffix(name, "gpios") ||
           (!strncmp(name, "pinctrl-", 8) && strcmp(name, "pinctrl-names"));
}

/* The clocks of a device, each a fixed one; false after a complaint. */
static bool find_clocks(const struct system *s, const struct device *d, clocks_t *clocks)
{
    const struct prop *p = node_prop(d->node, "clocks");

    for (size_t i = 0; p && i * 4 < p->length; i++) {
        const struct node *n = tree_by_phandle(s->tree, prop_cell(p, i));
        const struct prop *compatible = n ? node_prop(n, "compatible") : NULL;
        bool known = false;

        if (!compatible || !prop_has_string(compatible, "fixed-clock") || board_cells(n, "#clock-cells", 0) != 0) {
            diag_error(d->at, "\"clocks\" of device \"%s\" leads to \"%s\"; expected fixed clocks for a virtual machine; give it to a native cell, or take the property away: &%s { /delete-property/ clocks; }",
                       d->name, n ? node_title(n) : "nothing", d->name);
            return false;
        }
        for (size_t k = 0; k < clocks->count; k++)
            known = known || clocks->at[k] == n;
        if (!known)
            *vec_push(clocks) = n;
    }
    return true;
}

static uint32_t clock_phandle(const clocks_t *clocks, const struct node *n)
{
    for (size_t i = 0; i < clocks->count; i++)
        if (clocks->at[i] == n)
            return PHANDLE_BOARD + (uint32_t)i;
    return 0;
}

static void put_board_clock(struct writer *w, const clocks_t *clocks, const struct node *n)
{
    node_begin(w, mem_printf("board-%s", n->name));
    put_string(w, "compatible", "fixed-clock");
    put_u32(w, "#clock-cells", 0);
    put_u32(w, "clock-frequency", board_cells(n, "clock-frequency", 0));
    put_u32(w, "phandle", clock_phandle(clocks, n));
    node_end(w);
}

/* Cells of any number. */
static void put_list(struct writer *w, const char *name, const uint32_t *values, size_t count)
{
    fdt32_t *cells = mem_alloc(count * sizeof *cells + 1);

    for (size_t i = 0; i < count; i++)
        cells[i] = cpu_to_fdt32(values[i]);
    if (count)
        put_bytes(w, name, cells, count * sizeof *cells);
}

/* Where the machine finds it: registers, interrupts, clocks. */
static void put_places(struct writer *w, const struct system *s, const struct device *d, const clocks_t *clocks)
{
    const struct prop *p = node_prop(d->node, "clocks");
    VEC(uint32_t) reg = { 0 }, interrupts = { 0 }, list = { 0 };
    uint64_t at = d->mapping ? d->mapping->address : 0;

    for (size_t i = 0; i < d->registers.list.count; i++) {
        uint64_t base = at + d->registers.list.at[i].base % MV_PAGE_SIZE, size = d->registers.list.at[i].size;
        const uint32_t cells[] = { (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32), (uint32_t)size };

        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
            *vec_push(&reg) = cells[k];
        at += d->segment->extents.list.at[i].size;
    }
    for (size_t i = 0; i < d->virqs.count; i++) {
        *vec_push(&interrupts) = GIC_SPI;
        *vec_push(&interrupts) = d->virqs.at[i]->guest_interrupt - 32;
        *vec_push(&interrupts) = d->virqs.at[i]->edge ? EDGE_RISING : LEVEL_HIGH;
    }
    for (size_t i = 0; p && i * 4 < p->length; i++)
        *vec_push(&list) = clock_phandle(clocks, tree_by_phandle(s->tree, prop_cell(p, i)));
    put_list(w, "reg", reg.at, reg.count);
    put_list(w, "interrupts", interrupts.at, interrupts.count);
    put_list(w, "clocks", list.at, list.count);
}

static void put_passed(struct writer *w, const struct system *s, const struct device *d, const clocks_t *clocks)
{
    const char *name = mem_copy_string(d->node->name, strcspn(d->node->name, "@"));

    if (d->mapping && d->registers.list.count)
        name = mem_printf("%s@%llx", name, (unsigned long long)(d->mapping->address + d->registers.list.at[0].base % MV_PAGE_SIZE));
    node_begin(w, name);
    for (size_t i = 0; i < d->node->props.count; i++) {
        const struct prop *p = &d->node->props.at[i];

        if (names_nodes(p->name))
            diag_error(d->at, "\"%s\" of device \"%s\" names other nodes, which a virtual machine does not have; expected registers, interrupts and fixed clocks; give it to a native cell, or take the property away: &%s { /delete-property/ %s; }",
                       p->name, d->name, d->name, p->name);
        else if (!is_replaced(p->name))
            put_bytes(w, p->name, p->data, p->length);
    }
    put_places(w, s, d, clocks);
    node_end(w);
}

/* What the board's tree says of the machine's own devices, where they are in
 * the machine. What lies below them is left out. */
static void put_passed_devices(struct writer *w, const struct system *s, const struct vm *vm)
{
    clocks_t clocks = { 0 };
    bool good = true;

    for (size_t i = 0; i < vm->cell->devices.count; i++)
        good = find_clocks(s, vm->cell->devices.at[i], &clocks) && good;
    for (size_t i = 0; i < clocks.count; i++)
        put_board_clock(w, &clocks, clocks.at[i]);
    for (size_t i = 0; good && i < vm->cell->devices.count; i++)
        put_passed(w, s, vm->cell->devices.at[i], &clocks);
}

/* The room that these need, generously. */
static size_t passed_room(const struct vm *vm)
{
    size_t room = 0;

    for (size_t i = 0; i < vm->cell->devices.count; i++) {
        const struct node *n = vm->cell->devices.at[i]->node;

        room += 0x400;
        for (size_t k = 0; k < n->props.count; k++)
            room += 2 * n->props.at[k].length + 2 * strlen(n->props.at[k].name) + 0x40;
    }
    return room;
}

/* ---- the whole ---------------------------------------------------------------------- */

static struct text generate(const struct system *s, const struct vm *vm)
{
    size_t room = TREE_ROOM + (vm->bootargs ? strlen(vm->bootargs) : 0) + passed_room(vm);
    struct text t = { mem_alloc(room), 0, room };
    struct writer w = { t.at, 0 };

    note(&w, fdt_create(w.at, (int)room));
    note(&w, fdt_finish_reservemap(w.at));
    node_begin(&w, "");
    put_u32(&w, "#address-cells", 2);
    put_u32(&w, "#size-cells", 2);
    put_u32(&w, "interrupt-parent", PHANDLE_GIC);
    put_string(&w, "model", mem_printf("Mullion virtual machine %s", vm->cell->name));
    put_compatible(&w, "mullion,guest", "linux,dummy-virt");
    put_chosen(&w, vm);
    put_memory(&w, vm);
    put_cpus(&w, vm);
    put_timer(&w, s, vm);
    put_gic(&w, s, vm);
    put_devices(&w, vm);
    put_passed_devices(&w, s, vm);
    node_end(&w);
    note(&w, fdt_finish(w.at));
    if (w.status)
        diag_fatal("the device tree of \"%s\" cannot be written: %s; expected libfdt to work; install it again", vm->cell->name,
                   fdt_strerror(w.status));
    t.length = fdt_totalsize(w.at);
    return t;
}

/* ---- a given one ------------------------------------------------------------------------- */

/* The memory that a given tree names must be the machine's. */
static void check_memory(const struct vm *vm, const void *fdt, int memory)
{
    int length, a = fdt_address_cells(fdt, 0), z = fdt_size_cells(fdt, 0);
    const fdt32_t *reg = fdt_getprop(fdt, memory, "reg", &length);
    uint64_t end = MV_GUEST_RAM + vm->memory;

    if (!reg || a < 1 || a > 2 || z < 1 || z > 2 || length % (4 * (a + z)) || length == 0) {
        diag_error(node_at(vm->cell->node, "device-tree"), "the memory node of the given device tree has no usable \"reg\"; expected <address size>; correct it or remove the node");
        return;
    }
    for (int i = 0; i * 4 < length; i += a + z) {
        uint64_t base = 0, size = 0;

        for (int k = 0; k < a; k++)
            base = base << 32 | fdt32_to_cpu(reg[i + k]);
        for (int k = a; k < a + z; k++)
            size = size << 32 | fdt32_to_cpu(reg[i + k]);
        if (base >= MV_GUEST_RAM && base < end && size <= end - base)
            continue;
        diag_error(node_at(vm->cell->node, "device-tree"), "the given device tree has memory of 0x%llx bytes at 0x%llx; expected it to lie in the machine's, 0x%x to 0x%llx; correct it or remove the node",
                   (unsigned long long)size, (unsigned long long)base, MV_GUEST_RAM, (unsigned long long)end);
        return;
    }
}

static int add_memory(const struct vm *vm, void *fdt)
{
    int a = fdt_address_cells(fdt, 0), z = fdt_size_cells(fdt, 0);
    int node = fdt_add_subnode(fdt, 0, mem_printf("memory@%x", MV_GUEST_RAM));
    fdt32_t reg[4];
    int n = 0;

    if (node < 0)
        return node;
    if (a < 1 || a > 2 || z < 1 || z > 2 || (z == 1 && vm->memory >> 32))
        return -FDT_ERR_BADNCELLS;
    if (a == 2)
        reg[n++] = 0;
    reg[n++] = cpu_to_fdt32(MV_GUEST_RAM);
    if (z == 2)
        reg[n++] = cpu_to_fdt32((uint32_t)(vm->memory >> 32));
    reg[n++] = cpu_to_fdt32((uint32_t)vm->memory);
    int status = fdt_setprop_string(fdt, node, "device_type", "memory");

    return status ? status : fdt_setprop(fdt, node, "reg", reg, n * (int)sizeof *reg);
}

/* What only the tool knows goes in; what the tree says itself stays. */
static int complete(const struct vm *vm, void *fdt)
{
    int memory = fdt_node_offset_by_prop_value(fdt, -1, "device_type", "memory", sizeof "memory");
    int status = 0, chosen;

    if (memory >= 0)
        check_memory(vm, fdt, memory);
    else
        status = add_memory(vm, fdt);
    chosen = fdt_path_offset(fdt, "/chosen");
    if (chosen < 0)
        chosen = fdt_add_subnode(fdt, 0, "chosen");
    if (status || chosen < 0)
        return status ? status : chosen;
    if (vm->bootargs)
        status = fdt_setprop(fdt, chosen, "bootargs", vm->bootargs, (int)strlen(vm->bootargs) + 1);
    if (!status && vm->initrd.blob)
        status = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", vm->initrd.address);
    if (!status && vm->initrd.blob)
        status = fdt_setprop_u64(fdt, chosen, "linux,initrd-end", vm->initrd.address + vm->initrd.size);
    for (size_t i = 0; i < SEEDS && !status; i++) {
        uint8_t seed[SEED_BYTES];

        if (fdt_getprop(fdt, chosen, seeds[i].name, NULL))
            continue;
        guest_random(seed, seeds[i].length, vm, seeds[i].name);
        status = fdt_setprop(fdt, chosen, seeds[i].name, seed, (int)seeds[i].length);
    }
    return status;
}

static struct text take(const struct vm *vm, const char *given, size_t given_length)
{
    struct pos at = node_at(vm->cell->node, "device-tree");
    const char *name = prop_string(node_prop(vm->cell->node, "device-tree"));
    int status = given_length < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(given, given_length);
    size_t room = given_length + TREE_ROOM + (vm->bootargs ? strlen(vm->bootargs) : 0);

    if (status || given_length > TREE_MAX) {
        if (status)
            diag_error(at, "the device tree \"%s\" is not usable: %s; expected a flat device tree as dtc writes it; make it again", name,
                       fdt_strerror(status));
        else
            diag_error(at, "the device tree \"%s\" has 0x%zx bytes; expected at most 0x%x; make it smaller", name, given_length, TREE_MAX);
        return (struct text){ 0 };
    }
    struct text t = { mem_alloc(room), 0, room };

    status = fdt_open_into(given, t.at, (int)room);
    if (!status)
        status = complete(vm, t.at);
    if (!status)
        status = fdt_pack(t.at);
    if (status)
        diag_error(at, "the device tree \"%s\" cannot be completed: %s; expected room for /memory and /chosen in it; correct it", name,
                   fdt_strerror(status));
    t.length = status ? 0 : fdt_totalsize(t.at);
    return t;
}

struct text guest_tree(const struct system *s, const struct vm *vm, const char *given, size_t given_length)
{
    return given ? take(vm, given, given_length) : generate(s, vm);
}
