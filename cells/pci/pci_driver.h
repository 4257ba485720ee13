/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the cells that drive a PCI function: asking the cell that owns the bridge
 * for it, and how its device calls this cell's memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libmv/config.h>
#include <libmv/message.h>
#include <libmv/string.h>
#include <libmv/time.h>

#include <libvirtio/memory.h>
#include <libvirtio/pci.h>

#include "pci_config.h"

/* An answer takes milliseconds; one that does not come is none. */
#define PCI_ANSWER_NS (5 * MV_S)

/* When a driver is to have its turn again if nothing happens before. */
#define PCI_TICK_NS MV_S
enum pci_again { PCI_NOT_AGAIN, PCI_AGAIN_AT_TICK, PCI_AGAIN_NOW };

/* The function that a driver of one has; NULL: it was given none. */
static inline const struct mv_function_config *pci_function(void)
{
    return mv_cell.function_count > 0 ? &mv_cell.functions[0] : NULL;
}

/* What came of setting a virtio device up, in words; NULL: it was done. `queue` is
 * said of a queue that could not be. */
static inline const char *pci_virtio_words(enum vio_pci_status status, const char *queue)
{
    switch (status) {
    case VIO_PCI_OK:             return NULL;
    case VIO_PCI_NO_DEVICE:      return "it is no virtio device of version 1";
    case VIO_PCI_BAD_CAPABILITY: return "its registers are not where they can be";
    case VIO_PCI_TIMEOUT:        return "it cannot be reset";
    case VIO_PCI_BAD_FEATURES:   return "it does not agree on features";
    default:                     return queue;
    }
}

/* What came of a request, in words; NULL: it was done. */
static inline const char *pci_ask(const struct mv_function_config *function, enum pci_request what)
{
    struct mv_words w = { { what } };

    if (mv_call_until(function->attach_cap, &w, mv_time_ns() + PCI_ANSWER_NS) != MV_OK)
        return "the cell of the bridge does not answer";
    switch (w.w[0]) {
    case PCI_OK:          return NULL;
    case PCI_ABSENT:      return "nothing is there";
    case PCI_OTHER:       return "another device is there";
    case PCI_BAR_DIFFERS: return "its registers are not as described";
    default:              return "the cell of the bridge refuses";
    }
}

/*
 * When a device that has failed is started again: at once, but at most once in
 * PCI_REVIVE_NS. All zero: it has never failed.
 */
#define PCI_REVIVE_NS (60 * MV_S)
struct pci_revival {
    uint64_t last;             /* when it was tried last; 0: never */
    uint64_t next;             /* when it is to be tried; 0: not wanted */
};

static inline void pci_revive_later(struct pci_revival *r, uint64_t now)
{
    r->next = r->last == 0 || now - r->last >= PCI_REVIVE_NS ? now : r->last + PCI_REVIVE_NS;
}

/* It is tried now; unless pci_revived() follows, again later. */
static inline bool pci_revive_due(struct pci_revival *r, uint64_t now)
{
    if (r->next == 0 || now < r->next)
        return false;
    r->last = now;
    r->next = now + PCI_REVIVE_NS;
    return true;
}

static inline void pci_revived(struct pci_revival *r)
{
    r->next = 0;
}

/* Memory of this cell by the addresses that its devices use for it; nothing
 * (size 0) if they do not reach all of it, or may not write to it. */
static inline struct vio_memory pci_dma_memory(uint64_t address, uint64_t size)
{
    for (uint32_t i = 0; i < mv_cell.dma_count; i++) {
        const struct mv_dma_config *d = &mv_cell.dma[i];
        uint64_t offset = address - d->address;

        if (d->writable && offset <= d->size && size <= d->size - offset)
            return (struct vio_memory){ d->bus + offset, size, (uint8_t *)(uintptr_t)address };
    }
    return (struct vio_memory){ 0 };
}

/* The region that only this cell and its devices have. */
static inline struct vio_memory pci_dma_private(void)
{
    for (uint32_t i = 0; i < mv_cell.dma_count; i++) {
        const struct mv_dma_config *d = &mv_cell.dma[i];

        if (d->writable && strcmp(d->name, "dma") == 0)
            return (struct vio_memory){ d->bus, d->size, (uint8_t *)(uintptr_t)d->address };
    }
    return (struct vio_memory){ 0 };
}
