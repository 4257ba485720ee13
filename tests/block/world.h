/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is around a block cell: a kernel, a PCI cell, a disk that is virtio from its
 * queue on, and clients. The disk has a view of memory of its own, in which regions
 * lie elsewhere than in the cell's: what it is given must be its addresses, and
 * nothing but what it may reach.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libvirtio/libvirtio.h>

#include "block_config.h"
#include "disk.h"
#include "serve.h"

#define CLIENTS        3u
#define LINK_BYTES     0x80000u
#define SECTORS        4096u           /* of the disk */
#define EACH           1024u           /* of a partition: client i has those from i * EACH on */
#define RAISE_CAP      100u            /* to client i */
#define SMALL          2u              /* the client whose partition may only be read */

/* What goes wrong with the disk. */
enum mishap { WELL, SILENT, SILENT_ONCE, BAD_STATUS, NO_STATUS, SHORT_READ, BAD_ID, BAD_LENGTH, BAD_INDEX };

struct world {
    uint64_t now;
    bool     client_raised[CLIENTS];   /* its vIRQ has come */
    bool     server_raised[CLIENTS];   /* the block cell's */
    uint64_t raises;                   /* of clients */
    char     said[4096];               /* all lines */

    /* the bus */
    bool     attached, pci_silent, reset_fails;
    enum pci_answer answer;            /* to PCI_ATTACH */
    uint32_t attaches, detaches;

    /* the disk */
    uint64_t features;                 /* offered */
    uint64_t agreed;
    struct vio_block_config config;
    uint32_t num_max;
    bool     live, needs_reset;
    bool     kicked;                   /* it has been notified, and has not looked since */
    uint32_t isr, acks;
    enum mishap mishap;
    uint64_t bad_sector;               /* answers IOERR */
    uint32_t hold;                     /* so many stay with it */
    bool     backwards;                /* what it does last is done first */
    uint32_t resets, kicks, done, flushes, parts_most;
    uint64_t bytes_most;
    uint8_t  image[SECTORS * 512];
    struct vio_device_queue queue;
    struct vio_memory bus;             /* as the disk sees memory */
};
extern struct world world;

/* A client: a link's end and its buffers. */
struct peer {
    struct vio_link_client link;
    struct vio_driver_slot slots[VIO_LINK_SLOTS];
    uint8_t *segment;
    struct mv_channel_config config;
    uint32_t sessions;                 /* that have begun */
    uint32_t used;                     /* bytes of buffers taken */
    uint32_t out;                      /* requests under way */
    uint32_t done;
};
extern struct peer peers[CLIENTS];

/* A client's request. */
struct ask {
    struct vio_block_header *header;
    uint8_t *data, *status;
    uint32_t bytes;
    bool     done;
    uint32_t length;                   /* what the used ring said */
};

/* Memory, links, and a disk whose bytes are `(sector * 7 + byte) & 0xff`. */
void world_make(void);
/* The block cell starts, clients open their links; all comes to rest. */
void world_start(void);
/* Let disk, block cell and clients go on until nothing happens any more. */
void world_settle(void);
/* Only the block cell and the clients; the disk does nothing. */
void world_settle_without_disk(void);
/* Time passes, tick by tick. */
void world_pass(uint64_t ns);
/* The disk does up to `most` of what it has. */
uint32_t world_disk(uint32_t most);

void peer_open(uint32_t client);
void peer_poll(uint32_t client);
/* Bytes of the link's buffers, not initialized. */
uint8_t *peer_buffer(uint32_t client, uint32_t bytes);
/* A request of `parts` data parts of equal size. */
struct ask *peer_ask(uint32_t client, uint32_t type, uint64_t sector, uint32_t bytes, uint32_t parts);
/* The same, and the answer: its status; 0xee: there was none. */
uint8_t peer_do(uint32_t client, uint32_t type, uint64_t sector, uint32_t bytes);

uint8_t *world_sector(uint64_t sector);
