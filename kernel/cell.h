/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cell: the unit of isolation. Its spaces, capabilities and vCPUs are fixed
 * at boot; what changes is whether it runs, and its page tables.
 */
#pragma once

#include "base.h"
#include "door.h"
#include <mv/systab.h>

struct vcpu;
struct space;
struct stream;

struct cell {
    const struct mv_sys_cell *sys;     /* [I] its record in the table, with its name */
    struct vcpu  *vcpus;               /* [I] its vCPUs, sys->vcpu_count in a row     */
    struct space *spaces;              /* [I] its spaces, sys->space_count in a row   */
    struct stream *streams;            /* [I] its devices', sys->stream_count in a row */
    uint32_t      index;               /* [I] in the system */

    /* Page-table pool: pages never handed out, then those given back. */
    uint32_t      pool_lock;
    uint64_t      pool_next;           /* physical */
    uint64_t      pool_free;           /* physical, each page holds the next; 0: none */

    /* How far cell_start has come; lock held. */
    uint32_t      lock;
    uint32_t      phase, step;
    bool          made;                /* its memory is that of a cell that has been started */
    uint64_t      offset;
};

/* A zeroed page for the tables of the cell's spaces; false if there is none. */
bool cell_take_table(struct cell *c, paddr_t *out);
void cell_give_table(struct cell *c, paddr_t page);

/* Make the cell as it was built, a bounded step at a time; true when done. All
 * its vCPUs are stopped. */
bool cell_prepare_step(struct cell *c);
/* The cell is made: its vCPUs may run, and the next cell_start prepares it
 * afresh. */
void cell_preparation_done(struct cell *c);

