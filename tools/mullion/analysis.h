/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether deadlines can be kept, before anything runs: fixed priorities, budgets,
 * time windows, calls, and what the kernel itself costs. What is computed, and
 * with which assumptions, is in docs/schedule.md. Plain numbers only: this part
 * knows neither descriptions nor the flat table, so that tests can drive it.
 *
 * The caller fills in the arrays of struct analysis, then calls analysis_run(),
 * which fills in the fields under "results". Times are nanoseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANALYSIS_CORES       4
#define ANALYSIS_PARTITIONS  32
#define ANALYSIS_NONE        UINT32_MAX
#define ANALYSIS_SHARES      6      /* so many of those who interfere are named */
#define ANALYSIS_SECOND      UINT64_C(1000000000)
#define ANALYSIS_WHOLE       UINT64_C(1000000000)   /* a utilisation of 1 */

/* ---- what goes in --------------------------------------------------------------- */

/*
 * What the kernel does, in nanoseconds; all 0 for a machine that takes no time.
 * analysis_costs.h has those that were measured.
 */
struct analysis_costs {
    uint64_t tick;          /* of the counter: budgets and periods are rounded up to it */
    uint64_t masked;        /* longest time with interrupts masked: any reaction may come so late */
    uint64_t activation;    /* an interrupt that makes a vCPU run, and the way back when it waits again */
    uint64_t interrupt;     /* one that only notes something for a vCPU that does not run now */
    uint64_t replenishment; /* the timer when a part of a budget comes back */
    uint64_t window;        /* the timer at a window's start, until a vCPU of it runs */
    uint64_t remote;        /* a call to another core and its answer, both cores together */
};

/* A partition is in all windows that name it; 0 and background ones in all there are. */
struct analysis_partition {
    const char *name;
    bool        background;
};

/* A vCPU. Its calls are portals; it may call one of another core once per activation. */
struct analysis_task {
    const char *name;
    uint32_t    core, priority, partition;
    uint64_t    budget, period;     /* budget 0: no limit */
    uint64_t    deadline;           /* from becoming ready to having used its budget; 0: none */
    bool        goes_on;            /* with priority 0 when its budget is used up */
    bool        serves_only;        /* it works for callers only, but for its start */
    bool        tells;              /* its fault portal, each time when its budget is used up */
    uint32_t    fault_portal;       /* of faults, which its budget does not pay for; NONE: nobody's, and for guests */
    const uint32_t *calls;          /* indices of portals; of a guest's vCPU, that of its exits too */
    size_t      call_count;

    /* results */
    struct analysis_response {
        enum analysis_verdict {
            ANALYSIS_NOT_ASKED,     /* no deadline; `response` is set if it is known */
            ANALYSIS_MET,
            ANALYSIS_MISSED,        /* `response` is later than the deadline */
            ANALYSIS_UNKNOWN        /* nothing can be said: see `reason` */
        } verdict;
        enum analysis_reason {
            ANALYSIS_FITS,
            ANALYSIS_UNLIMITED,     /* `culprit`, at least as urgent, has no budget                        */
            ANALYSIS_UNLIMITED_PORTAL, /* portal `culprit` can serve on its own context, without a budget  */
            ANALYSIS_UNBOUNDED,     /* portal `culprit` has no bound, and a caller less urgent than this   */
            ANALYSIS_NO_BOUND,      /* it calls portal `culprit`, which has no bound                       */
            ANALYSIS_OVERLOAD,      /* more is asked for than there is, for ever                           */
            ANALYSIS_NO_WINDOW,     /* table `table` has no window for its partition on its core           */
            ANALYSIS_COST,          /* the deadline is below the budget and the kernel's cost alone        */
            ANALYSIS_BACKLOG,       /* `culprit`, of other windows or behind a server that hangs, may have any work left */
            ANALYSIS_SUSPENDS,      /* who serves portal `culprit` calls another core meanwhile            */
            ANALYSIS_QUEUE,         /* at portal `culprit` callers more urgent than this may come again and again */
            ANALYSIS_OWN_WORK,      /* who serves portal `culprit` has work of its own, less urgent than this */
            ANALYSIS_CUT,           /* a service of portal `culprit` can be cut by the end of a window     */
            ANALYSIS_CIRCLE,        /* calls from core to core come back to portal `culprit`               */
            ANALYSIS_TOO_LONG       /* it takes too many steps to say, or the numbers are too large        */
        } reason;
        uint32_t culprit;           /* index of a task or a portal, as `reason` says */
        uint32_t table, next_table; /* the worst is found in this, or where this is followed by that; NONE: no windows */
        uint64_t response;          /* 0: not known */
        uint64_t phase;             /* in the frame: where the worst one begins */
        uint64_t own;               /* its budget; half of it where it calls other cores */
        uint64_t blocking;          /* by less urgent ones: the longest service, the kernel; each time */
        uint64_t kernel;            /* at most so much of its budget goes to interrupts while it runs */
        uint64_t remote;            /* waiting for other cores, and for budgets of portals */
        uint64_t faults;            /* handlers of others' faults, and services that windows have cut */
        uint64_t supply;            /* time of windows that it may not use: response - supply is what others have used */
        uint32_t blocking_portal;   /* or NONE */
        struct analysis_share {     /* largest first */
            uint32_t task;          /* or NONE, then */
            uint32_t portal;        /* one that serves other cores, or NONE */
            uint64_t count, time;   /* so often, so long altogether */
        } share[ANALYSIS_SHARES];
        size_t   share_count;
        uint64_t share_rest;        /* time of those without a place there */
    } result;
};

