/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds of devices, their feature bits, configuration and requests, as virtio
 * 1.2 has them (chapters 5 and 6).
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIO_ID_NET         1u
#define VIO_ID_BLOCK       2u
#define VIO_ID_CONSOLE     3u
#define VIO_ID_RNG         4u

/* Device status. */
#define VIO_STATUS_ACKNOWLEDGE 1u
#define VIO_STATUS_DRIVER      2u
#define VIO_STATUS_DRIVER_OK   4u
#define VIO_STATUS_FEATURES_OK 8u
#define VIO_STATUS_NEEDS_RESET 64u
#define VIO_STATUS_FAILED      128u

/* InterruptStatus, and the ISR of PCI. */
#define VIO_INTERRUPT_USED     1u
#define VIO_INTERRUPT_CONFIG   2u

#define VIO_FEATURE(bit)   (UINT64_C(1) << (bit))

/* Of any device. */
#define VIO_F_INDIRECT_DESC     VIO_FEATURE(28)
#define VIO_F_EVENT_IDX         VIO_FEATURE(29)
#define VIO_F_VERSION_1         VIO_FEATURE(32)
#define VIO_F_ACCESS_PLATFORM   VIO_FEATURE(33)
#define VIO_F_RING_PACKED       VIO_FEATURE(34)
#define VIO_F_IN_ORDER          VIO_FEATURE(35)
#define VIO_F_ORDER_PLATFORM    VIO_FEATURE(36)
#define VIO_F_NOTIFICATION_DATA VIO_FEATURE(38)
#define VIO_F_RING_RESET        VIO_FEATURE(40)

/* ---- block (5.2) -------------------------------------------------------------- */

#define VIO_BLOCK_F_SIZE_MAX     VIO_FEATURE(1)
#define VIO_BLOCK_F_SEG_MAX      VIO_FEATURE(2)
#define VIO_BLOCK_F_GEOMETRY     VIO_FEATURE(4)
#define VIO_BLOCK_F_RO           VIO_FEATURE(5)
#define VIO_BLOCK_F_BLK_SIZE     VIO_FEATURE(6)
#define VIO_BLOCK_F_FLUSH        VIO_FEATURE(9)
#define VIO_BLOCK_F_TOPOLOGY     VIO_FEATURE(10)
#define VIO_BLOCK_F_CONFIG_WCE   VIO_FEATURE(11)
#define VIO_BLOCK_F_MQ           VIO_FEATURE(12)
#define VIO_BLOCK_F_DISCARD      VIO_FEATURE(13)
#define VIO_BLOCK_F_WRITE_ZEROES VIO_FEATURE(14)

#define VIO_BLOCK_SECTOR         512u
#define VIO_BLOCK_ID_BYTES       20u

struct vio_block_config {
    uint64_t capacity;                     /* sectors of 512 bytes */
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t  heads, sectors;
    uint32_t blk_size;
    uint8_t  physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t  writeback, unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t  write_zeroes_may_unmap, unused1[3];
    uint32_t max_secure_erase_sectors, max_secure_erase_seg, secure_erase_sector_alignment;
};

/* A request: this, then its data, then one byte of status. */
struct vio_block_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

#define VIO_BLOCK_IN           0u
#define VIO_BLOCK_OUT          1u
#define VIO_BLOCK_FLUSH        4u
#define VIO_BLOCK_GET_ID       8u
#define VIO_BLOCK_DISCARD      11u
#define VIO_BLOCK_WRITE_ZEROES 13u

#define VIO_BLOCK_OK           0u
#define VIO_BLOCK_IOERR        1u
#define VIO_BLOCK_UNSUPP       2u

/* Data of DISCARD and WRITE_ZEROES. */
struct vio_block_range {
    uint64_t sector;
    uint32_t sectors;
    uint32_t flags;
};

/* ---- net (5.1): queue 0 receives, queue 1 transmits ------------------------------ */

#define VIO_NET_F_CSUM         VIO_FEATURE(0)
#define VIO_NET_F_GUEST_CSUM   VIO_FEATURE(1)
#define VIO_NET_F_MTU          VIO_FEATURE(3)
#define VIO_NET_F_MAC          VIO_FEATURE(5)
#define VIO_NET_F_GUEST_TSO4   VIO_FEATURE(7)
#define VIO_NET_F_GUEST_TSO6   VIO_FEATURE(8)
#define VIO_NET_F_GUEST_ECN    VIO_FEATURE(9)
#define VIO_NET_F_GUEST_UFO    VIO_FEATURE(10)
#define VIO_NET_F_HOST_TSO4    VIO_FEATURE(11)
#define VIO_NET_F_HOST_TSO6    VIO_FEATURE(12)
#define VIO_NET_F_HOST_ECN     VIO_FEATURE(13)
#define VIO_NET_F_HOST_UFO     VIO_FEATURE(14)
#define VIO_NET_F_MRG_RXBUF    VIO_FEATURE(15)
#define VIO_NET_F_STATUS       VIO_FEATURE(16)
#define VIO_NET_F_CTRL_VQ      VIO_FEATURE(17)
#define VIO_NET_F_MQ           VIO_FEATURE(22)
#define VIO_NET_F_SPEED_DUPLEX VIO_FEATURE(63)

#define VIO_NET_RECEIVE        0u
#define VIO_NET_TRANSMIT       1u

#define VIO_NET_LINK_UP        1u          /* in `status` */

struct vio_net_config {
    uint8_t  mac[6];
    uint16_t status;
    uint16_t max_virtqueue_pairs;
    uint16_t mtu;
    uint32_t speed;
    uint8_t  duplex;
    uint8_t  rss_max_key_size;
    uint16_t rss_max_indirection_table_length;
    uint32_t supported_hash_types;
};

/* In front of each frame. */
struct vio_net_header {
    uint8_t  flags;
    uint8_t  gso_type;
    uint16_t hdr_len, gso_size;
    uint16_t csum_start, csum_offset;
    uint16_t num_buffers;
};

#define VIO_NET_HDR_NEEDS_CSUM 1u
#define VIO_NET_HDR_DATA_VALID 2u
#define VIO_NET_GSO_NONE       0u

/* ---- console (5.3) ------------------------------------------------------------------ */

#define VIO_CONSOLE_F_SIZE        VIO_FEATURE(0)
#define VIO_CONSOLE_F_MULTIPORT   VIO_FEATURE(1)
#define VIO_CONSOLE_F_EMERG_WRITE VIO_FEATURE(2)

/* Queues: port 0 is 0 and 1; with MULTIPORT control is 2 and 3, port n > 0 is
 * 2 + 2 n and 3 + 2 n. The even one receives (to the driver), the odd one
 * transmits. */
#define VIO_CONSOLE_CONTROL_RECEIVE  2u
#define VIO_CONSOLE_CONTROL_TRANSMIT 3u

struct vio_console_config {
    uint16_t cols, rows;
    uint32_t max_nr_ports;
    uint32_t emerg_wr;
};

struct vio_console_control {
    uint32_t id;                           /* port */
    uint16_t event;
    uint16_t value;
};

#define VIO_CONSOLE_DEVICE_READY  0u
#define VIO_CONSOLE_DEVICE_ADD    1u
#define VIO_CONSOLE_DEVICE_REMOVE 2u
#define VIO_CONSOLE_PORT_READY    3u
#define VIO_CONSOLE_CONSOLE_PORT  4u
#define VIO_CONSOLE_RESIZE        5u
#define VIO_CONSOLE_PORT_OPEN     6u
#define VIO_CONSOLE_PORT_NAME     7u

#ifdef __cplusplus
}
#endif
