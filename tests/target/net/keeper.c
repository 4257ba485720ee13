/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops and starts the cell whose letter its console says. */
#include <libmv/libmv.h>

#include "cell.h"

static void again(const char *name, uint32_t cap)
{
    mv_status_t st = mv_cell_stop(cap);

    if (st == MV_OK)
        st = mv_cell_start(cap);
    mv_print("%s: stopped and started, status %lu\n", name, st);
}

int main(void)
{
    mv_print("ready\n");
    for (;;) {
        int c = mv_get_char();

        if (c == 'n')
            again("net", CAP_CELL_NET);
        if (c == 's')
            again("switch", CAP_CELL_SWITCH);
        if (c == 'e')
            again("echo", CAP_CELL_ECHO);
    }
}
