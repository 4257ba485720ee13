/* SPDX-License-Identifier: BSD-2-Clause */
#include <libnet/net.h>

#include <libmv/loop.h>
#include <libmv/time.h>

static void time_has_come(void *context)
{
    struct net *n = context;

    net_poll(n);
    mv_loop_at(n->loop, net_next_ns(n));
}

static void line_has_come(void *context, uint64_t payload)
{
    (void)payload;
    time_has_come(context);
}

void net_serve(struct net *n, struct mv_loop *loop, unsigned line)
{
    n->loop = loop;
    mv_loop_on_line(loop, line, line_has_come, n);
    mv_loop_on_time(loop, time_has_come, n);
    mv_loop_at(loop, mv_time_ns());
}

void net_wake(struct net *n)
{
    n->next_ns = mv_time_ns();
    mv_loop_at(n->loop, n->next_ns);
}
