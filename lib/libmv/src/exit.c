/* SPDX-License-Identifier: BSD-2-Clause */
#include <mv/abi.h>

#include <libmv/start.h>

void mv_exit(void)
{
    /* A controller may start this vCPU again: it stops at once. */
    for (;;)
        __asm__ volatile("svc %0" : : "i"(MV_CALL_exit)
                         : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
                           "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "cc", "memory");
}
