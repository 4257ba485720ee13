/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is true of the kernel's objects whenever no core is in the kernel,
 * whatever cells have asked for. Each function of invariants.c is one group of
 * such truths; a broken one ends the process with its text.
 */
#pragma once

/* Check all of them. */
void invariants_check(void);
/* Print what the cores and vCPUs are doing. */
void invariants_show(void);
/* Printed with a broken one: how to come here again. */
extern char invariants_where[160];
