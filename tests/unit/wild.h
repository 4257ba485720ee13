/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells without any sense: every step is some kernel call, of any number and
 * with any arguments, by whoever runs, in the system that agents_boot() makes.
 */
#pragma once

/* One step, with decisions from agents_choose(). */
void wild_step(void);
