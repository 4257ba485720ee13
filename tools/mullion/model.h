/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system as the description means it. Built in this order:
 *   model_read   names, numbers, references          (model.c)
 *   derive       lines, badges, ceilings, capabilities (derive.c)
 *   plan         addresses in cells, before any cell is compiled (plan.c)
 *   program      cells compiled, their ELF files read   (program.c, elffile.c)
 *   layout       physical memory, page tables           (layout.c)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <mv/systab.h>

#include "board.h"
#include "text.h"
#include "tree.h"

enum { BARS = 6 };

/* What a segment is for; decides where it lies and who pays for it. */
enum segment_kind {
    SEGMENT_SHARED,     /* from the description                          */
    SEGMENT_CHANNEL,
    SEGMENT_DEVICE,
    SEGMENT_DMA,        /* a cell's own, for its devices                 */
    SEGMENT_IMAGE,      /* what a cell executes and reads, never written */
    SEGMENT_PRIVATE,    /* a cell's data, stacks and message buffers     */
    SEGMENT_GUEST,      /* a virtual machine's memory                    */
    SEGMENT_TRACE
};

struct segment {
    const char       *name;
    const struct node *node;        /* NULL unless SHARED */
    struct pos        at;
    enum segment_kind kind;
    uint32_t          index, first_extent;
    uint32_t          rights;       /* MV_MAP_* */
    uint64_t          size;
    bool              fixed;        /* its place was given */
    bool              early;        /* plan() has chosen its place */
    bool              broken;       /* its size could not be read */
    struct regions    extents;      /* one, except for devices and where several were given */
    struct cell      *cell;         /* who pays for it, NULL: nobody in particular */
};

struct mapping {
    struct segment *segment;
    const char     *name;           /* for macro and report */
    uint32_t        rights;
    bool            placed;         /* address was given or chosen */
    uint64_t        address, offset, size;
    struct pos      at;
};

struct space {
    const char *name;
    const struct node *node;
    struct cell *cell;
    uint32_t     index, address_bits, first_mapping;
    uint64_t     table_pages;
    VEC(struct mapping *) mappings;
};

/* What time a vCPU may use, or a portal for calls from other cores. */
struct context {
    uint64_t budget_us, period_us;  /* 0: no limit */
    uint64_t deadline_us;           /* from being ready to having used its budget; 0: none. Not a portal's */
    uint32_t exhausted;             /* enum mv_exhausted */
    uint32_t partition;             /* number of its time partition; 0: none */
};

struct vcpu {
    struct cell *cell;
    const struct node *node;
    struct pos   at;
    uint32_t     number;            /* in its cell */
    struct vcpu *exits;             /* of a VM: the VMM's that serves it */
    uint32_t     index;             /* in the system */
    uint32_t     core, priority;
    bool         fp;
    uint64_t     stack_size;
    struct context time;
    struct space *space;
    uint64_t     stack_address;     /* lowest */
    uint64_t     message_address;
    uint64_t     lines;             /* mask of the taken ones */
    struct portal *fault_portal;
    uint32_t     fault_badge;
    uint32_t     callers_max;
    uint32_t     ceiling;           /* highest priority it can run at */
};

struct portal {
    struct cell *cell;
    const char  *name;
    const struct node *node;
    struct vcpu *server;
    uint32_t     index, ceiling;
    uint64_t     bound_us;
    struct context time;            /* its own */
    uint32_t     partitions;        /* bit n: calls may be served on a context of partition n */
    bool         takes_faults;
};

struct virq {
    struct cell *cell;              /* of the sink */
    const char  *name;
    const struct node *node;        /* NULL: a device's or a channel's */
    struct vcpu *sink;
    uint32_t     index, line, source, interrupt;
    uint32_t     guest_interrupt;   /* of a VM's: its id there; else 0 */
    bool         edge;
};

struct timer {
    struct cell *cell;
    const char  *name;
    uint32_t     index;
    struct virq *virq;
    uint64_t     shortest_us;       /* no period is below it */
};

struct device {
    struct cell   *cell;
    const char    *name;
    const struct node *node;
    struct pos     at;
    struct vcpu   *sink;
    struct regions registers;
    struct segment *segment;        /* NULL: it has no registers */
    struct mapping *mapping;
    VEC(struct virq *) virqs;
    bool           may_do_dma, protected;       /* protected: an SMMU stands before it */
};

