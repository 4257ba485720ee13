/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMMUv3 (Arm IHI 0070), stage 1. The host tool makes the stream table, each
 * cell's context descriptor and tables (tools/mullion/smmu.c); here the SMMU is
 * set up, streams are let pass or aborted by one word of their entry, and what
 * it refuses is told. Any stream that the table does not have, or has as
 * aborted, is refused without an event, so a device that is nobody's keeps
 * nobody busy.
 */
#include "gic.h"
#include "init.h"
#include "stream.h"
#include "trace.h"

#define SMMU_IDR0           0x0000
#define SMMU_IDR1           0x0004
#define SMMU_IDR5           0x0014
#define SMMU_CR0            0x0020   /* from here on: what is at + 4 repeats it when it is done */
#define SMMU_CR1            0x0028
#define SMMU_CR2            0x002c
#define SMMU_GBPA           0x0044
#define SMMU_IRQ_CTRL       0x0050
#define SMMU_GERROR         0x0060
#define SMMU_GERRORN        0x0064
#define SMMU_GERROR_MSI     0x0068
#define SMMU_STRTAB_BASE    0x0080
#define SMMU_STRTAB_CFG     0x0088
#define SMMU_CMDQ_BASE      0x0090
#define SMMU_CMDQ_PROD      0x0098
#define SMMU_CMDQ_CONS      0x009c
#define SMMU_EVENTQ_BASE    0x00a0
#define SMMU_EVENTQ_MSI     0x00b0
#define SMMU_EVENTQ_PROD    0x100a8
#define SMMU_EVENTQ_CONS    0x100ac

/* What there must be: stage 1, AArch64 tables, coherent walks, little-endian,
 * no forced stalls. */
#define IDR0_S1P            (1u << 1)
#define IDR0_AARCH64        (1u << 3)
#define IDR0_COHERENT       (1u << 4)
#define IDR0_BIG_ENDIAN     (3u << 21)   /* both bits: nothing else */
#define IDR0_STALL_FORCED   (1u << 25)
#define IDR0_TWO_LEVELS     (1u << 27)
#define IDR0_NEEDED         (IDR0_S1P | IDR0_AARCH64 | IDR0_COHERENT)
#define IDR1_PRESET         (3u << 29)   /* tables or queues are where the hardware says */
#define IDR1_COMMANDS       FIELD(25, 21)
#define IDR1_EVENTS         FIELD(20, 16)
#define IDR1_STREAM_BITS    FIELD(5, 0)
#define IDR5_4K             (1u << 4)
#define IDR5_OUTPUT         FIELD(2, 0)

#define CR0_ENABLE          (1u << 0)
#define CR0_EVENTQ          (1u << 2)
#define CR0_CMDQ            (1u << 3)
#define CR1_INNER_WB        0xd75u       /* tables and queues: Inner Shareable, write-back */
#define CR2_PRIVATE_TLB     (1u << 2)    /* what processors invalidate is not meant for it; RECINVSID is 0: no
                                            event of a stream that the table does not have */
#define GBPA_ABORT          (1u << 20)
#define GBPA_UPDATE         (1u << 31)
#define IRQ_EVENTQ          (1u << 2)
#define IRQ_GERROR          (1u << 0)
#define GERROR_COMMAND      (1u << 0)
#define STRTAB_TWO_LEVELS   (1u << 16)
#define STRTAB_BITS         FIELD(5, 0)

/* Each queue is a page; a position has one bit more than an index. */
#define COMMAND_BITS        8u
#define EVENT_BITS          7u
#define COMMANDS            (1u << COMMAND_BITS)
#define EVENTS              (1u << EVENT_BITS)
#define POSITION(count)     (2u * (count) - 1)
#define EVENTQ_OVERFLOW     (1u << 31)

#define CMD_CFGI_STE        0x03u
#define CMD_CFGI_ALL        0x04u
#define CMD_TLBI_ASID       0x11u
#define CMD_TLBI_ALL        0x30u
#define CMD_SYNC            0x46u

#define STE_ABORT           UINT64_C(1)           /* valid, and no more */
#define STE_STAGE_1         UINT64_C(0xb)         /* valid, stage 1, one context */

