/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool tells a switch of its ports: it writes `switch_config.c`
 * beside the cell's cell_config.c.
 */
#pragma once

#include <stdint.h>

#include <libmv/config.h>

struct switch_port {
    const char *cell;                      /* the client's, or its machine's */
    const struct mv_channel_config *link;  /* this cell's end: the server's */
    uint8_t     mac[6];                    /* the client's own address; all 0: it has many (a network card) */
};

struct switch_config {
    uint32_t port_count;
    const struct switch_port *ports;
};
extern const struct switch_config switch_config;
