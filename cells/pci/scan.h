/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions that nobody has described. */
#pragma once

/* Switch them all off, and say so. */
void scan(void);
