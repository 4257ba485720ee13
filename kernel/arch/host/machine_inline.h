/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake machine's inline part of arch.h. */
#pragma once

#include "host.h"

static inline uint64_t *arch_words(struct vcpu *v) { return v->frame.x; }
static inline uint64_t arch_call_cap(const struct vcpu *v) { return v->frame.x[8]; }
static inline uint64_t arch_call_flags(const struct vcpu *v) { return v->frame.x[9]; }
static inline uint64_t arch_call_deadline(const struct vcpu *v) { return v->frame.x[10]; }

static inline void arch_set_result(struct vcpu *v, mv_status_t status, uint64_t source)
{
    v->frame.x[8] = status;
    v->frame.x[9] = source;
    for (int i = 10; i <= 18; i++)
        v->frame.x[i] = 0;
    v->frame.pstate = 0;
}

static inline void arch_set_plain_result(struct vcpu *v, mv_status_t status, uint64_t value)
{
    v->frame.x[0] = status;
    v->frame.x[1] = value;
    for (int i = 2; i <= 18; i++)
        v->frame.x[i] = 0;
    v->frame.pstate = 0;
}

static inline uint64_t arch_index(uint64_t i, uint64_t count) { return i < count ? i : 0; }

static inline void *arch_ram(paddr_t pa) { return host_ram(pa.pa); }

static inline struct core *core_here(void) { return arch_core(host_here); }

/* One thread drives all cores and no lock is held when a core leaves the
 * kernel, so a lock that is taken was never given back. */
static inline void arch_lock(uint32_t *word)
{
    CHECK(*word == 0);
    *word = 1;
}

static inline void arch_unlock(uint32_t *word)
{
    CHECK(*word == 1);
    *word = 0;
}
