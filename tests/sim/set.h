/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A random set of tasks, as the analysis sees it and as the kernel's table has
 * it, and what each of them is going to do. Times are nanoseconds, all of them
 * whole ticks of the fake machine.
 */
#pragma once

#include "analysis.h"
#include "world.h"
#include "../unit/unit.h"

#define SET_TASKS    14
#define SET_PORTALS  4
#define SET_TABLES   2
#define SET_WINDOWS  24       /* of one table */
#define SET_TICK     (1000000000u / WORLD_FREQUENCY)
#define SET_START    UINT64_C(60000000)   /* by then everybody waits: the first release */

enum role {
    ROLE_EXACT,       /* needs up to its budget each time, at least a period apart         */
    ROLE_WILD,        /* waits, computes and calls as it likes, also far beyond its budget */
    ROLE_SPIN,        /* computes for ever                                                 */
    ROLE_SERVER,      /* serves a portal                                                   */
    ROLE_HANDLER      /* serves the fault portal                                           */
};

struct set {
    uint64_t seed;
    struct random random;
    uint32_t cores;
    bool rough;                               /* servers may be too slow: deadlines are not looked at */
    bool switches;                            /* somebody changes from one table to another */
    struct analysis a;
    struct analysis_task task[SET_TASKS];
    struct analysis_portal portal[SET_PORTALS];
    struct analysis_partition partition[5];
    struct analysis_table table[SET_TABLES];
    struct analysis_window window[SET_TABLES][SET_WINDOWS];
    struct analysis_problem problem[128];
    uint32_t calls[SET_TASKS][SET_PORTALS];
    bool held[SET_TASKS][SET_PORTALS];        /* by the place in calls: it has PORTAL_CALL_HELD only */
    char name[SET_TASKS + SET_PORTALS][8];
    enum role role[SET_TASKS];
    enum mv_exhausted exhausted[SET_TASKS];
};

/* Capabilities of each task's cell: its calls from 1 on in their order, then the tables. */
#define SET_CAP_CALL(n)   ((n) + 1u)
#define SET_CAP_SCHEDULE  (SET_PORTALS + 1u)
/* Where a server goes on that was too slow. */
#define SET_RECOVERY      0x10000000u

uint64_t set_below(struct set *s, uint64_t n);          /* n < 2^32 */
/* Whether a number of a hundred is drawn that is below `percent`. */
bool set_chance(struct set *s, uint32_t percent);

/* Make the set of this seed, its table, and its analysis; not booted yet. */
void set_make(struct set *s, uint64_t seed);
void set_show(const struct set *s);
