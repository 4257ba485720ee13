/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A suite of small measurements inside Linux, after the manner of lmbench: what
 * a system call, a signal, a pipe, a page fault, a process, a socket, a timer
 * costs. It runs as the first and only process of a kernel, natively and in a
 * virtual machine; the two tables are then compared.
 *
 * A row is run in samples of `count` repetitions. The fastest sample counts:
 * samples are much shorter than the 4 ms between two ticks, so that most of
 * them meet no tick. Rows about time itself measure on their own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum row_kind {
    ROW_PLAIN,  /* no timer takes part: native and in a virtual machine alike */
    ROW_TIMER,  /* about a timer's interrupt, or with ticks in it             */
};

struct row {
    const char   *name;
    const char   *text;             /* what one repetition is                          */
    uint32_t      count;            /* repetitions in a sample                         */
    uint32_t      samples;
    void        (*begin)(void);     /* once, before all samples; may be NULL           */
    void        (*before)(void);    /* before each sample, not measured; may be NULL   */
    void        (*run)(uint32_t count);
    void        (*end)(void);       /* once, after all samples; may be NULL            */
    uint64_t    (*measure)(void);   /* instead of run: the row's value, in nanoseconds */
    enum row_kind kind;
};

/* The rows of one file; the last one has no name. */
extern const struct row call_rows[], signal_rows[], exchange_rows[], memory_rows[], process_rows[], network_rows[], file_rows[],
    timer_rows[];

/* What the program does when it is started by one of its other names, such as
 * "sh"; returns the exit status, or -1 if it has no such name. */
int process_act(int argc, char **argv);

/* Nanoseconds since boot. */
uint64_t now(void);

/* The median of `count` values, which are sorted. At least one. */
uint64_t median(uint64_t *values, size_t count);

/* Reports what failed and why, and ends the whole run. */
_Noreturn void fail(const char *what);

/* The result of a system call, which must not be an error: `what` names it. */
long must(long result, const char *what);

/* Let a new process run serve(), and wait for the end of one. It has to end by
 * itself, for example when a pipe is closed. */
int  partner_start(void (*serve)(void));
void partner_wait(int pid);

/* Read or write exactly so many bytes; false when the other side has closed. */
int read_all(int fd, void *to, size_t length);
int write_all(int fd, const void *from, size_t length);
