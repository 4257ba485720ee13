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

/* Registers; those of the second page of 64 KiB are named by their place in it. */
#define SMMU_IDR0           0x00
#define SMMU_IDR1           0x04
#define SMMU_IDR5           0x14
#define SMMU_CR0            0x20
#define SMMU_CR1            0x28
#define SMMU_CR2            0x2c
#define SMMU_GBPA           0x44
#define SMMU_IRQ_CTRL       0x50
#define SMMU_GERROR         0x60
#define SMMU_GERRORN        0x64
#define SMMU_GERROR_MSI     0x68
#define SMMU_STRTAB_BASE    0x80
#define SMMU_STRTAB_CONFIG  0x88
#define SMMU_CMDQ_BASE      0x90
#define SMMU_CMDQ_PROD      0x98
#define SMMU_CMDQ_CONS      0x9c
#define SMMU_EVENTQ_BASE    0xa0
#define SMMU_EVENTQ_MSI     0xb0
#define SECOND_PAGE         0x10000
#define SMMU_EVENTQ_PROD    0xa8
#define SMMU_EVENTQ_CONS    0xac

/*
 * What there must be (the host tool relies on it too): stage 1 with AArch64
 * tables of 4 KiB pages that are walked coherently. TTENDIAN is big-endian if
 * its lower bit is set; a STALL_MODEL of 2 stalls whatever is refused.
 */
#define IDR0_S1P            (1u << 1)
#define IDR0_AARCH64        (1u << 3)
#define IDR0_COHERENT       (1u << 4)
#define IDR0_BIG_ENDIAN     (1u << 21)
#define IDR0_STALL_FORCED   (1u << 25)
#define IDR0_TWO_LEVELS     (1u << 27)
#define IDR0_NEEDED         (IDR0_S1P | IDR0_AARCH64 | IDR0_COHERENT)
#define IDR1_PRESET         (3u << 29)   /* tables or queues are where the hardware says */
#define IDR1_EVENTS         FIELD(20, 16)
#define IDR5_4K             (1u << 4)
#define CONFIG_TWO_LEVELS   (1u << 16)   /* of the stream table */

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

/* A position in a queue has one bit more than an index. Of commands there are two
 * at a time: one, and CMD_SYNC. */
#define COMMAND_BITS        1u
#define COMMAND_STEP        2u
#define EVENT_BITS          7u
#define EVENTS              (1u << EVENT_BITS)
#define EVENT_POSITION      (2u * EVENTS - 1)
#define EVENTQ_OVERFLOW     (1u << 31)

#define CMD_CFGI_STE        0x03u
#define CMD_CFGI_ALL        0x04u
#define CMD_TLBI_ASID       0x11u
#define CMD_TLBI_ALL        0x30u
#define CMD_SYNC            0x46u

#define EVENT_TRANSLATION   0x10u
#define EVENT_PERMISSION    0x13u
#define EVENT_IS_READ       (UINT64_C(1) << 35)

#define SPINS_MAX           1000000

/* For the second page too: `at` is part of the instruction, and nothing else is. */
INLINE void put(uint64_t base, uint32_t at, uint32_t value)
{
    __asm__ volatile("str %w0, [%1, %2]" : : "rZ"(value), "r"(base), "i"(at) : "memory");
}
INLINE void put64(uint64_t base, uint32_t at, uint64_t value)
{
    __asm__ volatile("str %x0, [%1, %2]" : : "rZ"(value), "r"(base), "i"(at) : "memory");
}
INLINE uint32_t get(uint64_t base, uint32_t at)
{
    uint32_t value;

    __asm__ volatile("ldr %w0, [%1, %2]" : "=r"(value) : "r"(base), "i"(at) : "memory");
    return value;
}

__attribute__((noinline))
static void wait_for(uint64_t address, uint32_t mask, uint32_t value)
{
    for (uint32_t i = 0; (mmio_read32(address) & mask) != value; i++)
        CHECK(i < SPINS_MAX);    /* the SMMU does not answer, or not to what we asked */
}

/* Write a register whose neighbour repeats the value when that has come true. */
static void put_and_wait(uint64_t address, uint32_t value)
{
    mmio_write32(address, value);
    wait_for(address + 4, ~0u, value);
}

/* Returns when the command is complete. An error of the SMMU's stands in CONS
 * and is never waited away: all commands are ours. */
static void command(uint64_t first, uint64_t second)
{
    const struct mv_systab *t = mullion_systab;
    uint64_t *entry = arch_ram((paddr_t){ t->smmu_commands });
    uint32_t end = get(t->smmu, SMMU_CMDQ_PROD) ^ COMMAND_STEP;

    entry[0] = first;
    entry[1] = second;
    entry[2] = CMD_SYNC;
    dsb_sy();       /* the commands, and the table that they are about, are there before the SMMU looks */
    put_and_wait(t->smmu + SMMU_CMDQ_PROD, end);
}

void arch_dma_let(const struct mv_sys_stream *s, bool pass)
{
    uint64_t *entry = arch_ram((paddr_t){ s->entry });

    /* All that differs is one word, which the SMMU reads at once. */
    __atomic_store_n(entry, pass ? s->passes : MV_STREAM_ENTRY_ABORTED, __ATOMIC_RELAXED);
    command(CMD_CFGI_STE | (uint64_t)s->id << 32, 1);
    /* Its end is also that of all that has been translated so far. */
    command(CMD_TLBI_ASID | (uint64_t)MV_STREAM_ASID(s->cell) << 48, 0);
}

