/* SPDX-License-Identifier: BSD-2-Clause */
/* A VMM for the tool to build: it uses what the tool tells it. */
#include "cell.h"
#include <libmv/config.h>

#include "vmm_config.h"

extern void cell_main(void);
volatile uint64_t used;

void cell_main(void)
{
    for (uint32_t i = 0; i < vmm_config.vcpu_count; i++)
        used += vmm_config.vcpu_cap[i] + vmm_config.server[i] + vmm_config.seed[i] + mv_cell.channel_count;
}
