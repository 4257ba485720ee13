/* SPDX-License-Identifier: BSD-2-Clause */
#include <libnet/net.h>

#include <libmv/string.h>

#include <lwip/tcp.h>

#define PRIORITY      TCP_PRIO_NORMAL
#define KEEP_IDLE_MS  60000u       /* a peer that has gone is noticed two minutes later */
#define KEEP_EACH_MS  10000u
#define KEEP_COUNT    6u
#define QUEUE_RESERVE 4            /* segments that one write may need beyond what it is told */

/* While lwIP calls back for a connection: it wants to know whether that was aborted. */
static struct tcp_pcb *called_for;
static bool was_aborted;

static void forget(struct net_tcp *t)
{
    if (t->waiting != NULL)
        (void)pbuf_free(t->waiting);
    t->waiting = NULL;
    t->pcb = NULL;
}

static void tell(struct net_tcp *t, enum net_event event)
{
    t->handler(t, event);
}

/* Tell the user within a function that lwIP has called for `pcb`. */
static err_t tell_for(struct tcp_pcb *pcb, struct net_tcp *t, enum net_event event)
{
    called_for = pcb;
    was_aborted = false;
    tell(t, event);
    called_for = NULL;
    return was_aborted ? ERR_ABRT : ERR_OK;
}

/* ---- what lwIP calls ---------------------------------------------------------------- */

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    struct net_tcp *t = argument;

    (void)error;
    if (p == NULL) {
        t->ended = true;
        return tell_for(pcb, t, NET_ENDED);
    }
    if (t->waiting != NULL)
        pbuf_cat(t->waiting, p);
    else
        t->waiting = p;
    return tell_for(pcb, t, NET_RECEIVED);
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t size)
{
    struct net_tcp *t = argument;

    (void)size;
    t->stalled = false;
    return tell_for(pcb, t, NET_SENT);
}

/* Twice a second: memory may be free again. */
static err_t on_time(void *argument, struct tcp_pcb *pcb)
{
    struct net_tcp *t = argument;

    return t->stalled ? on_sent(t, pcb, 0) : ERR_OK;
}

/* lwIP has freed it already. */
static void on_broken(void *argument, err_t error)
{
    struct net_tcp *t = argument;

    (void)error;
    forget(t);
    tell(t, NET_BROKEN);
}

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)error;
    return tell_for(pcb, argument, NET_CONNECTED);
}

static void adopt(struct net_tcp *t, struct tcp_pcb *pcb, net_tcp_handler *handler, void *context)
{
    *t = (struct net_tcp){ .handler = handler, .context = context, .pcb = pcb };
    ip_set_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = KEEP_IDLE_MS;
    pcb->keep_intvl = KEEP_EACH_MS;
    pcb->keep_cnt = KEEP_COUNT;
    tcp_arg(pcb, t);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_broken);
    tcp_poll(pcb, on_time, 1);
}

/* Nothing of it is told any more. */
static struct tcp_pcb *disown(struct net_tcp *t)
{
    struct tcp_pcb *pcb = t->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
    return pcb;
}

static err_t on_accepted(void *argument, struct tcp_pcb *pcb, err_t error)
{
    struct net_listener *l = argument;

    if (error != ERR_OK || pcb == NULL)
        return ERR_VAL;
    for (unsigned i = 0; i < l->count; i++) {
        struct net_tcp *t = &l->connections[i];
        if (t->pcb != NULL)
            continue;
        adopt(t, pcb, l->handler, l->context);
        return tell_for(pcb, t, NET_CONNECTED);
    }
    return ERR_MEM;                /* lwIP resets it */
}

/* ---- the user's side ------------------------------------------------------------------ */

