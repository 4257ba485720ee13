/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host tool tells a cell about itself: one constant structure,
 * generated per cell and linked into it. The same facts are in the generated
 * header "cell.h" as macros, for code that wants constants.
 */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mv_channel_kind { MV_CHANNEL_BYTES, MV_CHANNEL_MESSAGES };

/* One end of a channel. The shared segment holds the ring from end 0 to end 1
 * first, then the one from end 1 to end 0, each half of its size. */
struct mv_channel_config {
    const char *name;          /* of the channel                              */
    const char *peer;          /* name of the cell at the other end           */
    uint64_t    address;       /* of the shared segment in this cell          */
    uint32_t    size;          /* of the shared segment, bytes                */
    uint32_t    message_size;  /* MESSAGES: bytes of each message; BYTES: 0   */
    uint8_t     kind;          /* enum mv_channel_kind                        */
    uint8_t     end;           /* 0 or 1                                      */
    uint8_t     line;          /* vIRQ line that the peer raises here         */
    uint8_t     vcpu;          /* index of the vCPU that takes that line      */
    uint32_t    raise_cap;     /* capability to the peer's vIRQ               */
    uint32_t    line_cap;      /* capability to the own vIRQ (handle)         */
};

struct mv_device_config {
    const char *name;          /* label in the board's tree                   */
    uint64_t    address;       /* of its first register page in this cell, plus the offset in the page */
    uint64_t    size;
    uint32_t    line_cap;      /* of its first interrupt; 0: it has none      */
    uint8_t     line;
    const char *compatible;    /* of the node, its names separated by one space */
};

/* A cell whose faults or calls arrive here with this badge. */
struct mv_peer_config {
    uint32_t    badge;
    uint32_t    cell;          /* its index in the system                     */
    const char *portal;        /* name of the portal it calls                 */
    const char *name;          /* of the cell                                 */
};

struct mv_cell_config {
    const char *name;
    uint32_t    index;         /* in the system */
    uint32_t    vcpu_count;
    uint32_t    channel_count, device_count, peer_count;
    const struct mv_channel_config *channels;
    const struct mv_device_config  *devices;
    const struct mv_peer_config    *peers;
    const struct mv_channel_config *console;   /* NULL: the cell has none */
};

extern const struct mv_cell_config mv_cell;

#ifdef __cplusplus
}
#endif
