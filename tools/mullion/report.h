/* SPDX-License-Identifier: BSD-2-Clause */
/* The report: what lies where, who may do what, what it costs. */
#pragma once

#include "analysis.h"
#include "layout.h"

struct text report_make(const struct system *s, const struct layout *l);
/* The same as a page (HTML), which begins with pictures of the schedule. */
struct text report_page(const struct system *s, const struct text *report);

/* ---- its parts ------------------------------------------------------------------- */

void report_heading(struct text *t, const char *title);
/* Devices, PCI functions, and what they reach by DMA. */
void report_devices(struct text *t, const struct system *s);
/* Disks and networks, if there are any; a device that a machine's io cell serves. */
void report_links(struct text *t, const struct system *s);
const char *report_io_device(const struct vm *vm, const struct io_device *d);
/* Windows, budgets, response times, deadlines: what the analysis has found. */
void report_schedule(struct text *t, const struct system *s);
/* Names of the partitions in a mask; "none". */
const char *report_partitions(const struct analysis *a, uint32_t mask);
/* All tasks, those of one core together and the most urgent first. */
const struct analysis_task **report_order(const struct analysis *a);
/* What comes of a task's deadline, in a few words. */
const char *report_verdict(const struct analysis_task *t);
