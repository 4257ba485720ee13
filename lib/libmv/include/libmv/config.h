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

/* LINK: the memory holds virtqueues (libvirtio/link.h) instead of rings; the
 * client is end 0, the server end 1. */
enum mv_channel_kind { MV_CHANNEL_BYTES, MV_CHANNEL_MESSAGES, MV_CHANNEL_LINK };

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

/* Memory of this cell that its devices may read and write by themselves. A
 * device is told `bus` for what the cell sees at `address`: the same behind an
 * SMMU, the physical address without one. */
struct mv_dma_config {
    const char *name;          /* "dma", or the name of a channel or segment  */
    uint64_t    address, size;
    uint64_t    bus;
    uint32_t    writable;      /* 0: the device may only read it              */
};

/* A PCI function whose driver this cell is. It decodes nothing until the cell
 * has attached it: a call to `attach_cap`, see cells/pci/pci_config.h. */
#define MV_PCI_BARS 6
struct mv_function_config {
    const char *name;          /* label or node name in the description       */
    uint32_t    id;            /* bus << 8 | device << 3 | function           */
    uint32_t    vendor, device;
    uint64_t    config;        /* its configuration space in this cell, 4 KiB, read-only */
    struct {
        uint64_t address;      /* in this cell; 0: not given                  */
        uint64_t size;
    } bar[MV_PCI_BARS];
    uint32_t    line_cap;      /* of INTx, a level; 0: it has none            */
    uint8_t     line;
    uint8_t     behind_smmu;   /* 1: its DMA reaches only mv_cell.dma         */
    uint32_t    attach_cap;    /* portal of the cell that owns the bridge     */
};

/* What a device of some cell says to the SMMU, for the cell that handles the
 * system's faults: mv_stream_control with `cap`. When an access was refused, the
 * line mv_cell.stream_line is raised with bit (place in mv_cell.streams % 64). */
struct mv_stream_config {
    const char *name;          /* of the device or function                   */
    const char *cell;          /* its owner                                   */
    uint32_t    id;            /* StreamID                                    */
    uint32_t    cap;
};

/* A cell whose faults or calls arrive here with this badge. */
struct mv_peer_config {
    uint32_t    badge;
    uint32_t    cell;          /* its index in the system                     */
    const char *portal;        /* name of the portal it calls                 */
    const char *name;          /* of the cell                                 */
};

/* A timer that the description gives this cell; mv_timer_set() takes its `cap`. */
struct mv_timer_config {
    const char *name;
    uint32_t    cap;
    uint8_t     line;
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
    uint32_t    dma_count, function_count;
    const struct mv_dma_config      *dma;
    const struct mv_function_config *functions;
    uint32_t    stream_count;                  /* 0: neither line nor capabilities */
    uint32_t    stream_line;
    const struct mv_stream_config   *streams;
    uint32_t    timer_count;
    const struct mv_timer_config    *timers;
};

extern const struct mv_cell_config mv_cell;

#ifdef __cplusplus
}
#endif
