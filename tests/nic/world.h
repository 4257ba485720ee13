/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is around a net cell: a kernel, a PCI cell, a network card that is virtio from
 * its queues on, and a switch. The card has a view of memory of its own, in which
 * regions lie elsewhere than in the cell's.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libvirtio/libvirtio.h>

#include "nic.h"
#include "relay.h"

#define LINK_BYTES  0x40000u
#define BUFFERS     62u        /* of each direction: half of the link's */
#define HEADER      12u
#define LOG_FRAMES  4096u

/* What goes wrong with the card. */
enum mishap { WELL, SILENT, BAD_ID, BAD_LENGTH, BAD_INDEX };

/* Frames that have arrived somewhere: number and size, which tell the rest. */
struct log {
    uint32_t count;
    struct { uint32_t number, bytes; } frame[LOG_FRAMES];
};

struct world {
    uint64_t now;
    bool     switch_raised, cell_raised;
    char     said[4096];

    /* the bus */
    bool     attached, pci_silent, reset_fails, absent;
    uint32_t attaches, detaches;

    /* the card */
    uint64_t features, agreed;
    uint32_t num_max;
    struct vio_net_config config;
    bool     live, needs_reset;
    uint32_t isr, acks, kicks;
    enum mishap mishap;
    struct vio_device_queue queue[2];
    struct vio_memory bus;
    struct log outside;        /* what it has sent */
    uint32_t overrun;          /* what it had no buffer for */

    /* the switch */
    struct vio_link_server link;
    struct mv_channel_config link_config;
    bool     there;
    uint32_t sessions;
    struct log inside;         /* what it has taken */
};
extern struct world world;

void world_make(void);
/* The net cell starts; then, if there is to be one, the switch. */
void world_start(bool with_switch);
void world_settle(void);
void world_pass(uint64_t ns);

/* Frame `number` of this many bytes comes from outside, or from the switch. False:
 * there was no buffer. */
bool card_receives(uint32_t number, uint32_t bytes);
bool switch_gives(uint32_t number, uint32_t bytes);
/* The switch takes up to `most` frames, the card sends up to `most`. */
uint32_t switch_takes(uint32_t most);
uint32_t card_sends(uint32_t most);
void switch_open(void);

/* Buffers that the card can receive into, that the switch can give frames in. */
uint32_t card_buffers(void);
uint32_t switch_buffers(void);
