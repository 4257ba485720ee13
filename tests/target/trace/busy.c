/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

int main(void)
{
    for (;;)
        mv_sleep(200 * MV_US);
}
