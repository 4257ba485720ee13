/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flat table: everything the kernel knows about the system it runs. The
 * host tool writes it: records, which never change, and behind them the objects,
 * which the kernel works on in place. Little-endian, naturally aligned; every array is named by its offset from
 * the table's start and its count. References between records are indices
 * into these arrays; MV_NONE where there is none. Addresses are physical
 * unless they say otherwise; sizes are bytes; times are nanoseconds.
 */
#pragma once

#include <stdint.h>

#include <mv/abi.h>

#define MV_SYSTAB_MAGIC    UINT32_C(0x5453564d)   /* "MVST" */
#define MV_SYSTAB_VERSION  4
#define MV_NONE            UINT32_C(0xffffffff)
#define MV_NAME_BYTES      24                     /* NUL-terminated, zero-filled */

#define MV_CORES_MAX       4
#define MV_CELLS_MAX       128
#define MV_VCPUS_MAX       256
#define MV_SPACES_MAX      254    /* a VMID is 8 bits; 0 is the kernel's own */
#define MV_PRIORITIES      256    /* 0 lowest, 255 highest */
#define MV_EXTENTS_MAX     1024
#define MV_CAPS_MAX        4096   /* in one cell, index 0 included */
#define MV_VM_VCPUS_MAX    8      /* of one VM: what a GICv2 can address */
#define MV_PARTITIONS_MAX  32     /* 0: what runs in every window */
#define MV_VGIC_SPI_BANKS  4      /* most banks of 32 shared interrupts of one VM */

struct mv_array {
    uint32_t offset;
    uint32_t count;
};

enum mv_memory {
    MV_MEMORY_NORMAL,      /* write-back, Inner Shareable */
    MV_MEMORY_DEVICE       /* nGnRnE */
};
enum mv_vcpu_kind { MV_VCPU_NATIVE, MV_VCPU_VM };
enum mv_virq_source {
    MV_VIRQ_SOFT,          /* raised by cells that hold the right */
    MV_VIRQ_DEVICE,        /* a physical interrupt                */
    MV_VIRQ_TIMER          /* one timer object                    */
};

struct mv_sys_cell {
    char     name[MV_NAME_BYTES];
    uint32_t first_cap, cap_count;      /* into caps; cap_count includes index 0 */
    uint32_t first_vcpu, vcpu_count;
    uint32_t first_space, space_count;
    uint32_t first_load, load_count;
    uint32_t table_pages;               /* page-table pool beyond the spaces' roots */
    uint32_t autostart;                 /* 1: runs from boot; 0: until cell_start */
    uint64_t pool;                      /* where that is, see objects.h */
    uint32_t first_stream, stream_count;
};
/* What happens to a vCPU whose budget is used up, until some of it is back. */
enum mv_exhausted {
    MV_EXHAUSTED_WAIT,         /* it does not run                                         */
    MV_EXHAUSTED_BACKGROUND,   /* it runs with priority 0                                 */
    MV_EXHAUSTED_FAULT         /* MV_FAULT_BUDGET goes to its fault portal, once; it waits */
};
/*
 * Context of a vCPU or of a portal: what time it may use. What is used at one
 * time comes back a period after its use began (a sporadic server).
 */
struct mv_sys_context {
    uint64_t budget_ns;                 /* 0: no limit */
    uint64_t period_ns;                 /* at least the budget */
    uint32_t partition;                 /* 0-(MV_PARTITIONS_MAX - 1); 0 is in every window */
    uint32_t priority;                  /* 0-255; of a portal: its ceiling */
    uint32_t exhausted;                 /* enum mv_exhausted; of a portal: WAIT */
    uint32_t reserved;
};
/*
 * A table of time windows: each core has its own, which begin together. Window n
 * lasts to the start of the next, the last to the frame's end; the first starts
 * at 0. Between them a core's windows leave nothing out. Table 0 is in force at boot.
 */
