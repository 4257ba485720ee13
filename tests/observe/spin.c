/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses all the time that it gets. */
#include <libmv/libmv.h>

int main(void)
{
    for (;;)
        __asm__ volatile("");
}
