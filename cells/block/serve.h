/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the clients' links and the disk. A client's request becomes one piece or
 * several, each of which goes to the disk straight from and to the memory of the
 * client's link; when all are back, the client is answered.
 *
 * Each client has its share of the disk's queue, which it cannot exceed, so that
 * none waits for another's requests but in the disk itself; and they take turns, a
 * piece each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <pci/pci_driver.h>

#define SERVE_CLIENTS_MAX 62u  /* as many links as a vCPU has lines for, beside the disk's and a console's */

/* Since the start of the cell. */
struct serve_counters {
    uint64_t requests;         /* answered */
    uint64_t refused;          /* of these, without asking the disk */
    uint64_t failed;           /* of these, that the disk has failed */
    uint64_t pieces;           /* given to the disk */
    uint64_t bytes;            /* read and written */
    uint64_t events;           /* serve() was called */
    uint64_t broken;           /* sessions that a client has spoiled */
    uint64_t restarts;         /* the disk has failed and was started again */
};
extern struct serve_counters serve_counters;   /* written by serve.c only */

/* Open the links; the disk has been started, or cannot be. */
void serve_start(void);

/* A client's link has something, by its number in block_config. */
void serve_client(uint32_t client);

/* The disk has given up. */
void serve_disk_failed(void);

/* Do what can be done now, for the clients named since and for the disk. */
enum pci_again serve(void);
