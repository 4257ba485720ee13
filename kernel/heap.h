/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A binary heap of nodes that live in other objects, smallest key first: the
 * timers of a core and the waiting callers of a vCPU. Its slots are sized by
 * the host tool, so an insertion always fits; every operation is O(log n).
 */
#pragma once

#include "base.h"

struct heap_node {
    uint64_t key;
    uint32_t place;    /* slot + 1; 0: in no heap */
    uint32_t kind;     /* the owner's business    */
};
struct heap {
    struct heap_node **slot;
    uint32_t           count, capacity;
};

void heap_insert(struct heap *h, struct heap_node *n);
void heap_remove(struct heap *h, struct heap_node *n);
/* The same for one that may be in no heap; h is the only one that it can be in. */
void heap_drop(struct heap *h, struct heap_node *n);

static inline bool heap_holds(const struct heap_node *n) { return n->place != 0; }
static inline struct heap_node *heap_first(const struct heap *h)
{
    return h->count == 0 ? NULL : h->slot[0];
}
