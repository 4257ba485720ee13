/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server does with a call: w[0], and w[1] where it needs a number. */
#pragma once

enum {
    DO_ECHO = 1,     /* answer with w[1]-w[6] and the buffer inverted, w[7] = badge */
    DO_SIZE,         /* answer in size w[1], the buffer as it came               */
    DO_SPIN,         /* use the core for w[1] ns, then answer                    */
    DO_LISTEN,       /* wait for the server's line, then answer                  */
    DO_HOLD,         /* answer, then take nothing until the server's line        */
    DO_TWICE,        /* answer twice; the second status is kept                  */
    DO_WAIT,         /* try to wait while serving; the status is the answer      */
    DO_REPLY_LATER,  /* wait for the line, then answer with reply; status kept   */
    DO_NEST,         /* call the second server with w[1], answer its answer      */
    DO_BACK,         /* call the main cell back until w[1]; the status is the answer */
    DO_LOG,          /* answer with what was noted, and forget it                */
    DO_NOTE,         /* note w[1] in the log                                     */
    DO_STARTS,       /* answer how a variable in .data and one in .bss stand, and change both */
};

/* The killer: stop the server in w[1] ns, after answering; or start it. */
enum { KILL_LATER = 1, KILL_NOW, KILL_START };
