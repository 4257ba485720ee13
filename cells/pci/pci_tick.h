/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The turns of a driver cell in its event loop. It looks at its device's silence once
 * per PCI_TICK_NS while it waits for something. For that its waits have a deadline, or,
 * if the description gives the cell a timer "tick", they need none, and are shorter.
 */
#pragma once

#include <libmv/calls.h>
#include <libmv/loop.h>

#include "pci_driver.h"

struct pci_tick {
    struct mv_loop *loop;
    enum pci_again (*turn)(void);
    const struct mv_timer_config *timer;   /* NULL: there is none */
    bool runs, wanted;                     /* the timer does; it is to do so */
};

static inline void pci_tick_turn(struct pci_tick *t)
{
    enum pci_again again = t->turn();
    bool later = again == PCI_AGAIN_AT_TICK;

    t->wanted = later;
    if (again == PCI_AGAIN_NOW)
        mv_loop_at(t->loop, 1);
    else
        mv_loop_at(t->loop, later && t->timer == NULL ? mv_time_ns() + PCI_TICK_NS : 0);
    if (later && t->timer != NULL && !t->runs) {
        t->runs = true;
        (void)mv_timer_set(t->timer->cap, mv_time_ns() + PCI_TICK_NS, PCI_TICK_NS);
    }
}

static inline void pci_tick_time(void *context)
{
    pci_tick_turn((struct pci_tick *)context);
}

/* It stops when nobody has wanted it for a whole tick: setting it has its price. */
static inline void pci_tick_line(void *context, uint64_t payload)
{
    struct pci_tick *t = (struct pci_tick *)context;

    (void)payload;
    if (!t->wanted) {
        t->runs = false;
        (void)mv_timer_set(t->timer->cap, 0, 0);
    }
    pci_tick_turn(t);
}

static inline void pci_tick_start(struct pci_tick *t, struct mv_loop *loop, enum pci_again (*turn)(void))
{
    *t = (struct pci_tick){ .loop = loop, .turn = turn };
    mv_loop_on_time(loop, pci_tick_time, t);
    for (uint32_t i = 0; i < mv_cell.timer_count; i++)
        if (strcmp(mv_cell.timers[i].name, "tick") == 0)
            t->timer = &mv_cell.timers[i];
    if (t->timer != NULL)
        mv_loop_on_line(loop, t->timer->line, pci_tick_line, t);
}
