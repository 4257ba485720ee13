/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands typed at the cell's console, for a program with an event loop. */
#pragma once

#include <libmv/loop.h>
#include <libmv/print.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MV_PROMPT_BYTES 64

/* Called for each line that was typed, without its end; the next prompt follows. It may change the line. */
typedef void mv_prompt_handler(char *line);

struct mv_prompt {
    char line[MV_PROMPT_BYTES];    /* what has been typed of the next one: editor.length bytes */
    struct mv_line_editor editor;
    mv_prompt_handler *run;
};

/*
 * Show the prompt "> ", and run what is typed from now on, from the loop of the
 * vCPU that takes the console's line. Without a console nothing is ever typed.
 */
void mv_prompt_start(struct mv_prompt *p, struct mv_loop *loop, mv_prompt_handler *run);

/* Print a line in the prompt's place: go back to its beginning; afterwards show it again with what has been typed. */
void mv_prompt_hide(const struct mv_prompt *p);
void mv_prompt_show(const struct mv_prompt *p);

#ifdef __cplusplus
}
#endif
