/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool tells the io cell of a virtual machine: it writes
 * `io_config.c` beside the cell's cell_config.c.
 */
#pragma once

#include <stdint.h>

#include <mv/guest.h>

#include <libmv/config.h>

enum io_kind { IO_PORTS, IO_BLOCK, IO_NET };

struct io_device {
    uint32_t kind;                         /* enum io_kind */
    uint32_t slot;                         /* virtio-mmio device of the guest */
    uint32_t raise_cap;                    /* raises its interrupt in the guest */
    uint8_t  bell_line;                    /* the guest has written QueueNotify; payload: 1 << queue */
    uint8_t  read_only;                    /* BLOCK */
    uint8_t  mac[6];                       /* NET */
    const char *name;                      /* of the partition, the switch; PORTS: "" */
    const struct mv_channel_config *link;  /* the client's end; PORTS: NULL */
};

/* A port of the PORTS device; a channel of bytes. */
struct io_port {
    const char *name;
    const struct mv_channel_config *channel;
};

struct io_config {
    const char *name;                      /* of the VM's cell */
    uint64_t    ram_base, ram_size;        /* guest-physical; mapped here at the same addresses, read-write */
    uint32_t    timer_cap, timer_line;     /* a timer of its own */
    uint32_t   *status;                    /* one page shared with the VMM: InterruptStatus of each slot */
    uint32_t    device_count, port_count;
    const struct io_device *devices;
    const struct io_port   *ports;
};
extern const struct io_config io_config;
