/* SPDX-License-Identifier: BSD-2-Clause */
/* What the three cells of the pipeline say to each other. */
#pragma once

#include <stdint.h>

/* clock -> filter, by the channel "samples". */
struct sample {
    uint64_t sequence;         /* from 1 since the clock cell's start */
    uint64_t due_ns;           /* when it should have been taken; 0: the device interrupted */
    uint64_t taken_ns;
    uint64_t interrupts;       /* of the device so far */
};

/* filter -> shell, by the channel "results": once per device interrupt. */
struct result {
    uint64_t second;           /* device interrupts since the clock cell's start */
    uint64_t samples;          /* in this second */
    uint64_t lost;             /* numbers missing in the sequence, in this second */
    uint64_t late_min_ns, late_average_ns, late_max_ns;
    uint64_t total;            /* samples since the filter cell's start */
    uint64_t reserved;
};

/* shell -> clock and shell -> filter, by call: w[0] is the command, w[1] its
 * argument. The reply's w[0] is 1 if it was carried out. */
enum command {
    COMMAND_NONE,
    COMMAND_RATE,              /* clock: samples per second */
    COMMAND_CRASH,             /* both: write where nothing is mapped */
    COMMAND_FLOOD,             /* filter: print so many lines as fast as possible */
};

#define RATE_MAX   1000
#define FLOOD_MAX  100000
#define WILD_ADDRESS 0x8000    /* below every cell's first page: never mapped */