struct mv_sys_schedule {
    uint64_t frame_ns;
    uint32_t first_window[MV_CORES_MAX], window_count[MV_CORES_MAX];   /* into windows; at least 1 for each core */
};
struct mv_sys_window {
    uint64_t start_ns;                  /* in the frame, rising within a core's windows */
    uint32_t partitions;                /* bit n: partition n may run; bit 0 is set */
    uint32_t reserved;
};
struct mv_sys_vcpu {
    uint32_t cell, kind, core, space;   /* space: the one it starts in */
    struct mv_sys_context context;
    uint64_t entry;                     /* address in the cell */
    uint64_t stack;                     /* initial stack pointer, in the cell */
    uint64_t message_buffer;            /* physical, page-aligned; 0: none */
    uint64_t message_address;           /* the same page in the cell */
    uint64_t argument;                  /* x0 at start: the vCPU's index in its cell; of a VM: its device tree */
    uint32_t fault_portal, fault_badge; /* MV_NONE: a fault only stops it; of a VM: where its exits go */
    uint32_t callers_max;               /* most vCPUs that can wait for it at once */
    uint32_t has_fp;                    /* 1: may use FP/SIMD */
    uint32_t has_device;                /* 1: its cell can map a device segment */
    uint32_t start;                     /* 1: runs when its cell starts; 0: when vcpu_start says so */
    uint32_t vgic;                      /* of a VM: its vGIC; else MV_NONE */
    uint32_t reserved;
};
struct mv_sys_space {
    uint32_t cell;
    uint32_t address_bits;              /* 25-39: size of what it can address */
    uint32_t first_mapping, mapping_count;  /* made at boot and by cell_start */
    uint32_t cores;                     /* bit mask of cores that may run in it */
    uint32_t kind;                      /* enum mv_vcpu_kind of those that run in it */
    uint64_t root;                      /* its root table, see objects.h */
};
struct mv_sys_segment {
    uint32_t first_extent, extent_count;
    uint32_t rights;                    /* most MV_MAP_* it may ever have */
    uint32_t memory;                    /* enum mv_memory */
    uint64_t size;                      /* sum of its extents */
};
struct mv_sys_extent {
    uint64_t base, size;                /* multiples of MV_PAGE_SIZE */
};
struct mv_sys_portal {
    uint32_t server;                    /* vCPU; its core is the portal's home */
    uint32_t reserved;
    uint64_t bound_ns;                  /* service bound; 0: none declared */
    uint64_t recovery;                  /* where the server goes on when it has passed that; 0: nowhere, it faults */
    struct mv_sys_context context;
};
/* In the order of their sinks, and a sink's in the order of their lines, which
 * count from 0 without gaps. To a VM, whose sink is vCPU 0 of its cell, they are
 * shared interrupts: a device's too ends when the guest ends its own. */
struct mv_sys_virq {
    uint32_t sink;                      /* vCPU */
    uint32_t line;                      /* 0-63 among the sink's */
    uint32_t source;                    /* enum mv_virq_source */
    uint32_t interrupt;                 /* device: GIC interrupt id, 32 and up */
    uint32_t edge;                      /* device: 1 edge, 0 level */
    uint32_t guest_interrupt;           /* to a VM, SOFT or DEVICE: the id there, from 32 in its vGIC's banks, of no
                                           other vIRQ; else 0 */
    uint32_t limit_count, reserved;     /* device: at most so many interrupts ... */
    uint64_t limit_ns;                  /* ... in this time; 0: no limit */
};
struct mv_sys_timer {
    uint32_t virq;
    uint32_t shortest_us;               /* no period is below it: it could flood its core; 0: MV_TIMER_SHORTEST_US */
};
#define MV_TIMER_SHORTEST_US 10u        /* the lowest there is */
/* The virtual interrupt controller of a VM, the vCPUs of one cell. */
struct mv_sys_vgic {
    uint32_t first_vcpu, vcpu_count;    /* 1-MV_VM_VCPUS_MAX, those of the cell */
    uint32_t spi_banks;                 /* 1-MV_VGIC_SPI_BANKS: 32 shared interrupts each, from id 32 */
    uint32_t reserved;
    uint64_t sgi_register;              /* GICv2: where the guest sees GICD_SGIR; GICv3: 0 */
    uint32_t first_bell, bell_count;    /* into bells */
    uint64_t bell_address;              /* in the guest, of the first, a multiple of 4; the others MV_BELL_STEP apart */
};
#define MV_BELL_STEP  0x200u            /* as virtio-mmio devices lie */
/*
 * A register that the guest writes without leaving the kernel: the vIRQ is
 * raised, with bit (value % 64) as its payload. Reads, and those of no vIRQ, exit.
 */
struct mv_sys_bell {
    uint32_t virq;                      /* MV_NONE: none */
    uint32_t reserved;
};
struct mv_sys_cap {
    uint32_t type;                      /* enum mv_type */
    uint32_t object;                    /* index in that type's array; 0 for trace, system */
    uint32_t rights;                    /* MV_RIGHT_* of that type only */
    uint32_t badge;
};
struct mv_sys_mapping {
    uint32_t segment;
    uint32_t rights;                    /* MV_MAP_* */
    uint64_t address, offset, size;     /* multiples of MV_PAGE_SIZE */
};
/*
 * What a device says to the SMMU with its reads and writes. Where there is no
 * SMMU there is none of these.
 */
