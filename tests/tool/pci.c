/* SPDX-License-Identifier: BSD-2-Clause */
/* An owner of a bridge for the tool to build: it uses what the tool tells it. */
#include "cell.h"
#include <libmv/config.h>

#include "pci_config.h"

extern void cell_main(void);
volatile uint64_t used;

void cell_main(void)
{
    for (uint32_t i = 0; i < pci_config.function_count; i++)
        used += pci_config.functions[i].bar[0].address + pci_config.ecam + mv_cell.device_count;
}
