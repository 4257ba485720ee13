/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a set on the kernel, in virtual time, and looks at all of it. */
#pragma once

#include "set.h"

/* What one process tells the other. */
struct tally {
    uint64_t accepted;        /* sets of which all deadlines are promised */
    uint64_t promised, tasks; /* deadlines that are, and all of them      */
    uint64_t releases;        /* of tasks whose deadline is promised      */
    uint64_t misses;          /* of those whose deadline is not           */
    uint64_t tightest;        /* 10,000 * response / deadline, the most of a promised one */
    uint64_t nearest;         /* 10,000 * response seen / response computed, the same */
    uint64_t exhausted, held, recovered, cut, switched, events;
};
extern struct tally *tally;

/* Boot the set that has been made, and run it until then. Ends the process when
 * something is wrong, after saying what. */
void sim_run(struct set *s, uint64_t end_ns);

/* The service bound that a call of this task must have left of its window, if it
 * makes one that may be held back; else 0. In ticks. */
uint64_t sim_bound_wanted(uint32_t task);
/* Whether it makes a call that has not begun. */
bool sim_calls(uint32_t task);

/* ---- checks.c ------------------------------------------------------------------------ */

/* What is known of a context, beside what the kernel knows. */
struct account {
    const struct context *context;
    uint64_t used, free;               /* ticks on its budget, and without it */
    uint64_t budget, period, debt;     /* ticks; budget 0: no limit; most that may be owed */
    bool     ready;
    uint32_t mark_count;
    struct mark { uint64_t at, used; } mark[64];   /* when it became ready, and what was used by then */
};

extern bool checks_loud;              /* show who runs */
void checks_begin(struct set *s);
/* Time has passed up to host_time, since then nobody has entered the kernel. */
void checks_passed(uint64_t since);
/* All cores are out of the kernel, and nothing is left to do at this time. */
void checks_settled(void);
/* At the end: every tick is in the kernel's accounts. */
void checks_end(void);
_Noreturn void checks_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- exact.c, known.c: how many failed; adds to those that passed ---------------------- */

int exact_run(int *passed);
int known_run(int *passed);
