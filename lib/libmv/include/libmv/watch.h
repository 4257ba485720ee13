/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How punctual something is that must be done again and again: of each turn, how
 * long after its release it began (jitter) and ended (response), as histograms in
 * memory that another cell may read meanwhile; how many turns ended after their
 * deadline, and how many releases passed without a turn of their own.
 *
 * One vCPU writes a record; any number may read it, from memory that is theirs to
 * read only. A reader believes nothing of what it finds but the numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mv/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Times in ns. A bucket is a quarter of a power of two wide: it begins at
 * mv_histogram_from(n), and the last also holds all that is longer. */
#define MV_HISTOGRAM_BUCKETS 128

struct mv_histogram {
    uint64_t count, sum;
    uint64_t min, max;         /* with a count of 0: UINT64_MAX, 0 */
    uint64_t bucket[MV_HISTOGRAM_BUCKETS];
};

/* As it lies in the memory. */
struct mv_watch_record {
    uint64_t sequence;         /* odd while it is being written */
    uint64_t period, deadline; /* ns; 0: none */
    uint64_t since;            /* ns: what is counted was released from then on */
    uint64_t missed;           /* turns that ended after their deadline */
    uint64_t overruns;         /* releases that passed while an earlier turn was not over, or could not begin */
    uint64_t worst_released;   /* ns: when the turn was released that began latest, see jitter.max */
    uint64_t reserved;
    struct mv_histogram jitter, response;
};

/* Who writes one. */
struct mv_watch {
    struct mv_watch_record *record;
    uint64_t period, deadline;
    uint64_t released;         /* of the present turn */
    uint64_t due;              /* of the next release, for mv_watch_beat() */
    uint32_t index;            /* which of the cell's watches it is: in its marks, and as a vIRQ's payload bit */
    uint32_t trace_cap;        /* 0, or a capability to mark the trace: MV_MARK_MISS, MV_MARK_OVERRUN */
    uint32_t raise_cap;        /* 0, or one to raise a vIRQ when a deadline is missed or a release passes */
};

/*
 * Begin to count into `record`, whatever is there, of something that is released
 * each `period` and should end within `deadline` after that (ns; 0: not said).
 * `index`, `trace_cap` and `raise_cap` are 0 and can be set afterwards.
 */
void mv_watch_start(struct mv_watch *w, struct mv_watch_record *record, uint64_t period, uint64_t deadline);

/* Count from nothing again. Not between begin and end. */
void mv_watch_reset(struct mv_watch *w);

/* A turn that was released at `released` begins now. */
void mv_watch_begin(struct mv_watch *w, uint64_t released, uint64_t now);

/*
 * The same when releases are a period apart, from w->due on, and a turn serves
 * all that have passed: w->released is the oldest of them, the others are overruns.
 * False, and no turn begins: the next one is not due. (A timer's vIRQ is pending
 * again if it was raised during a turn that had begun so late as to serve that too.)
 * The kernel's timers count ticks: give a period that is a whole number of them.
 */
bool mv_watch_beat(struct mv_watch *w, uint64_t now);

/* The turn ends now. True: within its deadline. */
bool mv_watch_end(struct mv_watch *w, uint64_t now);

/* A copy of a record while it may be written. False: after many tries it was
 * still being changed, so the writer has stopped in the midst of it. */
bool mv_watch_read(const struct mv_watch_record *record, struct mv_watch_record *copy);

/* "1000 turns, 0 missed, 0 overruns, late by 1/2/9 us (least/average/most)", as
 * mv_format() does it. Of a copy. */
size_t mv_watch_text(const struct mv_watch_record *copy, char *text, size_t size);

/* In which bucket a time is counted, and where a bucket begins, ns. */
unsigned mv_histogram_bucket(uint64_t ns);
uint64_t mv_histogram_from(unsigned bucket);
/* A time that `millionths` of all were not longer than: the end of a bucket, at most the maximum; of none, 0. */
uint64_t mv_histogram_quantile(const struct mv_histogram *h, uint64_t millionths);

#ifdef __cplusplus
}
#endif
