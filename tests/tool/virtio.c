/* SPDX-License-Identifier: BSD-2-Clause */
/* An io cell for the tool to build: it uses what the tool tells it. */
#include "cell.h"
#include <libmv/config.h>

#include "io_config.h"

extern void cell_main(void);
volatile uint64_t used;

void cell_main(void)
{
    for (uint32_t i = 0; i < io_config.device_count; i++)
        used += io_config.devices[i].raise_cap + (io_config.devices[i].link ? io_config.devices[i].link->size : 0);
    for (uint32_t i = 0; i < io_config.port_count; i++)
        used += io_config.ports[i].channel->size + io_config.status[i];
}
