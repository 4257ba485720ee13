/* SPDX-License-Identifier: BSD-2-Clause */
#include "space.h"

#include <libmv/device.h>

#include "pci_config.h"

static uint64_t place(uint32_t id, uint32_t at)
{
    return pci_config.ecam + ((uint64_t)(id - (pci_config.first_bus << 8)) << 12) + at;
}

uint32_t space_read(uint32_t id, uint32_t at)
{
    return mv_read32(place(id, at));
}

void space_write(uint32_t id, uint32_t at, uint32_t value)
{
    mv_write32(place(id, at), value);
    /* The answer to a read comes after what was written. */
    (void)mv_read32(place(id, SPACE_IDENTITY));
}
