/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cells that do anything at any time. An agent is the program of one vCPU: at
 * each turn it makes some kernel call, and it knows which registers, words and
 * answers it must find when it goes on. Anything else ends the process.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Where the decisions come from: a number below n. */
extern uint32_t (*agents_choose)(uint32_t n);

/* Make and boot a system of agents; with budgets, service bounds and time windows
 * if it has limits. */
void agents_boot(uint32_t cores, bool limits);
/* One step: a cell's call or fault, an interrupt, a device, or time. */
void agents_step(void);
/*
 * From now on everybody only serves and waits: true when, after at most so
 * many steps, nobody is left whose call has not ended.
 */
bool agents_finish(uint32_t most_steps);
/* How many calls were answered so far: to see that the steps reach something. */
uint64_t agents_answered(void);
