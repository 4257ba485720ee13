/* SPDX-License-Identifier: BSD-2-Clause */
/* What the raiser does with a call: w[0]. */
#pragma once

enum {
    RAISE = 1,      /* raise a, b, c with the payloads w[1]-w[3], those that are not 0 */
    RAISE_LATER,    /* answer, sleep w[4] ns, then the same */
    RAISE_MANY,     /* raise a w[1] times, with one bit after the other */
    RAISED          /* the payload that its own line has had since the last time */
};
