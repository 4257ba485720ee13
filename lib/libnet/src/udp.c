/* SPDX-License-Identifier: BSD-2-Clause */
#include <libnet/net.h>

#include <libmv/string.h>

#include <lwip/udp.h>

static void take_datagram(void *argument, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *ip, u16_t port)
{
    struct net_udp *u = argument;
    struct net_peer from = { lwip_ntohl(ip4_addr_get_u32(ip_2_ip4(ip))), port };

    (void)pcb;
    if (p->next == NULL)
        u->handler(u, &from, p->payload, p->len);
    (void)pbuf_free(p);
}

bool net_udp_open(struct net_udp *u, uint16_t port, net_udp_handler *handler, void *context)
{
    struct udp_pcb *pcb = udp_new();

    *u = (struct net_udp){ handler, context, NULL };
    if (pcb == NULL)
        return false;
    if (udp_bind(pcb, IP4_ADDR_ANY, port) != ERR_OK) {
        udp_remove(pcb);
        return false;
    }
    udp_recv(pcb, take_datagram, u);
    u->pcb = pcb;
    return true;
}

void net_udp_close(struct net_udp *u)
{
    if (u->pcb != NULL)
        udp_remove(u->pcb);
    u->pcb = NULL;
}

bool net_udp_send(struct net_udp *u, const struct net_peer *to, const void *bytes, size_t size)
{
    ip_addr_t ip = IPADDR4_INIT(lwip_htonl(to->ip));
    struct pbuf *p;

    if (u->pcb == NULL || size > NET_DATAGRAM_MAX)
        return false;
    p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);
    if (p == NULL)
        return false;
    memcpy(p->payload, bytes, size);
    bool sent = udp_sendto(u->pcb, p, &ip, to->port) == ERR_OK;
    (void)pbuf_free(p);
    return sent;
}
