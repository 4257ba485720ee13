/* SPDX-License-Identifier: BSD-2-Clause */
/* The report: what lies where, who may do what, what it costs. */
#pragma once

#include "layout.h"

struct text report_make(const struct system *s, const struct layout *l);
