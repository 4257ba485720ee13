/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line. */
#pragma once

#include "observe.h"
#include "run.h"

enum command {
    COMMAND_CHECK, COMMAND_BUILD, COMMAND_REPORT, COMMAND_RUN, COMMAND_TRACE, COMMAND_TOP, COMMAND_HEADERS,
    COMMAND_BOARDS, COMMAND_VERSION, COMMAND_HELP
};

struct options {
    enum command command;
    const char  *topic;         /* of help; NULL: all */
    const char  *path;          /* of the description */
    const char  *board;
    const char  *output;        /* NULL: not given */
    struct run_options run;
    struct observe_options observe;
};

/* Ends the program on a mistake. */
struct options args_parse(int argc, char **argv);
void args_help(const char *topic);
void args_version(void);
