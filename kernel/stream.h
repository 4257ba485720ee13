/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream: a device's own reads and writes, as the machine tells them apart. While
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

/* An access that was refused; as in struct mv_stream_state. */
struct stream_fault {
    uint64_t kind, code, is_write, address;
};

struct stream {
    const struct mv_sys_stream *sys;   /* [I] */
    struct virq           *virq;       /* [I] raised at a fault, or NULL */
    struct mv_stream_state known;      /* lock held; as stream_control shows it */
};

/* From now on nothing passes but the streams of cells that run from boot. On the
 * first core, when its interrupts have been set up. */
void stream_boot(const struct mv_systab *t);
/* A cell is as it was built, and is to run. Or it is to stop: nothing of it is
 * changed by its devices when this returns. */
void stream_cell(struct cell *c, enum mv_stream_status status);

/* An access of the stream with this id was refused, if there is one. */
void stream_refused(uint64_t id, const struct stream_fault *f);
