/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver of its own function, which another cell asks to use its rights. */
#include <libmv/libmv.h>
#include <pci/pci_config.h>

#include "cell.h"

/* Word 0: a request to the owner of the bridge, passed on as it is. The answer
 * comes back with the function's command register behind it. */
int main(void)
{
    const struct mv_function_config *rng = &mv_cell.functions[0];
    struct mv_words w = { { 0 } };
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        struct mv_words out = { { w.w[0] } };

        if (st == MV_OK && mv_call(rng->attach_cap, &out) != MV_OK)
            out.w[0] = ~UINT64_C(0);
        out.w[2] = mv_read32(rng->config + 4);
        w = out;
        st = mv_reply_wait(&w, &source);
    }
}
