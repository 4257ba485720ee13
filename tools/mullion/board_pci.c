/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI host bridges in the board's tree, and its maps: which interrupt a
 * function's INTx becomes, which StreamID its accesses get. */
#include "board.h"

/* Cells of an address on PCI: kind of space with the function's number, and
 * 64 bits; of a size; and of "interrupts". */
enum { PCI_ADDRESS_CELLS = 3, PCI_SIZE_CELLS = 2, PCI_INTERRUPT_CELLS = 1 };
/* The kind of space of an address on PCI, in its first cell. */
enum { PCI_SPACE_SHIFT = 24, PCI_SPACE_MASK = 3, PCI_SPACE_MEMORY32 = 2 };
/* Where a function's number stands in the first cell of its address. */
enum { PCI_ID_SHIFT = 8 };

bool board_is_bridge(const struct node *n)
{
    const struct prop *p = node_prop(n, "compatible");

    return p && prop_has_string(p, "pci-host-ecam-generic");
}

/* The window below 4 GiB through which the processor reaches BARs. */
static bool read_window(const struct node *n, struct bridge_facts *out)
{
    const struct prop *p = node_prop(n, "ranges");
    uint32_t parent = board_cells(n->parent, "#address-cells", 2);
    size_t step = PCI_ADDRESS_CELLS + parent + PCI_SIZE_CELLS;

    if (!p || parent == 0 || parent > 2)
        return false;
    for (size_t i = 0; (i + step) * 4 <= p->length; i += step) {
        if ((prop_cell(p, i) >> PCI_SPACE_SHIFT & PCI_SPACE_MASK) != PCI_SPACE_MEMORY32)
            continue;
        out->window_bus = prop_cells(p, i + 1, 2);
        out->window.base = prop_cells(p, i + PCI_ADDRESS_CELLS, parent);
        out->window.size = prop_cells(p, i + PCI_ADDRESS_CELLS + parent, PCI_SIZE_CELLS);
        return out->window_bus >> 32 == 0 && out->window.size <= (UINT64_C(1) << 32) - out->window_bus &&
               board_translate(n->parent, &out->window) && (out->window_bus | out->window.base) % MV_PAGE_SIZE == 0;
    }
    return false;
}

const char *board_bridge(const struct node *n, struct bridge_facts *out)
{
    const struct prop *buses = node_prop(n, "bus-range");
    struct regions reg = { 0 };

    out->first_bus = buses && buses->length == 8 ? prop_cell(buses, 0) : 0;
    out->last_bus = buses && buses->length == 8 ? prop_cell(buses, 1) : BOARD_PCI_BUSES - 1;
    if (board_cells(n, "#address-cells", 0) != PCI_ADDRESS_CELLS || board_cells(n, "#size-cells", 0) != PCI_SIZE_CELLS)
        return "\"#address-cells\" = <3> and \"#size-cells\" = <2>";
    if (out->first_bus > out->last_bus || out->last_bus >= BOARD_PCI_BUSES)
        return "\"bus-range\" = <first last>, at most 0xff";
    if (!board_regions(n, &reg) || reg.list.count == 0)
        return "the configuration space in \"reg\"";
    out->ecam = reg.list.at[0];
    if (out->ecam.base % BOARD_PCI_BUS_BYTES || out->ecam.size < (out->last_bus - out->first_bus + UINT64_C(1)) * BOARD_PCI_BUS_BYTES)
        return "configuration space of 1 MiB for each bus of \"bus-range\" in \"reg\"";
    if (!read_window(n, out))
        return "a window for memory below 4 GiB in \"ranges\"";
    return NULL;
}

bool board_bridge_interrupt(const struct board *b, const struct tree *t, const struct node *bridge, uint32_t id, uint32_t pin,
                            struct interrupt *out)
{
    const struct prop *map = node_prop(bridge, "interrupt-map"), *mask = node_prop(bridge, "interrupt-map-mask");
    const size_t child = PCI_ADDRESS_CELLS + PCI_INTERRUPT_CELLS;

    if (!map || (mask && mask->length != child * 4))
        return false;
    for (size_t i = 0; (i + child + 1) * 4 <= map->length;) {
        const struct node *parent = tree_by_phandle(t, prop_cell(map, i + child));
        uint32_t address = parent ? board_cells(parent, "#address-cells", 0) : 0;
        uint32_t cells = parent ? board_cells(parent, "#interrupt-cells", 0) : 0;
        const uint32_t wanted[] = { id << PCI_ID_SHIFT, 0, 0, pin };
        size_t next = i + child + 1 + address + cells;
        bool same = true;

        if (!parent || address > 2 || cells == 0 || cells > 4 || next * 4 > map->length)
            return false;
        for (size_t k = 0; k < child; k++)
            same = same && ((prop_cell(map, i + k) ^ wanted[k]) & (mask ? prop_cell(mask, k) : UINT32_MAX)) == 0;
        if (same)
            return parent == b->gic && board_gic_entry(b, map, next - cells, out);
        i = next;
    }
    return false;
}

const struct node *board_bridge_stream(const struct tree *t, const struct node *bridge, uint32_t id, uint32_t *stream)
{
    enum { ENTRY = 4 };  /* first function's number, SMMU, first StreamID, count */
    const struct prop *map = node_prop(bridge, "iommu-map");

    id &= board_cells(bridge, "iommu-map-mask", UINT32_MAX);
    for (size_t i = 0; map && (i + ENTRY) * 4 <= map->length; i += ENTRY) {
        uint32_t first = prop_cell(map, i);

        if (id < first || id - first >= prop_cell(map, i + 3))
            continue;
        *stream = prop_cell(map, i + 2) + (id - first);
        return tree_by_phandle(t, prop_cell(map, i + 1));
    }
    return NULL;
}

size_t board_streams(const struct tree *t, const struct node *device, const struct node **smmu, uint32_t *streams, size_t most)
{
    const struct prop *p = node_prop(device, "iommus");
    size_t count = 0;

    *smmu = NULL;
    for (size_t i = 0; p && i * 4 < p->length;) {
        const struct node *n = tree_by_phandle(t, prop_cell(p, i));

        if (!n || board_cells(n, "#iommu-cells", 0) != 1 || (i + 2) * 4 > p->length || (*smmu && *smmu != n) || count == most)
            return 0;
        *smmu = n;
        streams[count++] = prop_cell(p, i + 1);
        i += 2;
    }
    return count;
}
