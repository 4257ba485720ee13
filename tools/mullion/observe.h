/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at a system while it runs: `mullion trace` and `mullion top`. */
#pragma once

#include <stdbool.h>

struct observe_options {
    const char *folder;     /* of the built system; NULL: the one below build/ that runs */
    const char *output;     /* of trace; NULL: DIR/trace.json, "-": standard output */
    const char *memory;     /* a file with the memory, instead of a running system; or NULL */
    bool        once;       /* top: one table, and no escape sequences */
};

/* Both end the program on a mistake, and return its exit status. */
int trace_command(const struct observe_options *o);
int top_command(const struct observe_options *o);

/* The folder that the options mean. Ends the program if none or several could be meant. */
const char *observe_folder(const struct observe_options *o);
