/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream: what a device says to the SMMU with its own reads and writes. While
 * it passes, they reach what the host tool's tables give to its cell's devices;
 * else nothing. It passes only while its cell runs, and not after the first
 * access that was refused. Any core, under one lock.
 */
#pragma once

#include "base.h"
#include "door.h"
#include <mv/systab.h>

struct cell;
struct virq;

struct stream {
    const struct mv_sys_stream *sys;   /* [I] */
    struct virq           *virq;       /* [I] raised at a fault, or NULL */
    struct mv_stream_state known;      /* lock held; as stream_control shows it */
};

/* The machine's part, and the streams of all cells that run from boot. On the
 * first core, when its interrupts have been set up. */
void stream_boot(const struct mv_systab *t);
/* The cell is as it was built, and is to run. */
void stream_cell_starts(struct cell *c);
/* The cell is to stop: nothing of it is changed by its devices when this returns. */
void stream_cell_stops(struct cell *c);

/* The SMMU has refused an access; `event` is its own number of what happened. */
void stream_refused(uint64_t id, enum mv_stream_fault fault, uint64_t event, uint64_t address, bool is_write);
