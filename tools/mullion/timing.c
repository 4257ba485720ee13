/* SPDX-License-Identifier: BSD-2-Clause */
#include "timing.h"

#include "analysis_costs.h"

typedef unsigned long long ull;

/* ---- whose time it is -------------------------------------------------------------------- */

static bool has_windows(const struct system *s, uint32_t partition)
{
    return partition != 0 && !s->time_partitions.at[partition - 1]->background;
}

/* Does this vCPU call the portal? A guest does by its exits. */
static bool calls(const struct vcpu *v, const struct portal *p)
{
    if (model_is_guest(v->cell))
        return v->fault_portal == p;
    for (size_t i = 0; i < v->cell->calls.count; i++)
        if (v->cell->calls.at[i].portal == p)
            return true;
    return false;
}

/* On whose contexts a vCPU may run: its own, and those of its portals' callers. */
static uint32_t partitions_of(const struct system *s, const struct vcpu *v)
{
    uint32_t mask = 1u << v->time.partition;

    for (size_t i = 0; i < s->portals.count; i++)
        if (s->portals.at[i]->server == v)
            mask |= s->portals.at[i]->partitions;
    return mask;
}

/* A call of the same core is served on the caller's context, any other on the
 * portal's. Grows until nothing changes: at most one step per partition and portal. */
static void derive_partitions(struct system *s)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (size_t i = 0; i < s->portals.count; i++) {
            struct portal *p = s->portals.at[i];
            uint32_t before = p->partitions;

            for (size_t k = 0; k < s->vcpus.count; k++) {
                const struct vcpu *v = s->vcpus.at[k];

                if (calls(v, p))
                    p->partitions |= v->core == p->server->core ? partitions_of(s, v) : 1u << p->time.partition;
            }
            changed = changed || p->partitions != before;
        }
    }
}

/* ---- calls that are held back -------------------------------------------------------------- */

/* Would somebody else wait for the next window of this caller, whose own ends during a service? */
static bool delays_others(const struct system *s, const struct vcpu *v, const struct portal *p)
{
    return v->core == p->server->core && has_windows(s, v->time.partition) &&
           (partitions_of(s, p->server) & ~(1u << v->time.partition)) != 0;
}

bool timing_is_held(const struct system *s, const struct cell *c, const struct portal *p)
{
    for (size_t i = 0; i < c->vcpus.count; i++)
        if (delays_others(s, c->vcpus.at[i], p))
            return true;
    return false;
}

/* The lowest other partition whose time the server may run on. */
static uint32_t other_partition(const struct system *s, const struct vcpu *v, const struct portal *p)
{
    return (uint32_t)__builtin_ctz(partitions_of(s, p->server) & ~(1u << v->time.partition));
}

/* What a window has for a service after the kernel's part of it. */
static bool has_room(const struct time_window *w, uint64_t bound_us)
{
    const struct analysis_costs costs = analysis_costs(0);

    return bound_us * 1000 + costs.window + costs.masked <= w->length_us * 1000;
}

static void check_room(const struct system *s, const struct reference *r, const struct vcpu *v)
{
    const struct portal *p = r->portal;

    for (size_t i = 0; i < s->time_tables.count; i++)
        for (size_t k = 0; k < s->time_tables.at[i]->windows.count; k++) {
            const struct time_table *t = s->time_tables.at[i];
            const struct time_window *w = &t->windows.at[k];

            if (w->core != v->core || !(w->partitions >> v->time.partition & 1) || has_room(w, p->bound_us))
                continue;
            diag_error(r->at, "\"%s\" calls portal \"%s\" of \"%s\", whose bound of %llu us does not fit window \"%s\" of table \"%s\", %llu us, with the kernel's part; expected all windows of %s to hold it; shorten the bound or lengthen the window",
                       v->cell->name, p->name, p->cell->name, (ull)p->bound_us, w->name, t->name, (ull)w->length_us,
                       model_show_partition(s, v->time.partition));
            return;
        }
}

static void check_call(const struct system *s, const struct cell *c, const struct reference *r)
{
    const struct portal *p = r->portal;

    if (!timing_is_held(s, c, p))
        return;
    for (size_t i = 0; i < c->vcpus.count; i++) {
        const struct vcpu *v = c->vcpus.at[i];

        if (v->core != p->server->core)
            continue;
        if (!has_windows(s, v->time.partition)) {
            diag_error(r->at, "vCPUs of \"%s\" on core %u call portal \"%s\" of \"%s\", some of them in a partition with windows and vCPU %u in %s; expected either of them there; put them into one partition or into two cells",
                       c->name, v->core, p->name, p->cell->name, v->number, model_show_partition(s, v->time.partition));
            return;
        }
        if (!p->bound_us) {
            diag_error(p->node ? p->node->at : p->cell->at, "\"%s\" in %s calls portal \"%s\" of \"%s\", which works for others too (%s), and could leave it waiting for its own next window; expected a service bound; add bound-us = <100>",
                       c->name, model_show_partition(s, v->time.partition), p->name, p->cell->name,
                       model_show_partition(s, other_partition(s, v, p)));
            return;
        }
        check_room(s, r, v);
    }
}

void timing_derive(struct system *s)
{
    if (diag_failed())
        return;
    derive_partitions(s);
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t k = 0; k < s->cells.at[i]->calls.count; k++)
            check_call(s, s->cells.at[i], &s->cells.at[i]->calls.at[k]);
}
