/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose time services run on, and what follows: which callers are held back
 * before the end of their windows, and which portals need bounds.
 */
#pragma once

#include "model.h"

/* Fills in the portals' partitions; complains. Before capabilities are derived. */
void timing_derive(struct system *s);
/*
 * Is a call of this cell to the portal held back while less of the caller's
 * window is left than the portal's bound? So it is where the caller has windows
 * and the server works for others, who would wait for the caller's next window.
 */
bool timing_is_held(const struct system *s, const struct cell *c, const struct portal *p);

/* Can all deadlines be kept? Leaves what it has found in s->analysis; complains. */
void timing_analyse(struct system *s);