bool net_tcp_listen(struct net_listener *l, uint16_t port, struct net_tcp *connections, unsigned count,
                    net_tcp_handler *handler, void *context)
{
    struct tcp_pcb *pcb = tcp_new(), *listening = NULL;

    *l = (struct net_listener){ connections, count, handler, context, NULL };
    memset(connections, 0, count * sizeof(connections[0]));
    if (pcb == NULL)
        return false;
    if (tcp_bind(pcb, IP4_ADDR_ANY, port) == ERR_OK)
        listening = tcp_listen_with_backlog(pcb, (u8_t)(count < 255 ? count : 255));
    if (listening == NULL) {
        (void)tcp_close(pcb);
        return false;
    }
    tcp_arg(listening, l);
    tcp_accept(listening, on_accepted);
    l->pcb = listening;
    return true;
}

bool net_tcp_connect(struct net_tcp *t, const struct net_peer *to, net_tcp_handler *handler, void *context)
{
    ip_addr_t ip = IPADDR4_INIT(lwip_htonl(to->ip));
    struct tcp_pcb *pcb = tcp_new();

    *t = (struct net_tcp){ 0 };
    if (pcb == NULL)
        return false;
    adopt(t, pcb, handler, context);
    if (tcp_connect(pcb, &ip, to->port, on_connected) != ERR_OK) {
        tcp_abort(disown(t));
        forget(t);
        return false;
    }
    return true;
}

size_t net_tcp_space(const struct net_tcp *t)
{
    const struct tcp_pcb *pcb = t->pcb;

    if (pcb == NULL || (pcb->state != ESTABLISHED && pcb->state != CLOSE_WAIT) ||
        tcp_sndqueuelen(pcb) > TCP_SND_QUEUELEN - QUEUE_RESERVE)
        return 0;
    return tcp_sndbuf(pcb);
}

size_t net_tcp_send(struct net_tcp *t, const void *bytes, size_t size)
{
    size_t some = net_tcp_space(t) < size ? net_tcp_space(t) : size;
    err_t error = ERR_MEM;

    while (some > 0 && (error = tcp_write(t->pcb, bytes, (u16_t)some, TCP_WRITE_FLAG_COPY)) == ERR_MEM)
        some /= 2;
    if (error == ERR_OK)
        (void)tcp_output(t->pcb);
    t->stalled = t->pcb != NULL && (error == ERR_OK ? some : 0) < size;
    return error == ERR_OK ? some : 0;
}

size_t net_tcp_ready(const struct net_tcp *t)
{
    return t->waiting != NULL ? ((struct pbuf *)t->waiting)->tot_len : 0;
}

size_t net_tcp_receive(struct net_tcp *t, void *bytes, size_t size)
{
    u16_t some = (u16_t)(net_tcp_ready(t) < size ? net_tcp_ready(t) : size);

    if (some == 0)
        return 0;
    if (bytes != NULL)
        (void)pbuf_copy_partial(t->waiting, bytes, some, 0);
    t->waiting = pbuf_free_header(t->waiting, some);
    tcp_recved(t->pcb, some);
    return some;
}

const void *net_tcp_look(const struct net_tcp *t, size_t *size)
{
    const struct pbuf *p = t->waiting;

    *size = p != NULL ? p->len : 0;
    return p != NULL ? p->payload : NULL;
}

void net_tcp_end(struct net_tcp *t)
{
    if (t->pcb != NULL)
        (void)tcp_shutdown(t->pcb, 0, 1);
}

void net_tcp_close(struct net_tcp *t)
{
    if (t->pcb == NULL)
        return;
    struct tcp_pcb *pcb = disown(t);

    /* With something unread, lwIP would reset the connection instead. */
    if (net_tcp_ready(t) != 0)
        tcp_recved(pcb, (u16_t)net_tcp_ready(t));
    if (tcp_close(pcb) != ERR_OK) {
        was_aborted = was_aborted || pcb == called_for;
        tcp_abort(pcb);
    }
    forget(t);
}

void net_tcp_abort(struct net_tcp *t)
{
    if (t->pcb == NULL)
        return;
    struct tcp_pcb *pcb = disown(t);

    was_aborted = was_aborted || pcb == called_for;
    tcp_abort(pcb);
    forget(t);
}