/* What a device says at the SMMU with each of its own reads and writes. */
struct stream {
    struct cell   *cell;            /* the device's owner */
    const char    *name;            /* the device's or function's */
    struct pos     at;              /* where it is given to the cell */
    uint32_t       index;           /* in the system: a cell's are one behind the other */
    uint32_t       id;              /* StreamID */
    const struct node *smmu;
};

/* Memory of a cell that its devices may reach. All streams of the cell reach
 * all of it. Addresses are known after plan(). */
struct dma_region {
    const char     *name;           /* "dma", or a channel's or segment's */
    struct segment *segment;
    const struct mapping *mapping;  /* the cell's own, in its space "main" */
    uint64_t        offset, size;   /* in the segment */
    uint64_t        address;        /* in the cell */
    uint64_t        bus;            /* what the device is told: the same behind an SMMU, else physical */
    bool            writable;       /* by the device */
    struct pos      at;
};

/* Where a function's base address register leads: bus address, what the
 * processor sees there, bytes. */
struct bar {
    uint64_t bus, base, size;       /* size 0: not given */
    uint64_t offset;                /* of it in the function's segment */
};

/* A PCI function: a node below its host bridge's. */
struct function {
    struct cell   *cell;            /* its driver; NULL: nobody */
    struct bridge *bridge;
    const char    *name;
    const struct node *node;
    struct pos     at;              /* where it is given to the cell */
    uint32_t       index;           /* among the bridge's */
    bool           broken;          /* complained about: no more of that */
    uint32_t       id;              /* bus << 8 | device << 3 | function */
    uint32_t       vendor, device;
    struct bar     bars[BARS];
    struct segment *config, *registers;         /* its configuration space; its BARs, one behind the other, or NULL */
    struct mapping *config_mapping, *registers_mapping;
    struct virq   *virq;            /* INTx; NULL: none */
    struct stream *stream;          /* NULL: nothing stands before it */
};

/* A PCI host bridge: configuration space in memory, and a window for BARs. */
struct bridge {
    struct cell   *cell;            /* who owns it; NULL: nobody */
    const char    *name;
    const struct node *node;
    struct pos     at;
    uint32_t       index;
    bool           broken;          /* complained about: no more of that */
    struct bridge_facts facts;
    uint32_t       used_first, used_last;       /* buses of the functions described */
    struct segment *segment;        /* what its owner gets of the configuration space */
    struct mapping *mapping;
    struct portal *portal;          /* the owner's "functions" */
    VEC(struct function *) functions;
};

struct channel {
    const char    *name;
    const struct node *node;
    struct pos     at;
    bool           is_console;
    uint32_t       message_size;    /* 0: bytes */
    struct link   *link;            /* NULL: it holds rings, not virtqueues */
    struct segment *segment;
    struct {
        const char     *name;       /* how this end's cell calls it */
        struct cell    *cell;
        struct vcpu    *vcpu;
        struct virq    *virq;
        struct mapping *mapping;
        uint32_t        raise_cap, line_cap;
    } end[2];
};

/* A part of a disk that a cell serves. */
struct partition {
    const char    *name;
    const struct node *node;
    struct pos     at;
    struct cell   *server;
    uint64_t       first, sectors;  /* of 512 bytes */
    bool           read_only;
};

enum link_kind { LINK_DISK, LINK_NETWORK };
enum { MAC_BYTES = 6 };

/* A partition or a switch as one client has it: a channel for virtqueues, whose
 * end 0 is the client's. A machine's client is its io cell. */
struct link {
    enum link_kind kind;
    const char    *name;            /* of the partition or switch, in the client */
    struct pos     at;
    struct cell   *client, *server;
    struct partition *partition;    /* DISK */
    bool           read_only;       /* DISK */
    bool           many;            /* NETWORK: it speaks for others, by their own addresses */
    uint8_t        mac[MAC_BYTES];  /* NETWORK: its own address; 0: none */
    struct channel *channel;
};

/* A virtio device that a machine's io cell serves. */
struct io_device {
    uint32_t       slot;
    struct link   *link;            /* NULL: the ports */
    struct virq   *bell;            /* of the io cell: the guest has notified a queue */
    struct virq   *virq;            /* of the guest, for the io cell to raise */
    uint32_t       raise_cap;
};

