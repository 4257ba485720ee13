/* SPDX-License-Identifier: BSD-2-Clause */
/* A switch between virtual machines, native cells and network cards. */
#include <libmv/libmv.h>

#include "switch.h"

#define TURNS 8u                   /* until the loop looks at what has come */

static struct mv_loop loop;
static struct ether_switch ether;
static uint64_t report_at;

static void run(void)
{
    uint64_t now = mv_time_ns();
    bool more = true;

    for (uint32_t n = 0; more && n < TURNS; n++)
        more = switch_turn(&ether, (uint32_t)(now / MV_S));
    if (ether.news && now >= report_at) {
        switch_report(&ether);
        report_at = now + SWITCH_REPORT_S * MV_S;
    }
    mv_loop_at(&loop, more ? 1 : ether.news ? report_at : 0);
}

static void on_time(void *context)
{
    (void)context;
    run();
}

static void on_line(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    run();
}

int main(void)
{
    if (!switch_start(&ether, &switch_config))
        mv_panic("too many ports, or one address twice");
    mv_loop_init(&loop);
    mv_loop_on_time(&loop, on_time, NULL);
    for (uint32_t i = 0; i < switch_config.port_count; i++)
        mv_loop_on_line(&loop, switch_config.ports[i].link->line, on_line, NULL);
    run();
    mv_loop_run(&loop);
    return 0;
}
