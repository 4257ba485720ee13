/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The world of an io cell and of a switch on the PC: a guest's memory and its
 * drivers, the other ends of links and channels, time, and vIRQs that are
 * counted. The guest's memory and the links are allocated exactly, so that the
 * sanitizers see what goes beyond them.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libmv/time.h>

#include <libvirtio/libvirtio.h>

#include "slot.h"

#define WORLD_RAM      (UINT64_C(4) << 20)
#define WORLD_CAPS     64u
#define WORLD_CHANNELS 8u
#define WORLD_FIFO     512u

/* Bytes on their way, one direction of a channel. */
struct fifo {
    uint8_t bytes[WORLD_FIFO];
    size_t  length;
};

struct world {
    uint64_t now_ns;
    uint8_t *ram;
    uint32_t status[VIO_IO_SLOTS];       /* the page that the VMM sees */
    uint64_t raises[WORLD_CAPS];         /* by capability */
    char     said[16384];
    size_t   said_length;
    struct fifo to_cell[WORLD_CHANNELS], from_cell[WORLD_CHANNELS];  /* as the guest's native peer sees it */
};
extern struct world world;

/* Everything anew, with these devices; slots from MV_GUEST_VIRTIO_IO on. */
void world_make(const struct io_device *devices, uint32_t count, const struct io_port *ports, uint32_t port_count);

uint64_t world_random(void);
void world_seed(uint64_t seed);
uint32_t world_below(uint32_t limit);

/* Both ends of a new link of this many bytes; the raises are WORLD_CAPS counters. */
struct world_link {
    struct mv_channel_config end[2];
};
void link_make(struct world_link *l, uint32_t bytes, uint32_t client_cap, uint32_t server_cap);
void link_free(struct world_link *l);

/* ---- the guest ------------------------------------------------------------------------ */

/* A queue whose rings lie in the guest's memory. */
struct guest_queue {
    struct vio_driver_queue q;
    struct vio_driver_slot slot[VIO_NUM_MAX];
};

uint32_t guest_load(uint32_t slot, uint32_t offset);
void guest_store(uint32_t slot, uint32_t offset, uint32_t value);
uint64_t guest_features(uint32_t slot);

/* A driver up to DRIVER_OK. Rings lie at the start of memory, 16 KiB each, of all
 * devices one behind the other: `place` is the first one's number. */
void guest_start(uint32_t slot, uint64_t features, struct guest_queue *queue, uint32_t count, uint32_t num,
                 uint32_t place);

/* Memory for data, behind 1 MiB of rings. */
uint8_t *guest_data(uint64_t offset);
struct vio_span guest_span(uint64_t offset, uint32_t length);

/* The guest's bell: the device is marked, and has its turns. */
void guest_ring(uint32_t slot, uint32_t queue);

/* Turns until nothing is left, at most this many rounds of slot_run(). */
#define WORLD_TURNS 64u
void world_turns(struct slot *s);

/* Time goes on, and the io cell has a tick. */
void world_wait(uint64_t ns);

/* Time goes on to where a device wants to be looked at again, if one does. */
bool world_later(void);

bool is_broken(uint32_t slot);

/* Each is a group of tests; how many failed. */
int test_addresses(void);
int test_switch(void);
int test_disk(void);
int test_network(void);
int test_ports(void);
int test_wild(void);
