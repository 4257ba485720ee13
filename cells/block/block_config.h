/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool tells a block cell of its disk and of who may use what of
 * it: it writes `block_config.c` beside the cell's cell_config.c.
 */
#pragma once

#include <stdint.h>

#include <libmv/config.h>

/* One client of one partition. A partition that is only read may have several. */
struct block_client {
    const char *partition;
    const char *cell;                      /* the client's, or its machine's */
    uint64_t    first, sectors;            /* of 512 bytes, on the disk */
    uint32_t    read_only;
    const struct mv_channel_config *link;  /* this cell's end: the server's */
};

struct block_config {
    uint64_t sectors;                      /* of the disk, as described */
    uint32_t client_count;
    const struct block_client *clients;
};
extern const struct block_config block_config;
