/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical memory of a system: of one that runs in QEMU, or as a file. */
#pragma once

#include "built.h"
#include "qmp.h"

struct memory {
    const char *what;           /* for messages */
    struct qmp  qmp;            /* running */
    const struct built *built;
    struct text file;           /* not running: its bytes; `at` NULL: running */
};

/* Of the system that runs from the folder. Ends the program with a message if
 * there is none. */
void memory_of_running(struct memory *m, const struct built *b);
/* Of a file: RAM from its beginning, as QEMU's pmemsave writes it, or an ELF
 * core, as dump-guest-memory does. Ends the program with a message if it is
 * neither. */
void memory_of_file(struct memory *m, const struct built *b, const char *path);
/* Copy; false if it is not there. A running system that has ended ends the program. */
bool memory_read(struct memory *m, uint64_t address, void *to, size_t size);
/* Let another program ask; memory_of_running() begins again. */
void memory_close(struct memory *m);
