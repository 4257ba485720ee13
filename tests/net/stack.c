/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack that is loaded as a library gives out. */
#include "world.h"

extern const struct stack stack;
const struct stack stack = {
    net_open, net_poll, net_next_ns, net_address, net_parse, net_format,
    net_udp_open, net_udp_close, net_udp_send,
    net_tcp_listen, net_tcp_connect, net_tcp_space, net_tcp_send, net_tcp_ready, net_tcp_receive,
    net_tcp_look, net_tcp_end, net_tcp_close, net_tcp_abort,
};