#define EVENT_TRANSLATION   0x10u
#define EVENT_ACCESS        0x12u
#define EVENT_PERMISSION    0x13u

#define SPINS_MAX           1000000

static uint64_t  smmu;                            /* its registers, 0: none */
static uint64_t *commands;
static const uint64_t *events;
static uint32_t  event_interrupt, error_interrupt;

static uint32_t get(uint32_t reg) { return mmio_read32(smmu + reg); }
static void put(uint32_t reg, uint32_t value) { mmio_write32(smmu + reg, value); }

static void wait_for(uint32_t reg, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; (get(reg) & mask) != value; i++) {
        CHECK(i < SPINS_MAX);    /* the SMMU does not answer, or not to what we asked */
        __asm__ volatile("yield");
    }
}

/* Write a register whose neighbour repeats the value when that has come true. */
static void put_and_wait(uint32_t reg, uint32_t value)
{
    put(reg, value);
    wait_for(reg + 4, ~0u, value);
}

/* Returns when the command is complete. An error of the SMMU's stands in CONS
 * and is never waited away: all commands are ours. */
static void command(uint64_t first, uint64_t second)
{
    uint32_t at = get(SMMU_CMDQ_PROD);
    uint64_t *entry = commands + at % COMMANDS * 2;

    entry[0] = first;
    entry[1] = second;
    entry[2] = CMD_SYNC;
    entry[3] = 0;
    dsb_sy();       /* the commands, and the table that they are about, are there before the SMMU looks */
    put_and_wait(SMMU_CMDQ_PROD, (at + 2) & POSITION(COMMANDS));
}

void arch_dma_let(const struct mv_sys_stream *s, bool pass)
{
    uint64_t *entry = arch_ram((paddr_t){ s->entry });

    /* All that differs is one word, which the SMMU reads at once. */
    __atomic_store_n(entry, pass ? s->context | STE_STAGE_1 : STE_ABORT, __ATOMIC_RELAXED);
    command(CMD_CFGI_STE | (uint64_t)s->id << 32, 1);
    /* Its end is also that of all that has been translated so far. */
    command(CMD_TLBI_ASID | (uint64_t)MV_STREAM_ASID(s->cell) << 48, 0);
}

/* ---- what it tells ------------------------------------------------------------- */

static enum mv_stream_fault kind_of(uint32_t event)
{
    return event >= EVENT_TRANSLATION && event <= EVENT_ACCESS ? MV_STREAM_NOT_MAPPED :
           event == EVENT_PERMISSION ? MV_STREAM_NO_RIGHT : MV_STREAM_OTHER;
}

/*
 * Everything that is in the queue now. Each stream is aborted at its first
 * event, so it cannot fill the queue for ever. What was lost because the queue was
 * full has been refused all the same.
 */
static void take_events(void)
{
    uint32_t at = get(SMMU_EVENTQ_CONS) & POSITION(EVENTS), end = get(SMMU_EVENTQ_PROD);

    dsb_sy();       /* the events are read after the position that covers them */
    for (; ((at ^ end) & POSITION(EVENTS)) != 0; at = (at + 1) & POSITION(EVENTS)) {
        const uint64_t *e = events + at % EVENTS * 4;
        uint32_t event = e[0] & 0xff;

        stream_refused(e[0] >> 32, kind_of(event), event, e[2], (e[1] >> 35 & 1) == 0);
    }
    dsb_sy();       /* and before their places are the SMMU's again */
    put(SMMU_EVENTQ_CONS, at | (end & EVENTQ_OVERFLOW));
    /* It interrupts only when the queue was empty; the rest is for another turn. */
    if (((get(SMMU_EVENTQ_PROD) ^ at) & POSITION(EVENTS)) != 0)
        mmio_write32(gic_distributor + GICD_ISPENDR + event_interrupt / 32 * 4, 1u << event_interrupt % 32);
}

static void take_errors(void)
{
    uint32_t now = get(SMMU_GERROR), errors = now ^ get(SMMU_GERRORN);

    CHECK((errors & GERROR_COMMAND) == 0);    /* it does not understand us: nothing is certain any more */
    if (errors != 0) {
        trace(core_here(), MV_TRACE_FAULT, MV_EVENT_DMA, NULL, UINT32_MAX, errors);
        put(SMMU_GERRORN, now);
    }
}

