/* SPDX-License-Identifier: BSD-2-Clause */
/* The control loop as the keyboard sees it. */
#pragma once

#include <libmv/libmv.h>

#include "drive.h"

#define PATH_RECORDS 40u

/* What the kernel noted before the beat that came latest. */
struct path {
    uint64_t released, begun;          /* ns */
    uint64_t count;
    struct mv_trace_record record[PATH_RECORDS];
};

extern struct mv_watch_record beats;
extern struct path path;

/* 1: the loop counts anew from the next beat on, and makes it 0. */
extern uint32_t count_anew;

void loop_run(void) __attribute__((noreturn));
