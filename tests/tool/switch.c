/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch for the tool to build: it uses what the tool tells it. */
#include "cell.h"
#include <libmv/config.h>

#include "switch_config.h"

extern void cell_main(void);
volatile uint64_t used;

void cell_main(void)
{
    for (uint32_t i = 0; i < switch_config.port_count; i++)
        used += switch_config.ports[i].mac[5] + switch_config.ports[i].link->size + mv_cell.channel_count;
}