struct mv_sys_stream {
    uint32_t cell;                      /* whose device it is: a cell's streams lie in a row */
    uint32_t id;                        /* StreamID */
    uint32_t virq;                      /* raised when the SMMU has refused an access; MV_NONE: none */
    uint32_t reserved;
    uint64_t entry;                     /* where its entry of the SMMU's stream table is */
    uint64_t passes;                    /* the entry's first word while it passes: by way of its cell's context descriptor */
};
#define MV_STREAM_ENTRY_ABORTED  UINT64_C(1)    /* the first word while nothing passes */
#define MV_STREAM_ASID(cell)  ((cell) + 1)      /* that of a cell's streams, by the cell's index */
/* Memory that cell_start makes pristine: file_size bytes copied from source,
 * the rest up to size zeroed. */
struct mv_sys_load {
    uint64_t destination, source;
    uint64_t file_size, size;
};

/*
 * What the kernel's file says of itself in its section ".mullion.info", which
 * is not loaded: where the host tool puts the objects' fields.
 */
#define MV_KERNEL_MAGIC    UINT32_C(0x4b4c554d)   /* "MULK" */
struct mv_object_sizes {
    uint16_t cell, vcpu, fp, space, portal, virq, timer, cap, heap_slot, irq_slot;
    uint16_t vm, vgic, vgic_bank;       /* vm: what a vCPU of a VM has besides */
    uint16_t bell_slot, stream;
    uint16_t budget, limit;             /* of a context, of a device's vIRQ that has one */
};
/* FIELD(object, name, member): what the host tool fills in; all else is 0. */
#define MV_OBJECT_FIELDS(FIELD)                                                     \
    FIELD(cell, sys, sys)                                                           \
    FIELD(cell, vcpus, vcpus)                                                       \
    FIELD(cell, spaces, spaces)                                                     \
    FIELD(cell, streams, streams)                                                   \
    FIELD(cell, index, index)                                                       \
    FIELD(cell, pool_next, pool_next)                                               \
    FIELD(vcpu, sys, sys)                                                           \
    FIELD(vcpu, caps, caps)                                                         \
    FIELD(vcpu, cap_count, cap_count)                                               \
    FIELD(vcpu, context, context)                                                   \
    FIELD(vcpu, rank, rank)                                                         \
    FIELD(vcpu, own_budget, own.budget)                                             \
    FIELD(vcpu, own_rank, own.rank)                                                 \
    FIELD(vcpu, own_limits, own.limits)                                             \
    FIELD(vcpu, index, index)                                                       \
    FIELD(vcpu, number, number)                                                     \
    FIELD(vcpu, has_device, has_device)                                             \
    FIELD(vcpu, callers_slot, callers.slot)                                         \
    FIELD(vcpu, callers_capacity, callers.capacity)                                 \
    FIELD(vcpu, buffer, buffer)                                                     \
    FIELD(vcpu, lines, lines)                                                       \
    FIELD(vcpu, line_count, line_count)                                             \
    FIELD(vcpu, virq_enabled, virq_enabled)                                         \
    FIELD(vcpu, cell, cell)                                                         \
    FIELD(vcpu, fault_portal, fault_portal)                                         \
    FIELD(vcpu, fp, fp)                                                             \
    FIELD(vcpu, vm, vm)                                                             \
    FIELD(space, cell, cell)                                                        \
    FIELD(space, cores, cores)                                                      \
    FIELD(space, address_bits, address_bits)                                        \
    FIELD(space, index, index)                                                      \
    FIELD(space, root, arch.root)                                                   \
    FIELD(space, vttbr, arch.vttbr)                                                 \
    FIELD(space, vtcr, arch.vtcr)                                                   \
    FIELD(space, start_level, arch.start_level)                                     \
    FIELD(space, several_cores, arch.several_cores)                                 \
    FIELD(space, of_vm, arch.of_vm)                                                 \
    FIELD(portal, sys, sys)                                                         \
    FIELD(portal, server, server)                                                   \
    FIELD(portal, ceiling, ceiling)                                                 \
    FIELD(portal, context_budget, context.budget)                                   \
    FIELD(portal, context_rank, context.rank)                                       \
    FIELD(portal, context_limits, context.limits)                                   \
    FIELD(budget, sys, sys)                                                         \
    FIELD(virq, sink, sink)                                                         \
    FIELD(virq, line, line)                                                         \
    FIELD(virq, source, source)                                                     \
    FIELD(virq, interrupt, interrupt)                                               \
    FIELD(virq, edge, edge)                                                         \
    FIELD(virq, guest_interrupt, guest_interrupt)                                   \
    FIELD(virq, timer, timer)                                                       \
    FIELD(virq, limit, limit)                                                       \
    FIELD(limit, virq, virq)                                                        \
    FIELD(limit, sys, sys)                                                          \
    FIELD(timer, virq, virq)                                                        \
    FIELD(timer, shortest, shortest)                                                \
    FIELD(cap, object, object)                                                      \
    FIELD(cap, rights, rights)                                                      \
    FIELD(cap, badge, badge)                                                        \
    FIELD(vm, vcpu, vcpu)                                                           \
    FIELD(vm, vgic, vgic)                                                           \
    FIELD(vm, bells, bells)                                                         \
    FIELD(vm, bell_address, bell_address)                                           \
    FIELD(vm, bell_count, bell_count)                                               \
    FIELD(vgic, sys, sys)                                                           \
    FIELD(vgic, vcpus, vcpus)                                                       \
    FIELD(vgic, banks, banks)                                                       \
    FIELD(vgic_bank, physical, physical[0])                                         \
    FIELD(stream, sys, sys)                                                         \
    FIELD(stream, virq, virq)                                                       \
    FIELD(stream, id, known.id)                                                     \
    FIELD(stream, cell, known.cell)                                                 \
    FIELD(stream, status, known.status)
