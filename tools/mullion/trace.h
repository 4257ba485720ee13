/* SPDX-License-Identifier: BSD-2-Clause */
/* The trace rings of a system, as one list of records in the order of their times. */
#pragma once

#include <stdio.h>

#include "built.h"
#include "mem.h"
#include "memory.h"

struct trace_event {
    uint32_t core;
    size_t   order;                 /* among those read */
    struct mv_trace_record record;  /* its cell and vCPU are those of the table, or both UINT16_MAX */
};
struct trace {
    const struct built *built;
    uint64_t frequency;             /* ticks per second */
    VEC(struct trace_event) events;
    uint64_t first[MV_CORES_MAX];   /* time of a core's first record that is still there; UINT64_MAX: none */
    uint64_t overwritten[MV_CORES_MAX], torn[MV_CORES_MAX];     /* records that are not there any more; that make no sense */
};

/* Read all rings. Ends the program with a message if there is no trace. */
void trace_read(struct trace *t, const struct built *b, struct memory *m);
/* Write what they say in the Trace Event Format, which Perfetto and Chrome read. */
void timeline_write(const struct trace *t, FILE *to);
