/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake machine's SMMU: a bit for each stream, and accesses that it refuses. */
#include "host.h"

#include "arch/arch.h"
#include "stream.h"

static bool host_dma_on;
uint64_t host_dma_passes;
uint32_t host_dma_changes;

void arch_dma_init(const struct mv_systab *t)
{
    CHECK(t->streams.count == 0 || t->smmu != 0);
    host_dma_on = t->smmu != 0;
    host_dma_passes = 0;
    host_dma_changes = 0;
    for (uint32_t i = 0; i < t->streams.count; i++) {
        const struct mv_sys_stream *s = (const struct mv_sys_stream *)mv_systab_array(t, t->streams) + i;
        const struct mv_sys_cell *c = (const struct mv_sys_cell *)mv_systab_array(t, t->cells) + s->cell;

        host_dma_passes |= (uint64_t)(c->autostart != 0) << s->id;
    }
}

void arch_dma_let(const struct mv_sys_stream *s, bool pass)
{
    CHECK(host_dma_on && s->id < 64);
    host_dma_changes++;
    host_dma_passes = (host_dma_passes & ~(UINT64_C(1) << s->id)) | (uint64_t)pass << s->id;
}

/* What take_events() of smmuv3.c does with each. */
struct access {
    uint32_t            id;
    struct stream_fault fault;
};

static void refuse(void *argument)
{
    const struct access *a = argument;

    stream_refused(a->id, &a->fault);
}

void host_dma_refuse(uint32_t core, uint32_t id, enum mv_stream_fault_kind kind, uint64_t address, bool is_write)
{
    struct access a = { id, { kind, 0x10 + (uint64_t)kind, is_write, address } };

    host_run(core, refuse, &a);
}
