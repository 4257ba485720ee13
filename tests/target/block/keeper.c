/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops and starts the driver, the cell of the bus, or a client, as its console says. */
#include <libmv/libmv.h>

#include "cell.h"

static void again(const char *name, uint32_t cap, bool stop, bool start)
{
    mv_status_t st = MV_OK;

    if (stop)
        st = mv_cell_stop(cap);
    if (st == MV_OK && start)
        st = mv_cell_start(cap);
    mv_print("%s: %s%s, status %lu\n", name, stop ? "stopped" : "", start ? "started" : "", st);
}

int main(void)
{
    mv_print("ready\n");
    for (;;) {
        int c = mv_get_char();

        if (c == 'b')
            again("block", CAP_CELL_BLOCK, true, true);
        if (c == 'p')
            again("pci", CAP_CELL_PCI, true, true);
        if (c == 'o')
            again("one", CAP_CELL_ONE, true, true);
        if (c == 's')
            again("block", CAP_CELL_BLOCK, true, false);
        if (c == 'g')
            again("block", CAP_CELL_BLOCK, false, true);
    }
}
