/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest's devices have in common, and when each has its turn: a cell of
 * one vCPU, so nothing is locked.
 *
 * Whatever may have given a device something to do (a bell, a link, a channel, a
 * register) only marks it. Marked devices have turns one after the other, each
 * of bounded length, so that none keeps another waiting; after some rounds the
 * VMM's calls and the marks of others come in between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libvirtio/mmio_device.h>

#include "io_config.h"

struct slot;

struct slot_kind {
    /* Do a bounded part of what there is to do. True: there is more; false: the
     * next thing to do will be announced by somebody. */
    bool (*turn)(struct slot *s);
    /* About once a second while `timed`; false: no longer. May be NULL. */
    bool (*tick)(struct slot *s, uint64_t now_ns);
};

/* First in each device's structure. */
struct slot {
    struct vio_mmio  mmio;
    struct vio_mmio_device device;
    const struct io_device *config;
    const struct slot_kind *kind;
    struct slot *next;         /* of all */
    bool     marked;
    bool     timed;            /* tick is wanted */
    uint64_t later;            /* it is to be marked then, in ns; 0: never */
    uint64_t interrupts;       /* of the guest */
};

#define SLOT_BATCH  32u        /* buffers in one turn */
#define SLOT_ROUNDS 2u         /* until somebody else comes in between */
#define SLOT_TICK_NS UINT64_C(1000000000)

/* The guest's memory. */
extern struct vio_memory slot_memory;

/* Forget all slots. */
void slot_clear(void);

/* Add a device; `device` is filled in by then, but notify and interrupt. */
void slot_add(struct slot *s, const struct io_device *config, const struct slot_kind *kind);

static inline void slot_mark(struct slot *s)
{
    s->marked = true;
}

/* Give turns to the marked ones. True: some are still marked. */
bool slot_run(void);

/* Ticks for those that want them. True: somebody wants another. */
bool slot_tick(uint64_t now_ns);
bool slot_wants_time(void);

/* When the next slot is to be marked (0: none); mark those whose time has come. */
uint64_t slot_later(void);
void slot_mark_due(uint64_t now_ns);

/* Of the VMM: registers, and the reset of the machine. */
uint64_t slot_read(uint64_t slot, uint64_t offset, uint64_t size);
void slot_write(uint64_t slot, uint64_t offset, uint64_t size, uint64_t value);
void slot_reset_all(void);

/* What happened, a line on the console; at most a few per second. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
