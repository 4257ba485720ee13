/* SPDX-License-Identifier: BSD-2-Clause */
#include "scan.h"

#include <stdbool.h>

#include <libmv/print.h>

#include "function.h"
#include "space.h"

enum { DEVICES = 32, FUNCTIONS = 8 };

static bool is_described(uint32_t id)
{
    for (uint32_t i = 0; i < pci_config.function_count; i++)
        if (pci_config.functions[i].id == id)
            return true;
    return false;
}

/* Does a bridge, as firmware has left it, lead to the bus of a described
 * function? */
static bool leads_on(uint32_t id)
{
    uint32_t buses = space_read(id, SPACE_BUSES), first = buses >> 8 & 0xff, last = buses >> 16 & 0xff;

    for (uint32_t i = 0; i < pci_config.function_count; i++) {
        uint32_t bus = pci_config.functions[i].id >> 8;

        if (bus != id >> 8 && bus >= first && bus <= last)
            return true;
    }
    return false;
}

static void look(uint32_t id)
{
    uint32_t identity = space_read(id, SPACE_IDENTITY), header = space_read(id, SPACE_HEADER) >> 16 & 0x7f;
    const char *what = "described by nobody, stays off";

    /* The host bridge itself is no device on the bus. */
    if (is_described(id) || space_read(id, SPACE_CLASS) >> 16 == CLASS_HOST_BRIDGE)
        return;
    if (header == HEADER_BRIDGE && leads_on(id))
        what = "a bridge to what is described, stays as it is";
    else
        function_off(id);
    mv_print("%02x:%02x.%x: %04x:%04x, %s\n", id >> 8, id >> 3 & 31, id & 7, identity & 0xffff, identity >> 16, what);
}

static void scan_device(uint32_t id)
{
    if (!function_is_there(id))
        return;
    uint32_t functions = space_read(id, SPACE_HEADER) & HEADER_SEVERAL ? FUNCTIONS : 1;

    for (uint32_t i = 0; i < functions; i++)
        if (function_is_there(id + i))
            look(id + i);
}

void scan(void)
{
    for (uint32_t i = 0; i < pci_config.bus_count * DEVICES; i++)
        scan_device((pci_config.first_bus << 8) + i * FUNCTIONS);
}
