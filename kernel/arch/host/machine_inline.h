/* SPDX-License-Identifier: BSD-2-Clause */
/* The fake machine's inline part of arch.h. */
#pragma once

#include "host.h"
#include "vcpu.h"

static inline uint64_t *arch_words(struct vcpu *v) { return v->frame.x; }
static inline uint64_t arch_call_cap(const struct vcpu *v) { return v->frame.x[8]; }
static inline uint64_t arch_call_flags(const struct vcpu *v) { return v->frame.x[9]; }
static inline uint64_t arch_call_deadline(const struct vcpu *v) { return v->frame.x[10]; }

static inline uint64_t arch_index(uint64_t i, uint64_t count) { return i < count ? i : 0; }

handler_fn *host_handler(uint64_t number);
static inline handler_fn *arch_handler(uint64_t number) { return host_handler(number); }

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