struct cap {
    uint32_t        type, rights, badge;
    const uint32_t *object;         /* its index; NULL for trace and system */
    const char     *macro;          /* behind CAP_ */
    const char     *title;          /* for the report */
};

/* A use of another object that the cell's description asks for. */
struct reference {
    const struct node *node;        /* what is named */
    struct pos         at;
    uint32_t           rights;      /* MV_MAP_*, for segments */
    uint32_t           badge;       /* 0: the default */
    struct portal     *portal;      /* of a call */
    const char        *name;        /* of its capability; NULL: the node's */
};

/* One PT_LOAD of a cell's program. */
struct load {
    uint64_t address, file_size, size;  /* page-aligned address and size */
    uint32_t rights;
    const char *bytes;                  /* file_size of them */
    uint64_t offset;                    /* in the image or private segment */
    uint64_t pristine;                  /* writable: physical place of the copy */
};

/* A file that virtual machines start with. Those that start with the same
 * bytes share the copy in the image. */
struct blob {
    const char *name;               /* as the description has it */
    const char *bytes;
    uint64_t    length;
    uint64_t    place;              /* physical, in the image */
};

/* What lies in a VM's memory when it starts. */
struct guest_load {
    struct blob *blob;              /* NULL: nothing */
    uint64_t     address, size;     /* guest-physical; bytes, the blob and zeros behind it */
};

enum vm_console { VM_CONSOLE_NONE, VM_CONSOLE_PL011, VM_CONSOLE_VIRTIO };
enum { VM_SEED_BYTES = 64 };

/* A virtual machine: the guest's cell, that of its VMM, and, if it has disks,
 * networks or channels, that of their virtio devices. */
struct vm {
    struct cell    *cell, *vmm;
    struct cell    *io;             /* NULL: it needs none */
    struct portal  *io_portal;
    struct segment *io_status;      /* a page for io cell and VMM */
    struct mapping *io_status_mapping, *vmm_status_mapping;
    struct timer   *io_timer;
    VEC(struct io_device *) io_devices;
    VEC(struct channel *) ports;
    uint64_t        devices_end;    /* behind its devices of the board; 0: it has none */
    uint32_t        device_interrupts;
    uint32_t        index;          /* of its vGIC */
    uint64_t        memory;
    const char     *bootargs;       /* NULL: none given */
    enum vm_console console;
    bool            rng;
    struct segment *ram;
    struct guest_load kernel, initrd, tree;
    uint64_t        entry;
    uint8_t         seed[VM_SEED_BYTES];    /* for the VMM's virtio rng */
    uint64_t        time_base;              /* seconds since 1970 */
};

struct cell {
    const char  *name;
    struct vm   *vm;                    /* NULL: no part of a machine */
    const struct node *node;
    struct pos   at;
    uint32_t     index, first_vcpu, first_space, first_cap, first_load, load_count;
    uint32_t     priority;
    bool         autostart, fp, map_space, trace_read, trace_control, system_control, switches_schedule, marks_trace;
    uint32_t     limit_count;           /* of interrupts of each device ... */
    uint64_t     limit_us;              /* ... in this time; 0: no limit */
    uint64_t     table_pages, address_bits, image_size;
    const char  *dir;                   /* of the description */
    const char  *program, *image;       /* one of these, or sources */
    VEC(const char *) sources;          /* as written */
    VEC(struct pos) sources_at;
    VEC(const char *) cflags;
    VEC(struct vcpu *) vcpus;
    VEC(struct space *) spaces;
    VEC(struct device *) devices;
    VEC(struct function *) functions;
    VEC(struct stream *) streams;
    struct bridge *bridge;              /* that it owns, or NULL */
    uint64_t     dma_size;
    bool         dma_links;             /* devices reach all its links */
    bool         dma_physical;          /* devices are told physical addresses: no SMMU */
    VEC(struct segment *) dma_wanted;   /* "dma" */
    struct segment *dma_segment;
    VEC(struct dma_region) dma;
    VEC(struct reference) calls, raises, controls, holds;
    VEC(struct cap) caps;               /* without the empty one at index 0 */
    VEC(struct load) loads;
    const struct node *console, *fault_portal;
    struct channel *console_channel;
    uint64_t     disk_sectors;          /* of the disk that it serves; 0: none */
    bool         network_server;
    uint64_t     fixed_low;             /* lowest address of what plan placed */
    uint64_t     entry;
    uint64_t     recover;               /* its function mv_recover; 0: it has none */
    struct segment *image_segment, *private_segment;
    struct mapping *trace_mapping;
    uint64_t     zero_size;         /* buffers and stacks, at the start of the private segment */
    const char  *elf_path;              /* the program, built or given */
    struct text  elf;
};

