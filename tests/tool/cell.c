/* SPDX-License-Identifier: BSD-2-Clause */
/* A program for the tool to build: it has code, constants, data and .bss. */
#include "cell.h"
#include <libmv/config.h>

static int counter = CELL_INDEX;
static int cleared[100];
extern void cell_main(void);

void cell_main(void)
{
    cleared[counter % 100] += mv_cell.name[0];
    counter++;
}
