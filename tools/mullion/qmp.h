/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket by which a running QEMU is asked (its "QEMU Machine Protocol"):
 * `mullion run` has QEMU make it in the output folder, as DIR/qmp, and sees to it
 * that it is gone when QEMU is, however that ended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc.h"

#define QMP_NAME "qmp"

/*
 * Add the words for QEMU, and watch for its end: call it shortly before
 * proc_become(). Without a word if the folder cannot hold a socket; with a
 * warning if another QEMU has it. `a` has all other words.
 */
void qmp_offer(struct args *a, const char *dir);

struct qmp {
    int   fd;
    struct text in;             /* received, not yet looked at */
    const char *wrong;          /* what the last failure was */
};
/* False: nobody listens there (any more), or does not answer as QEMU does. */
bool qmp_open(struct qmp *q, const char *dir);
void qmp_close(struct qmp *q);
/* Execute a command, `{...}` with its arguments or NULL; the text of what it
 * returns, or NULL. */
const char *qmp_do(struct qmp *q, const char *command, const char *arguments);
/* Copy physical memory. */
bool qmp_memory(struct qmp *q, uint64_t address, void *to, size_t size);
/* Is there somebody at DIR/qmp? */
bool qmp_is_there(const char *dir);
