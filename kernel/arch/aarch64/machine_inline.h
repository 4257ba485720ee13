/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64's inline part of arch.h. */
#pragma once

#include "vcpu.h"
#include "sysreg.h"

static inline uint64_t *arch_words(struct vcpu *v) { return v->frame.x; }
static inline uint64_t arch_call_cap(const struct vcpu *v) { return v->frame.x[8]; }
static inline uint64_t arch_call_flags(const struct vcpu *v) { return v->frame.x[9]; }
static inline uint64_t arch_call_deadline(const struct vcpu *v) { return v->frame.x[10]; }

static inline uint64_t arch_index(uint64_t i, uint64_t count)
{
    uint64_t safe;

    /* CSDB: a mispredicted comparison cannot select an index out of range. */
    __asm__ volatile("cmp %1, %2\n\tcsel %0, %1, xzr, lo\n\tcsdb"
                     : "=r"(safe) : "r"(i), "r"(count) : "cc");
    return safe;
}

extern const uint16_t arch_calls[];

static inline handler_fn *arch_handler(uint64_t number)
{
    return (handler_fn *)((uintptr_t)arch_calls + arch_calls[number]);
}

/* The kernel maps all RAM where it is. */
static inline void *arch_ram(paddr_t pa) { return (void *)pa.pa; }

static inline struct core *core_here(void) { return (struct core *)read_tpidr_el2(); }

static inline void arch_lock(uint32_t *word)
{
    uint32_t old, one = 1;

    /* The acquire pairs with the release in arch_unlock(). That store clears
     * the exclusive monitor, which is the event WFE waits for. */
    __asm__ volatile("   b     2f\n"
                     "1: wfe\n"
                     "2: ldaxr %w0, [%2]\n"
                     "   cbnz  %w0, 1b\n"
                     "   stxr  %w0, %w1, [%2]\n"
                     "   cbnz  %w0, 2b"
                     : "=&r"(old) : "r"(one), "r"(word) : "memory");
}

INLINE void arch_unlock(uint32_t *word)
{
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}
