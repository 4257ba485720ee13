/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the call that its payload asks for, each time it is raised. */
#include <libmv/libmv.h>

#include "cell.h"
#include "protocol.h"

int main(void)
{
    struct mv_words w;
    uint64_t source;

    for (;;) {
        if (mv_wait(&w, &source) != MV_OK)
            continue;
        struct mv_words call = { { w.w[0], CLIENT } };

        (void)mv_call(CAP_SERVER_DOOR, &call);
    }
}
