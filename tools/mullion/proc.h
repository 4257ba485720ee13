/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs: the compiler, dtc, QEMU. Never through a shell. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"
#include "text.h"

struct args {
    VEC(const char *) list;
};

void args_add(struct args *a, const char *word);
/* Each word of a text, split at blanks. */
void args_add_words(struct args *a, const char *words);

struct proc_result {
    int         status;     /* exit status; 127 could not be started; 128 + n ended by signal n */
    struct text out, err;
};

/*
 * The signals that end the tool are handled only while a child runs, so that
 * their handler finds the stage in order. Call it first.
 */
void proc_block_signals(void (*handler)(int number));

/* Run to the end with the given standard input. */
struct proc_result proc_run(struct args *a, const char *input, size_t input_length);
/* Become that program. Returns only when it cannot be started. */
void proc_become(struct args *a);
/* Do nothing for a time, during which a signal may end the tool. */
void proc_sleep(unsigned ms);
