/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/channel.h>
#include <libmv/string.h>

const struct mv_channel_config *mv_channel_find(const char *name)
{
    for (uint32_t i = 0; i < mv_cell.channel_count; i++)
        if (strcmp(mv_cell.channels[i].name, name) == 0)
            return &mv_cell.channels[i];
    return NULL;
}