/* SEEN(object, name, member): what the host tool looks at while the system runs. */
#define MV_SEEN_FIELDS(SEEN)                                                        \
    SEEN(vcpu, state, state)                                                        \
    SEEN(vcpu, calls, calls)                                                        \
    SEEN(vcpu, counters, raises)        /* as in struct mv_counters from there on */ \
    SEEN(vcpu, consumed, own.consumed)                                              \
    SEEN(portal, consumed, context.consumed)                                        \
    SEEN(budget, times, times)                                                      \
    SEEN(core, current, current)                                                    \
    SEEN(core, context, context)                                                    \
    SEEN(core, since, since)
#define MV_FIELD(object, name, member) struct mv_field object##_##name;
struct mv_field { uint16_t at : 12, size : 4; };    /* bytes */
struct mv_object_fields { MV_OBJECT_FIELDS(MV_FIELD) };
struct mv_seen_fields { MV_SEEN_FIELDS(MV_FIELD) };
#undef MV_FIELD
struct mv_kernel_info {
    uint32_t magic, systab_version, abi_version, gic_version;
    char     board[MV_NAME_BYTES];
    uint64_t link_base;                 /* where the image must lie, physical */
    uint32_t own_context;               /* where a vCPU's own context lies in it */
    uint32_t smmu_version;              /* 3: it drives an SMMUv3; 0: none */
    struct mv_object_sizes sizes;
    struct mv_object_fields fields;
    struct mv_seen_fields seen;
};
/*
 * The kernel's variable mullion_start, where its first instructions find what
 * the host tool has made. `ttbr` is its root table's address, `tables` that of
 * the first of its other MV_KERNEL_TABLES, two pages apart, all of which the tool
 * fills; to `tcr` it adds the size of addresses. The page two below `tables` is
 * read-only. At `cores` is struct core of the first, the others two pages apart.
 */
#define MV_KERNEL_TABLES  (MV_CORES_MAX - 1)
#define MV_KERNEL_BITS        37                            /* of its addresses */
#define MV_KERNEL_ROOT_BYTES  (8u << (MV_KERNEL_BITS - 30))
struct mv_kernel_start {
    uint64_t systab;                    /* of the flat table */
    uint64_t mair, tcr, ttbr, sctlr;    /* of EL2 */
    uint64_t tables;
    uint64_t cores;
};
/* A priority as the kernel's structures have it; see sched.h there. */
#define MV_RANK(priority)  (2 * (priority) + 1)
/* What limits a context, the same way: its partition, and whether it has a budget. */
#define MV_LIMITS_BUDGET   0x100u

/*
 * The objects follow the records, as part of the table: arrays in this order,
 * each aligned to 64 bytes. See objects.h.
 */
enum mv_area {
    MV_AREA_CELLS, MV_AREA_VCPUS, MV_AREA_FPS, MV_AREA_SPACES, MV_AREA_PORTALS,
    MV_AREA_VIRQS, MV_AREA_TIMERS, MV_AREA_CAPS,
    MV_AREA_VMS, MV_AREA_VGICS,
    MV_AREA_VGIC_BANKS,    /* of each vGIC: one for each vCPU, then those of shared interrupts */
    MV_AREA_HEAPS,         /* timers: per core, see core_timers; callers: callers_max per vCPU */
    MV_AREA_IRQS,
    MV_AREA_BELLS,         /* of each vGIC */
    MV_AREA_STREAMS,
    MV_AREA_BUDGETS,       /* of the vCPUs that have one, then of the portals that do */
    MV_AREA_LIMITS,        /* of the vIRQs that have one */
    MV_AREA_COUNT
};

