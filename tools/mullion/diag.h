/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tool has to say about a description. Errors are collected, so that
 * one run shows all of them, and printed in the order of their positions, one
 * line each: FILE:LINE: error: what was found; expected what; do what
 */
#pragma once

#include <stdbool.h>

struct pos {
    const char *file;   /* NULL: no position in a description */
    int         line;
};

void diag_error(struct pos at, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_warning(struct pos at, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool diag_failed(void);
/* Print what was collected, to standard error. */
void diag_flush(void);

/* Print, remove what was staged, and end the program with status 1. */
_Noreturn void diag_stop(void);
/* One error without a position, then diag_stop(). */
_Noreturn void diag_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void diag_out_of_memory(void);
/* If there were errors, diag_stop(). */
void diag_stop_if_failed(void);

/* The candidate (a NULL-terminated list) that was probably meant by word, or
 * NULL when none is near. */
const char *diag_nearest(const char *word, const char *const *candidates);
