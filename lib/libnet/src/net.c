/* SPDX-License-Identifier: BSD-2-Clause */
#include <libnet/net.h>

#include <libmv/print.h>
#include <libmv/start.h>
#include <libmv/string.h>
#include <libmv/time.h>

#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>

#define PIECES_MAX 16u
#define DHCP_AGAIN_NS (15 * MV_S)      /* it has asked four times by then */
#define FRAMES_MAX 256u        /* in one net_poll(), so that others have their turn */

_Static_assert(sizeof(struct netif) <= NET_STATE_BYTES, "lwIP's interface fits");

static uint64_t random_state;

static struct netif *netif_of(const struct net *n)
{
    return (struct netif *)n->state;
}

/* ---- what lwIP asks for ----------------------------------------------------------- */

u32_t sys_now(void)
{
    return (u32_t)(mv_time_ns() / MV_MS);
}

void net_failed(const char *message)
{
    mv_panic("lwIP: %s\n", message);
}

/* Hard to guess from outside, no more: there is nothing random to begin with but time. */
uint32_t net_random(void)
{
    uint64_t x = random_state += mv_time_ns() * 2 + UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(x ^ (x >> 31));
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    static uint8_t whole[NET_FRAME_MAX];
    struct net *n = netif->state;
    struct net_piece piece[PIECES_MAX];
    unsigned count = 0;

    for (struct pbuf *q = p; q != NULL && count <= PIECES_MAX; q = q->next) {
        if (count < PIECES_MAX)
            piece[count] = (struct net_piece){ q->payload, q->len };
        count++;
    }
    if (count > PIECES_MAX) {
        if (p->tot_len > sizeof(whole))
            return ERR_BUF;
        piece[0] = (struct net_piece){ whole, pbuf_copy_partial(p, whole, p->tot_len, 0) };
        count = 1;
    }
    return n->port->calls->send(n->port, piece, count) ? ERR_OK : ERR_MEM;
}

static err_t start_interface(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = NET_FRAME_MAX - NET_FRAME_HEAD;
    netif->hwaddr_len = ETHARP_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = send_frame;
    return ERR_OK;
}

/* ---- the interface ------------------------------------------------------------------ */

void net_open(struct net *n, struct net_port *port, const struct net_address *address, const char *name)
{
    ip4_addr_t ip = { 0 }, mask = { 0 }, gateway = { 0 };

    memset(n, 0, sizeof(*n));
    n->port = port;
    n->dhcp = address == NULL;
    if (address != NULL) {
        n->wanted = *address;
        ip.addr = lwip_htonl(address->ip);
        mask.addr = lwip_htonl(address->bits == 0 ? 0 : UINT32_MAX << (32 - (address->bits < 32 ? address->bits : 32)));
        gateway.addr = lwip_htonl(address->gateway);
    }
    lwip_init();
    (void)netif_add(netif_of(n), &ip, &mask, &gateway, n, start_interface, ethernet_input);
    netif_set_hostname(netif_of(n), name);
    netif_set_default(netif_of(n));
    netif_set_up(netif_of(n));
    net_poll(n);
}

static void watch_port(struct net *n)
{
    bool up = net_port_is_up(n->port);

    if (up == n->up)
        return;
    n->up = up;
    if (!up) {
        netif_set_link_down(netif_of(n));
        return;
    }
    memcpy(netif_of(n)->hwaddr, n->port->mac, sizeof(n->port->mac));
    for (unsigned i = 0; i < sizeof(n->port->mac); i++)
        random_state = random_state * 257 + n->port->mac[i];
    n->dhcp_ns = 0;
    netif_set_link_up(netif_of(n));
}

/* lwIP asks less and less often; but who is to answer may come up later than we. */
static void watch_dhcp(struct net *n)
{
    uint64_t now = mv_time_ns();

    if (!n->dhcp || !n->up || now < n->dhcp_ns || !ip4_addr_isany_val(*netif_ip4_addr(netif_of(n))))
        return;
    n->dhcp_ns = now + DHCP_AGAIN_NS;
    (void)dhcp_start(netif_of(n));
}

/* False: there is none. */
static bool take_frame(struct net *n)
{
    static uint8_t dropped[NET_FRAME_MAX];
    struct pbuf *p = pbuf_alloc(PBUF_RAW, NET_FRAME_MAX, PBUF_POOL);
    size_t size = net_port_receive(n->port, p != NULL ? p->payload : dropped);

    if (p == NULL) {
        n->no_memory += size != 0;
        return size != 0;
    }
    pbuf_realloc(p, (u16_t)size);
    if (size == 0 || netif_of(n)->input(p, netif_of(n)) != ERR_OK)
        (void)pbuf_free(p);
    return size != 0;
}

void net_poll(struct net *n)
{
    unsigned left = FRAMES_MAX;
    bool more = true;

    watch_port(n);
    watch_dhcp(n);
    while (more && left > 0) {
        for (; n->up && left > 0 && take_frame(n); left--)
            ;
        sys_check_timeouts();
        more = n->up && net_port_settle(n->port);
        left -= left > 0;
    }
    n->next_ns = mv_time_ns() + (more ? 0 : sys_timeouts_sleeptime() * MV_MS);
}

uint64_t net_next_ns(const struct net *n)
{
    return n->next_ns;
}

bool net_address(const struct net *n, struct net_address *address)
{
    const struct netif *netif = netif_of(n);
    uint32_t mask = lwip_ntohl(netif_ip4_netmask(netif)->addr);

    *address = (struct net_address){ lwip_ntohl(netif_ip4_addr(netif)->addr), 0, lwip_ntohl(netif_ip4_gw(netif)->addr) };
    for (; mask != 0; mask <<= 1)
        address->bits++;
    return n->up && address->ip != 0;
}

/* ---- text --------------------------------------------------------------------------- */

bool net_parse(const char *text, struct net_address *address)
{
    uint64_t bits = 32;

    *address = (struct net_address){ 0 };
    for (unsigned i = 0; i < 4; i++) {
        const char *end;
        uint64_t number = mv_parse_number(text, &end);
        if (end == text || end > text + 3 || number > 255 || (i < 3 && *end != '.'))
            return false;
        address->ip = address->ip << 8 | (uint32_t)number;
        text = end + (i < 3);
    }
    if (*text == '/') {
        const char *start = text + 1;
        bits = mv_parse_number(start, &text);
        if (text == start)
            return false;
    }
    address->bits = (uint32_t)bits;
    return *text == '\0' && bits <= 32;
}

char *net_format(char text[NET_TEXT_BYTES], uint32_t ip)
{
    (void)mv_format(text, NET_TEXT_BYTES, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 0xff, ip >> 8 & 0xff, ip & 0xff);
    return text;
}