/* ---- what it tells ------------------------------------------------------------- */

static enum mv_stream_fault_kind kind_of(uint64_t event)
{
    return event == EVENT_TRANSLATION ? MV_STREAM_NOT_MAPPED :
           event == EVENT_PERMISSION ? MV_STREAM_NO_RIGHT : MV_STREAM_OTHER;
}

/*
 * Everything that is in the queue now. Each stream is aborted at its first
 * event, so it cannot fill the queue for ever. What was lost because the queue was
 * full has been refused all the same.
 */
static void take_events(const struct mv_systab *t)
{
    const uint64_t *events = arch_ram((paddr_t){ t->smmu_events });
    uint64_t base = t->smmu + SECOND_PAGE;
    uint32_t at = get(base, SMMU_EVENTQ_CONS), end = get(base, SMMU_EVENTQ_PROD);

    dsb_sy();       /* the events are read after the position that covers them */
    for (; ((at ^ end) & EVENT_POSITION) != 0; at++) {
        const uint64_t *e = events + at % EVENTS * 4;
        uint64_t event = e[0] & 0xff;

        stream_refused(e[0] >> 32, &(struct stream_fault){ kind_of(event), event, (e[1] & EVENT_IS_READ) == 0, e[2] });
    }
    dsb_sy();       /* and before their places are the SMMU's again */
    put(base, SMMU_EVENTQ_CONS, end & (EVENTQ_OVERFLOW | EVENT_POSITION));
    /* It interrupts only when the queue was empty; the rest is for another turn. */
    if (get(base, SMMU_EVENTQ_PROD) != end)
        mmio_write32(gic_distributor + GICD_ISPENDR + t->smmu_event_interrupt / 32 * 4, 1u << t->smmu_event_interrupt % 32);
}

bool arch_dma_interrupt(uint32_t interrupt)
{
    const struct mv_systab *t = mullion_systab;

    if (interrupt != t->smmu_event_interrupt && interrupt != t->smmu_error_interrupt)
        return false;
    /* Acknowledged, an error interrupts no more. One about our commands is met by
     * who waits for them; of the others, nothing can be done and nothing passes. */
    put(t->smmu, SMMU_GERRORN, get(t->smmu, SMMU_GERROR));
    take_events(t);
    return true;
}

/* ---- beginning and end ----------------------------------------------------------- */

static void check_features(uint64_t base, uint32_t config)
{
    uint32_t need = IDR0_NEEDED | (config & CONFIG_TWO_LEVELS) * (IDR0_TWO_LEVELS / CONFIG_TWO_LEVELS);
    uint32_t idr1 = get(base, SMMU_IDR1);

    if ((get(base, SMMU_IDR0) & (need | IDR0_BIG_ENDIAN | IDR0_STALL_FORCED)) != need ||
        (get(base, SMMU_IDR5) & IDR5_4K) == 0 || (idr1 & IDR1_PRESET) != 0 || field_get(idr1, IDR1_EVENTS) < EVENT_BITS)
        panic("unfit SMMU, see smmuv3.c");
}

void arch_dma_init(const struct mv_systab *t)
{
    uint64_t base = t->smmu;

    if (base == 0)
        return;
    check_features(base, t->smmu_table_config);
    put(base, SMMU_GBPA, GBPA_UPDATE | GBPA_ABORT);
    wait_for(base + SMMU_GBPA, GBPA_UPDATE, 0);
    put_and_wait(base + SMMU_CR0, 0);   /* off, as firmware may not have left it: all is aborted */
    put_and_wait(base + SMMU_IRQ_CTRL, 0);
    put(base, SMMU_CR1, CR1_INNER_WB);
    put(base, SMMU_CR2, CR2_PRIVATE_TLB);
    put64(base, SMMU_STRTAB_BASE, t->smmu_table);
    put(base, SMMU_STRTAB_CONFIG, t->smmu_table_config);
    put64(base, SMMU_CMDQ_BASE, t->smmu_commands | COMMAND_BITS);
    put(base, SMMU_CMDQ_PROD, 0);
    put(base, SMMU_CMDQ_CONS, 0);
    put64(base, SMMU_EVENTQ_BASE, t->smmu_events | EVENT_BITS);
    put(base + SECOND_PAGE, SMMU_EVENTQ_PROD, 0);
    put(base + SECOND_PAGE, SMMU_EVENTQ_CONS, 0);
    put64(base, SMMU_EVENTQ_MSI, 0);
    put64(base, SMMU_GERROR_MSI, 0);
    put(base, SMMU_GERRORN, get(base, SMMU_GERROR));
    put_and_wait(base + SMMU_CR0, CR0_CMDQ);
    command(CMD_CFGI_ALL, 31);          /* of all streams; nothing that firmware has left is remembered */
    command(CMD_TLBI_ALL, 0);
    arch_irq_enable(t->smmu_event_interrupt, arch_core(0), true);
    arch_irq_enable(t->smmu_error_interrupt, arch_core(0), true);
    put_and_wait(base + SMMU_IRQ_CTRL, IRQ_EVENTQ | IRQ_GERROR);
    put_and_wait(base + SMMU_CR0, CR0_CMDQ | CR0_EVENTQ | CR0_ENABLE);
}

/* QEMU's (7.2) cannot abort what it does not translate: it stays on. */
void smmu_shut(void)
{
    uint64_t base = mullion_systab->smmu;

    if (base != 0 && (get(base, SMMU_GBPA) & GBPA_ABORT) != 0)
        put(base, SMMU_CR0, 0);
}
