/* SPDX-License-Identifier: BSD-2-Clause */
#include "heap.h"

static void put(struct heap *h, uint32_t at, struct heap_node *n)
{
    h->slot[at] = n;
    n->place = at + 1;
}

__attribute__((noinline)) static void sift_up(struct heap *h, uint32_t at, struct heap_node *n)
{
    while (at > 0 && n->key < h->slot[(at - 1) / 2]->key) {
        put(h, at, h->slot[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(h, at, n);
}

static void sift_down(struct heap *h, uint32_t at, struct heap_node *n)
{
    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= h->count)
            break;
        if (child + 1 < h->count && h->slot[child + 1]->key < h->slot[child]->key)
            child++;
        if (n->key <= h->slot[child]->key)
            break;
        put(h, at, h->slot[child]);
        at = child;
    }
    put(h, at, n);
}

void heap_insert(struct heap *h, struct heap_node *n)
{
    CHECK(h->count < h->capacity && n->place == 0);
    sift_up(h, h->count++, n);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    uint32_t at = n->place - 1;
    struct heap_node *last;

    CHECK(at < h->count && h->slot[at] == n);
    n->place = 0;
    last = h->slot[--h->count];
    if (last == n)
        return;
    if (at > 0 && last->key < h->slot[(at - 1) / 2]->key)
        sift_up(h, at, last);
    else
        sift_down(h, at, last);
}

void heap_drop(struct heap *h, struct heap_node *n)
{
    if (heap_holds(n))
        heap_remove(h, n);
}
