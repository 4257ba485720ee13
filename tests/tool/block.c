/* SPDX-License-Identifier: BSD-2-Clause */
/* A server of a disk for the tool to build: it uses what the tool tells it. */
#include "cell.h"
#include <libmv/config.h>

#include "block_config.h"

extern void cell_main(void);
volatile uint64_t used;

void cell_main(void)
{
    for (uint32_t i = 0; i < block_config.client_count; i++)
        used += block_config.clients[i].first + block_config.clients[i].link->size + mv_cell.channel_count;
}
