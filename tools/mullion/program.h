/* SPDX-License-Identifier: BSD-2-Clause */
/* Making the programs of cells. */
#pragma once

#include "model.h"

/* The C compiler with its first options: MULLION_CC or the cross gcc. */
const char *program_compiler(void);
/* Compile and link what has sources, stage the ELF files, read all of them. */
void program_make_all(struct system *s);