struct analysis_portal {
    const char *name;
    uint32_t    server;             /* the task that serves it; it is on that one's core */
    uint32_t    ceiling;
    uint32_t    partition;          /* of its own context, as the next two */
    uint64_t    budget, period;     /* for calls from other cores; budget 0: no limit */
    uint64_t    bound;              /* longest service in processor time, what it calls on this core included; 0: none */
    bool        held;               /* calls wait when less than the bound is left of the caller's window */

    /* results */
    uint64_t    response;           /* to a call from another core, as its least urgent caller sees it; 0: not known */
};

/* Windows of one core do not overlap, lie in the frame, and need not fill it. */
struct analysis_window {
    const char *name;
    uint32_t    core;
    uint64_t    start, length;
    uint32_t    partitions;         /* bit n: partition n; 0 and background ones are in without it */
};
struct analysis_table {
    const char *name;
    uint64_t    frame;
    const struct analysis_window *windows;
    size_t      window_count;
    uint32_t    suspended;          /* bit n: partition n does not run in it, and nothing is promised meanwhile */
};

/* Interrupts on a core, whoever is on it then. */
struct analysis_source {
    const char *name;
    uint32_t    core;
    uint32_t    sink;               /* task */
    uint64_t    count, interval;    /* at most so many in that time; 0: as many as there are */
    bool        waits;              /* after each it waits until the sink has run: a device's */
};

/* ---- what comes out, besides ------------------------------------------------------- */

struct analysis_problem {
    enum {
        ANALYSIS_CORE_FULL,         /* budgets of core `core` make `used` of ANALYSIS_WHOLE */
        ANALYSIS_PARTITION_FULL,    /* those of `partition` there `used`, its windows in `table` are `given` */
        ANALYSIS_DEADLINE           /* see the result of `task` */
    } kind;
    uint32_t core, partition, table, task;
    uint64_t used, given;
};

struct analysis {
    struct analysis_costs costs;
    struct analysis_task *tasks;
    size_t task_count;
    struct analysis_portal *portals;
    size_t portal_count;
    const struct analysis_partition *partitions;    /* [0] is always in */
    size_t partition_count;
    const struct analysis_table *tables;
    size_t table_count;
    bool   switches;                /* somebody may change from one table to another */
    const struct analysis_source *sources;
    size_t source_count;

    /* results */
    uint64_t used[ANALYSIS_CORES];                          /* of ANALYSIS_WHOLE, by budgets */
    uint64_t used_by[ANALYSIS_CORES][ANALYSIS_PARTITIONS];
    uint32_t unlimited[ANALYSIS_CORES];                     /* tasks without a budget */
    struct analysis_problem *problems;                      /* room given by the caller; more are counted only */
    size_t problem_room, problem_count;
};

/* The most problems that there can be: for problem_room. */
size_t analysis_problems_most(const struct analysis *a);

/* Fills in all results. Needs: cores below ANALYSIS_CORES, partitions below
 * partition_count <= ANALYSIS_PARTITIONS, budgets <= periods, indices in range,
 * deadlines with a budget and not above the period, windows as said above. */
void analysis_run(struct analysis *a);

/* What is wrong, in one line without its end and without names of files; cut at `room`. */
void analysis_say(const struct analysis *a, const struct analysis_problem *p, char *out, size_t room);

/* What a task's response consists of, if that is known; else why it is not. */
void analysis_explain(const struct analysis *a, const struct analysis_task *t, char *out, size_t room);

/* Time that a table gives a partition on a core in each frame. */
uint64_t analysis_window_time(const struct analysis *a, const struct analysis_table *t, uint32_t core, uint32_t partition);
