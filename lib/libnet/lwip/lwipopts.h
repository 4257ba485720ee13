/* SPDX-License-Identifier: BSD-2-Clause */
/* What of lwIP is used, and how much memory it has: all of it static. */
#pragma once

#define NO_SYS                      1
#define SYS_LIGHTWEIGHT_PROT        0
#define LWIP_NETCONN                0
#define LWIP_SOCKET                 0
#define LWIP_IPV4                   1
#define LWIP_IPV6                   0
#define LWIP_ARP                    1
#define LWIP_ETHERNET               1
#define LWIP_ICMP                   1
#define LWIP_UDP                    1
#define LWIP_TCP                    1
#define LWIP_DHCP                   1
#define LWIP_DNS                    0
#define LWIP_IGMP                   0
#define LWIP_RAW                    0
#define LWIP_AUTOIP                 0
#define LWIP_STATS                  0
#define LWIP_NETIF_API              0
#define LWIP_NETIF_LOOPBACK         0
#define LWIP_HAVE_LOOPIF            0
#define LWIP_NETIF_HOSTNAME         1
#define LWIP_SINGLE_NETIF           1

/* No fragments: less to go wrong, and every datagram lies in one piece. */
#define IP_REASSEMBLY               0
#define IP_FRAG                     0
#define IP_OPTIONS_ALLOWED          0

#define DHCP_DOES_ARP_CHECK         0
#define ETHARP_TABLE_SIZE           16
#define ARP_QUEUEING                1
#define LWIP_BROADCAST_PING         0

#define MEM_ALIGNMENT               8
#define MEM_LIBC_MALLOC             0
#define MEMP_MEM_MALLOC             0
#define MEM_SIZE                    (160 * 1024)
#define MEMP_NUM_PBUF               32
#define MEMP_NUM_UDP_PCB            16
#define MEMP_NUM_TCP_PCB            16
#define MEMP_NUM_TCP_PCB_LISTEN     8
#define MEMP_NUM_TCP_SEG            256
#define MEMP_NUM_ARP_QUEUE          16
#define PBUF_POOL_SIZE              128
#define PBUF_POOL_BUFSIZE           1536
#define PBUF_LINK_HLEN              16

#define TCP_MSS                     1460
#define TCP_WND                     (44 * TCP_MSS)
#define TCP_SND_BUF                 (32 * 1024)
#define TCP_SND_QUEUELEN            64
#define TCP_LISTEN_BACKLOG          1
#define TCP_QUEUE_OOSEQ             1
#define LWIP_TCP_KEEPALIVE          1
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) net_random()
#define LWIP_CHKSUM_ALGORITHM       3

#define LWIP_NO_UNISTD_H            (!__STDC_HOSTED__)
#define LWIP_NO_CTYPE_H             1
#define LWIP_NO_INTTYPES_H          1
