/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses in cells. They depend on the description alone, so that the
 * headers with them can be made before any cell is compiled.
 */
#pragma once

#include "model.h"

#define PLAN_PROGRAM_BASE UINT64_C(0x10000)   /* where cell.ld links programs */

/* Place everything but the program; complains about what does not fit. */
void plan(struct system *s);
/* Check the loads of a cell's program against the plan and add their mappings. */
void plan_program(struct system *s, struct cell *c);
/* Complain about mappings of a space that overlap. */
void plan_check_overlaps(const struct space *p);
