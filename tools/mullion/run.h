/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting a built system in QEMU. */
#pragma once

#include "model.h"
#include "proc.h"

struct run_options {
    const char *cpu;        /* NULL: the board's */
    uint32_t    cores;      /* 0: the system's   */
    struct args more;       /* for QEMU, as they are */
};

/* Become QEMU, with DIR/system.elf, the console attached, and DIR/qmp to ask it
 * (qmp.h). Ends the program with a message when that is not possible. */
_Noreturn void run_qemu(const struct system *s, const char *dir, const struct run_options *o);
