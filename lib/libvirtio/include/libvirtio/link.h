/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: a virtio device between two cells. The segment of a channel of kind
 * MV_CHANNEL_LINK holds a header, virtqueues, and buffers; its vIRQs are the
 * notifications. End 0 is the client and has the driver's ends of the queues,
 * end 1 is the server and has the device's ends. What is said in the queues is
 * what virtio says for the type: requests of a block device, frames of a network
 * device with a struct vio_net_header in front. VIO_F_VERSION_1 and
 * VIO_F_EVENT_IDX are always agreed.
 *
 *     0       header: what each side says of itself, and the device's configuration
 *     4096    the queues, each as vio_ring_layout_of() says
 *             buffers, from the next multiple of 4096 to the end: the client's to give
 *
 * Addresses in descriptors are offsets in the segment, and only buffers count:
 * the server sees nothing of a chain that names header or queues.
 *
 * A session begins when both sides are there, and ends when either starts again
 * or gives up; then another begins by itself. Both sides call their poll function
 * first whenever the link's vIRQ has come, whatever its payload, and before they
 * use the queues. Neither trusts the other: a peer can be silent, end sessions
 * and send nonsense, no more. A client that does not want to wait for ever has
 * a limit of time for each request, and calls vio_link_client_reset().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libmv/config.h>

#include <libvirtio/device.h>
#include <libvirtio/driver.h>
#include <libvirtio/memory.h>
#include <libvirtio/ring.h>
#include <libvirtio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIO_LINK_MAGIC        0x6b6e694cu   /* "Link" */
#define VIO_LINK_VERSION      1u
#define VIO_LINK_HEADER_BYTES 4096u
#define VIO_LINK_CONFIG_BYTES 256u
#define VIO_LINK_BYTES_MIN    0x4000u
#define VIO_LINK_QUEUES       2u

/* Payload of the vIRQs, for those who trace; it promises nothing. */
#define VIO_LINK_RAISE_QUEUE(n) (UINT64_C(1) << (n))
#define VIO_LINK_RAISE_STATE    (UINT64_C(1) << 8)

/* What one side says of itself; a cache line of its own. */
struct vio_link_side {
    uint32_t magic, version;
    uint32_t type;             /* VIO_ID_*                                        */
    uint32_t epoch;            /* not 0: the side is there; differs after each start */
    uint32_t answers;          /* epoch of the other side that this is an answer to  */
    uint32_t generation;       /* server: of the configuration; odd while it changes */
    uint64_t features;         /* server: offered; client: accepted               */
    uint8_t  reserved[32];
};

struct vio_link_header {
    struct vio_link_side client;           /* written by the client only */
    struct vio_link_side server;           /* written by the server only, as is all that follows */
    uint8_t reserved[128];
    uint8_t config[VIO_LINK_CONFIG_BYTES];
};

/* What lies where; the same on both sides. */
struct vio_link_layout {
    uint32_t queue_count;
    uint32_t num;                          /* of each queue */
    uint32_t queue[VIO_LINK_QUEUES];       /* offset */
    uint32_t buffers, buffer_bytes;        /* offset, size */
};

/* False: the type has no links, or the size is too small. Queues: BLOCK one, NET
 * two. A descriptor for each 2 KiB, shared by the queues, 8 at least. */
bool vio_link_layout_of(struct vio_link_layout *l, uint32_t type, uint32_t size);

enum vio_link_state {
    VIO_LINK_DOWN,             /* there is no session: the queues are not in use */
    VIO_LINK_NEW,              /* a new session; nothing of the old one counts any more */
    VIO_LINK_UP,
};

struct vio_link {
    const struct mv_channel_config *config;
    struct vio_link_header *header;
    struct vio_link_layout layout;
    struct vio_memory memory;  /* buffers of the link, by their offset in the segment */
    uint32_t type;
    uint32_t epoch;            /* own */
    uint32_t peer;             /* epoch of the other side in this session */
    uint32_t state;            /* enum vio_link_state */
    uint64_t features;         /* agreed in this session, beside those that always are */
    uint64_t own_features;     /* server: offered; client: wanted */
    uint64_t broken;           /* sessions that this side has ended for the peer's fault */
};

/* ---- client ------------------------------------------------------------------------ */

struct vio_link_client {
    struct vio_link link;
    struct vio_driver_queue queue[VIO_LINK_QUEUES];
    struct vio_driver_slot *slots;
};

/* Room for the slots of any link: VIO_LINK_QUEUES * VIO_NUM_MAX. */
#define VIO_LINK_SLOTS (VIO_LINK_QUEUES * VIO_NUM_MAX)

/*
 * Open the client's end, once per start of the cell. Of the features that the
 * server offers, `wanted` are accepted. False: this is not a link's end 0, or its
 * size does not do.
 */
bool vio_link_client_open(struct vio_link_client *c, const struct mv_channel_config *config, uint32_t type,
                          uint64_t wanted, struct vio_driver_slot *slots);

/*
 * What the link's state is now. NEW is said once for each session: the queues are
 * empty and in use, link.features are agreed, all buffers are free, and what was
 * under way in the session before will not come back; it may or may not have been
 * done.
 */
enum vio_link_state vio_link_client_poll(struct vio_link_client *c);

/* Let the server see what has been added to a queue; raises it if it wants that. */
void vio_link_client_publish(struct vio_link_client *c, uint32_t queue);

/* End the session, and ask for another. After a time limit, or VIO_BROKEN. */
void vio_link_client_reset(struct vio_link_client *c);

/* Copy part of the device's configuration, as it was at one moment. False: the
 * link is down, it is outside, or the server keeps changing it. */
bool vio_link_client_config(const struct vio_link_client *c, uint32_t offset, void *to, uint32_t length);

/* Of the configuration: differs after it has changed. The server raises then. */
uint32_t vio_link_client_generation(const struct vio_link_client *c);

/* ---- server ------------------------------------------------------------------------ */

struct vio_link_server {
    struct vio_link link;
    struct vio_device_queue queue[VIO_LINK_QUEUES];
    uint32_t next;             /* NEW: epoch of the client that waits to be accepted */
    uint32_t generation;
    uint64_t next_features;
    uint8_t  device_config[VIO_LINK_CONFIG_BYTES];
};

/*
 * Open the server's end, once per start of the cell, when the device is ready to
 * serve. False: this is not a link's end 1, its size does not do, or the
 * configuration is too long.
 */
bool vio_link_server_open(struct vio_link_server *s, const struct mv_channel_config *config, uint32_t type,
                          uint64_t offered, const void *device_config, uint32_t length);

/*
 * What the link's state is now. NEW: a client wants a session; the queues are not
 * in use, what was under way is to be dropped. When nothing of it (a device's
 * DMA) can touch the segment any more, the user calls vio_link_server_accept().
 */
enum vio_link_state vio_link_server_poll(struct vio_link_server *s);

/* NEW becomes UP; false: it is not NEW any more. */
bool vio_link_server_accept(struct vio_link_server *s);

/* Let the client see what is done in a queue; raises it if it wants that. */
void vio_link_server_publish(struct vio_link_server *s, uint32_t queue);

/* The client has broken a rule (VIO_BROKEN, or one of the device's own): the
 * session ends. The client notices and may begin another. */
void vio_link_server_fail(struct vio_link_server *s);

/* Change part of the device's configuration, and say so. False: it is outside. */
bool vio_link_server_config(struct vio_link_server *s, uint32_t offset, const void *from, uint32_t length);

#ifdef __cplusplus
}
#endif
