/* SPDX-License-Identifier: BSD-2-Clause */
/* The report: what lies where, who may do what, what it costs. */
#pragma once

#include "layout.h"

struct text report_make(const struct system *s, const struct layout *l);

/* ---- its parts ------------------------------------------------------------------- */

void report_heading(struct text *t, const char *title);
/* Devices, PCI functions, and what they reach by DMA. */
void report_devices(struct text *t, const struct system *s);
/* Disks and networks, if there are any; a device that a machine's io cell serves. */
void report_links(struct text *t, const struct system *s);
const char *report_io_device(const struct vm *vm, const struct io_device *d);
