/* SPDX-License-Identifier: BSD-2-Clause */
/* A native cell that keeps patterns in its FP registers and TURNS times gives the
 * processor away. */
#include "native.h"

void pattern_fp_set(uint64_t seed);
uint64_t pattern_fp_check(uint64_t seed);

int main(void)
{
    bool right = true;

    for (uint64_t turn = 0; turn < TURNS; turn++) {
        uint64_t seed = turn * UINT64_C(0x9e3779b97f4a7c15);

        pattern_fp_set(seed);
        (void)mv_yield();
        right = right && pattern_fp_check(seed) == 0;
    }
    native_result("FP registers are kept", right);
    native_done();
    return 0;
}
