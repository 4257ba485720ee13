/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard.h"

static enum mv_fault since(const struct guard_slot *g, uint64_t before)
{
    return g->count == before ? MV_FAULT_NONE : (enum mv_fault)g->kind;
}

enum mv_fault guard_read(struct guard_slot *g, uint64_t address, uint64_t *value)
{
    uint64_t before = g->count, v = UINT64_C(0xdeadbeefdeadbeef);

    __asm__ volatile("ldr %0, [%1]" : "+r"(v) : "r"(address) : "memory");
    if (value != NULL)
        *value = v;
    return since(g, before);
}

enum mv_fault guard_write(struct guard_slot *g, uint64_t address, uint64_t value)
{
    uint64_t before = g->count;

    __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(address) : "memory");
    return since(g, before);
}

enum mv_fault guard_execute(struct guard_slot *g, uint64_t address, uint64_t *x0)
{
    uint64_t before = g->count;
    register uint64_t argument __asm__("x0") = x0 != NULL ? *x0 : 0;
    register uint64_t target __asm__("x1") = address;
    register volatile uint64_t *resume __asm__("x2") = &g->resume;

    __asm__ volatile("adr x3, 1f\n\t"
                     "str x3, [x2]\n\t"
                     "blr x1\n"
                     "1:"
                     : "+r"(argument), "+r"(target), "+r"(resume)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                       "x15", "x16", "x17", "x18", "x30", "cc", "memory");
    g->resume = 0;
    if (x0 != NULL)
        *x0 = argument;
    return since(g, before);
}