/* Cells that share time windows. Background: in each window, and what is in none. */
struct time_partition {
    const char   *name;
    const struct node *node;
    uint32_t      number;               /* from 1 */
    bool          background;
};

/* Time of one core for some partitions, in each frame. */
struct time_window {
    const char   *name;
    struct pos    at;
    uint32_t      core;
    uint64_t      start_us, length_us;
    uint32_t      partitions;           /* bit n: partition n */
};

/* The windows of all cores: one such table is in force at a time. */
struct time_table {
    const char   *name;
    const struct node *node;
    uint32_t      index;                /* the first is in force at boot */
    uint64_t      frame_us;
    uint32_t      suspended;            /* bit n: partition n is meant to have no window in it */
    VEC(struct time_window) windows;         /* in the order of their cores and starts */
};

struct system {
    const char   *path;                 /* of the description */
    const char   *dir;                  /* its folder */
    struct pos    at;
    struct tree  *tree;
    struct board  board;
    uint32_t      cores;
    uint64_t      slice_us, trace_size;
    uint32_t      trace_mask;           /* MV_TRACE_* */
    const struct node *fault_handler;
    VEC(struct cell *) cells;
    VEC(struct vcpu *) vcpus;
    VEC(struct space *) spaces;
    VEC(struct segment *) segments;
    VEC(struct portal *) portals;
    VEC(struct virq *) virqs;
    VEC(struct timer *) timers;
    VEC(struct channel *) channels;
    VEC(struct device *) devices;
    VEC(struct bridge *) bridges;
    VEC(struct stream *) streams;   /* in the order of their cells */
    struct virq  *stream_virq;      /* raised by faults of streams: of the cell that has the fault handler; NULL: none */
    VEC(struct vm *) vms;
    VEC(struct partition *) partitions;
    VEC(struct link *) links;
    VEC(struct blob *) blobs;
    VEC(struct time_partition *) time_partitions;   /* in the order of their numbers */
    VEC(struct time_table *) time_tables;
    struct analysis *analysis;      /* what timing_analyse() has found; NULL before that */
    struct segment *trace_segment, *gicv_segment;
    uint64_t      early_low;        /* lowest address that plan() has given away; 0: none */
};

/* Read everything; complains, and goes on where it can. */
struct system *model_read(const char *path, const char *board);

struct cell *model_cell(const struct system *s, const struct node *n);
struct portal *model_portal(const struct system *s, const struct node *n);
struct virq *model_virq(const struct system *s, const struct node *n);
struct segment *model_segment(const struct system *s, const struct node *n);
struct vcpu *model_vcpu(const struct system *s, const struct node *n);
struct time_partition *model_time_partition(const struct system *s, const struct node *n);
/* "partition \"name\"" or "no partition", of a number. */
const char *model_show_partition(const struct system *s, uint32_t number);
/* Where a property of a vCPU stands, which may be its cell's. */
struct pos model_vcpu_at(const struct vcpu *v, const char *name);
/* Is it the guest's cell of a VM; the cell of a VMM? */
bool model_is_guest(const struct cell *c);
bool model_is_vmm(const struct cell *c);
/* The cell that has a machine's disks, networks and ports. */
bool model_is_io(const struct cell *c);
/* How others see it: what a machine's VMM and io cell do is the machine's. */
const char *model_shown_name(const struct cell *c);
/* "02:00:..." of a MAC address. */
const char *model_show_mac(const uint8_t *mac);
/* "00:01.0" */
const char *model_function_place(const struct function *f);
/* "rwx" of MV_MAP_* rights. */
const char *model_rights(uint32_t rights);
struct segment *model_add_segment(struct system *s, enum segment_kind kind, const char *name, uint32_t rights,
                                  uint64_t size, struct cell *cell);

/* What a cell's devices reach, when its mappings have their addresses. */
void model_place_dma(struct system *s, struct cell *c);

/* What time partitions and windows are for, when all vCPUs are known; complains. */
void model_check_schedule(const struct system *s);

/* Lines, badges, ceilings, capabilities; complains. */
void derive(struct system *s);
