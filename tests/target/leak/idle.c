/* SPDX-License-Identifier: BSD-2-Clause */
/* Is stopped and started by main; waits. */
#include <libmv/libmv.h>

int main(void)
{
    for (;;)
        mv_sleep(MV_MS);
}