bool arch_dma_interrupt(uint32_t interrupt)
{
    if (interrupt != event_interrupt && interrupt != error_interrupt)
        return false;
    take_errors();
    take_events();
    return true;
}

/* ---- beginning and end ----------------------------------------------------------- */

static void check_features(const struct mv_systab *t)
{
    uint32_t idr0 = get(SMMU_IDR0), idr1 = get(SMMU_IDR1), idr5 = get(SMMU_IDR5);
    bool two_levels = (t->smmu_table_config & STRTAB_TWO_LEVELS) != 0;

    if ((idr0 & IDR0_NEEDED) != IDR0_NEEDED || (idr0 & IDR0_BIG_ENDIAN) == IDR0_BIG_ENDIAN ||
        (idr0 & IDR0_STALL_FORCED) != 0 || (idr5 & IDR5_4K) == 0 || (idr1 & IDR1_PRESET) != 0)
        panic("the SMMU must have stage 1 with AArch64 tables of 4 KiB pages, walk coherently, and not stall");
    if (field_get(idr1, IDR1_STREAM_BITS) < field_get(t->smmu_table_config, STRTAB_BITS) ||
        field_get(idr1, IDR1_COMMANDS) < COMMAND_BITS || field_get(idr1, IDR1_EVENTS) < EVENT_BITS ||
        field_get(idr5, IDR5_OUTPUT) < t->smmu_output || (two_levels && (idr0 & IDR0_TWO_LEVELS) == 0))
        panic("the SMMU has fewer streams, addresses or queue entries than the system needs");
}

void arch_dma_init(const struct mv_systab *t)
{
    smmu = t->smmu;
    if (smmu == 0)
        return;
    commands = arch_ram((paddr_t){ t->smmu_commands });
    events = arch_ram((paddr_t){ t->smmu_events });
    event_interrupt = t->smmu_event_interrupt;
    error_interrupt = t->smmu_error_interrupt;
    check_features(t);
    put(SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT);
    wait_for(SMMU_GBPA, GBPA_UPDATE, 0);
    put_and_wait(SMMU_CR0, 0);          /* off, as firmware may not have left it: all is aborted */
    put_and_wait(SMMU_IRQ_CTRL, 0);
    put(SMMU_CR1, CR1_INNER_WB);
    put(SMMU_CR2, CR2_PRIVATE_TLB);
    mmio_write64(smmu + SMMU_STRTAB_BASE, t->smmu_table);
    put(SMMU_STRTAB_CFG, t->smmu_table_config);
    mmio_write64(smmu + SMMU_CMDQ_BASE, t->smmu_commands | COMMAND_BITS);
    put(SMMU_CMDQ_PROD, 0);
    put(SMMU_CMDQ_CONS, 0);
    mmio_write64(smmu + SMMU_EVENTQ_BASE, t->smmu_events | EVENT_BITS);
    put(SMMU_EVENTQ_PROD, 0);
    put(SMMU_EVENTQ_CONS, 0);
    mmio_write64(smmu + SMMU_EVENTQ_MSI, 0);
    mmio_write64(smmu + SMMU_GERROR_MSI, 0);
    put(SMMU_GERRORN, get(SMMU_GERROR));
    put_and_wait(SMMU_CR0, CR0_CMDQ);
    command(CMD_CFGI_ALL, 31);          /* of all streams; nothing that firmware has left is remembered */
    command(CMD_TLBI_ALL, 0);
    arch_irq_enable(event_interrupt, arch_core(0), true);
    arch_irq_enable(error_interrupt, arch_core(0), true);
    put_and_wait(SMMU_IRQ_CTRL, IRQ_EVENTQ | IRQ_GERROR);
    put_and_wait(SMMU_CR0, CR0_CMDQ | CR0_EVENTQ | CR0_ENABLE);
}

/* QEMU's (7.2) cannot abort what it does not translate: it stays on. */
void smmu_shut(void)
{
    if (smmu != 0 && (get(SMMU_GBPA) & GBPA_ABORT) != 0)
        put(SMMU_CR0, 0);
}