struct mv_systab {
    uint64_t checksum;                  /* mv_systab_checksum() */
    uint32_t size;                      /* of the whole table with its objects, a multiple of 8 */
    uint32_t magic, version;
    uint32_t trace_mask;                /* event classes that are recorded from boot, MV_TRACE_* */
    char     board[MV_NAME_BYTES];      /* the kernel's board */
    uint64_t ram_base, ram_size;        /* RAM the kernel maps; multiples of MV_BLOCK_SIZE */
    uint64_t objects[MV_AREA_COUNT];    /* offset of each area in the table */
    uint64_t tables_base, tables_size;  /* memory for spaces' page tables, a multiple of 64 KiB: */
    uint64_t roots_size;                /* at first root tables, then the cells' pools */
    struct mv_object_sizes sizes;       /* those of the kernel that the objects are made for */
    uint64_t trace_base;                /* page-aligned; core_count rings of trace_bytes */
    uint64_t trace_bytes;               /* per core, multiple of MV_PAGE_SIZE; 0: no trace */
    uint64_t trace_records;             /* per core, a power of two; with the header in trace_bytes */
    uint64_t slice_ns;                  /* round robin among equals */
    /* Facts of the board's device tree. */
    uint64_t gic_distributor;
    uint64_t gic_cpu_interface;         /* GICv2: GICC; GICv3: 0 */
    uint64_t gic_redistributors;        /* GICv3: first GICR frame; GICv2: 0 */
    uint64_t gic_redistributors_size;   /* bytes of that region */
    uint64_t gic_hypervisor;            /* GICv2: GICH; GICv3: 0 */
    uint64_t uart;                      /* panic and boot messages; 0: none */
    uint64_t smmu;                      /* SMMUv3: its registers; 0: none */
    uint32_t gic_version;               /* 2 or 3 */
    uint32_t virtual_timer_interrupt;   /* EL1 virtual timer, a PPI (16-31) */
    uint32_t maintenance_interrupt;     /* of the GIC's virtual interface, a PPI (16-31) */
    uint32_t records_size;              /* of the table without its objects */
    uint32_t timer_interrupt;           /* EL2 physical timer, a PPI (16-31) */
    uint32_t core_count;                /* 1-MV_CORES_MAX */
    uint32_t irq_first, irq_count;      /* interval of device interrupts in use */
    uint32_t psci_smc;                  /* 1: PSCI by SMC; 0: by HVC (not possible at EL2) */
    /* For the SMMU: its interrupts, edges from id 32 on, the same if it has but one; its
     * stream table as STRTAB_BASE_CFG and STRTAB_BASE say, in which all is aborted but
     * the streams of cells that run from boot; a page for each queue. */
    uint32_t smmu_event_interrupt, smmu_error_interrupt, smmu_table_config;
    uint64_t smmu_table, smmu_commands, smmu_events;
    uint64_t core_mpidr[MV_CORES_MAX];  /* affinity fields, as in MPIDR_EL1 */
    uint32_t core_timers[MV_CORES_MAX]; /* slots of each core's heap: a timer, a budget, a limit or a native vCPU 1,
                                           a VM's vCPU 2, the windows 1 if there are any */
    struct mv_array cells, vcpus, spaces, segments, extents, portals, virqs,
                    timers, caps, mappings, loads, vgics, bells, streams, schedules, windows;
};

static inline uint64_t mv_align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

/* Bytes of a space's root table: level 2 up to 34 bits, level 1 above. */
static inline uint64_t mv_root_bytes(uint32_t address_bits)
{
    return UINT64_C(8) << (address_bits - (address_bits <= 34 ? 21 : 30));
}

/* Of all that follows the checksum. A step is one to one, so that no change
 * within one word goes unseen; several have a chance of 1 in 2^64 or so. */
static inline uint64_t mv_systab_checksum(const struct mv_systab *t)
{
    const uint64_t *words = &t->checksum;
    uint64_t sum = 0;

    for (uint32_t i = 1; i < t->size / 8; i++)
        sum = (sum ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return sum;
}

static inline void *mv_systab_array(const struct mv_systab *t, struct mv_array a)
{
    return (char *)(uintptr_t)t + a.offset;
}
