/* SPDX-License-Identifier: BSD-2-Clause */
/* The io cell under libFuzzer: the input is what its guest and the other ends of
 * its links do (hostile.h). */
#include "hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    hostile_run(bytes, size);
    return 0;
}
