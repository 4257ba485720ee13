/* SPDX-License-Identifier: BSD-2-Clause */
/* Two vCPUs, each on a core, that answer calls. */
#include <libmv/libmv.h>

static void serve(void)
{
    struct mv_loop loop;

    mv_loop_init(&loop);
    mv_loop_run(&loop);
}

int main(void)
{
    serve();
    return 0;
}

void mv_main(unsigned vcpu)
{
    (void)vcpu;
    serve();
}
