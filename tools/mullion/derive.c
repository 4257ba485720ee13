/* SPDX-License-Identifier: BSD-2-Clause */
/* What follows from the description: lines, badges, ceilings, capabilities. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "timing.h"

enum { FAULT_BADGE = 0x10000 };

/* ---- limits ------------------------------------------------------------------- */

static void limit(struct system *s, size_t count, size_t most, const char *what)
{
    if (count > most)
        diag_error(s->at, "the system has %zu %s; expected at most %zu; remove some", count, what, most);
}

static void check_limits(struct system *s)
{
    size_t extents = 0;

    for (size_t i = 0; i < s->segments.count; i++)
        extents += s->segments.at[i]->extents.list.count;
    /* Each cell has two segments of its own. */
    extents += 2 * s->cells.count + (s->trace_size ? s->cores : 0);
    limit(s, s->cells.count, MV_CELLS_MAX, "cells");
    limit(s, s->vcpus.count, MV_VCPUS_MAX, "vCPUs");
    limit(s, s->spaces.count, MV_SPACES_MAX, "spaces");
    limit(s, extents, MV_EXTENTS_MAX, "pieces of memory");
}

/* ---- vIRQ lines ----------------------------------------------------------------- */

static void take_line(struct virq *v, uint32_t line)
{
    v->line = line;
    v->sink->lines |= UINT64_C(1) << line;
}

static void fixed_lines(struct system *s)
{
    for (size_t i = 0; i < s->virqs.count; i++) {
        struct virq *v = s->virqs.at[i];

        if (v->line == MV_NONE)
            continue;
        if (v->sink->lines >> v->line & 1)
            diag_error(node_at(v->node, "line"), "line %u of vCPU %u is given twice; expected one vIRQ on a line; choose another line",
                       v->line, v->sink->number);
        take_line(v, v->line);
    }
}

static void free_lines(struct system *s)
{
    for (size_t i = 0; i < s->virqs.count; i++) {
        struct virq *v = s->virqs.at[i];
        uint32_t line = 0;

        if (v->line != MV_NONE)
            continue;
        while (line < MV_LINES_MAX && v->sink->lines >> line & 1)
            line++;
        if (line < MV_LINES_MAX) {
            take_line(v, line);
            continue;
        }
        v->line = 0;
        diag_error(v->cell->at, "vCPU %u of cell \"%s\" takes more than %d vIRQs; expected at most that; move some to another vCPU",
                   v->sink->number, v->cell->name, MV_LINES_MAX);
    }
}

/*
 * The kernel finds a line by counting from the sink's first: lines that a
 * description leaves out below a fixed one become vIRQs nobody can raise, and
 * all are put in the order of their sinks and lines.
 */
static void fill_lines(struct system *s)
{
    for (size_t i = 0; i < s->vcpus.count; i++) {
        struct vcpu *u = s->vcpus.at[i];

        for (uint32_t line = 0; line < MV_LINES_MAX && u->lines >> line != 0; line++) {
            if (u->lines >> line & 1)
                continue;
            struct virq *v = mem_alloc(sizeof *v);

            v->cell = u->cell;
            v->name = "unused";
            v->sink = u;
            v->source = MV_VIRQ_SOFT;
            take_line(v, line);
            *vec_push(&s->virqs) = v;
        }
    }
}

static int virq_order(const void *a, const void *b)
{
    const struct virq *x = *(struct virq *const *)a, *y = *(struct virq *const *)b;

    if (x->sink != y->sink)
        return x->sink->index < y->sink->index ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

static void order_virqs(struct system *s)
{
    fill_lines(s);
    if (s->virqs.count)
        qsort(s->virqs.at, s->virqs.count, sizeof *s->virqs.at, virq_order);
    for (size_t i = 0; i < s->virqs.count; i++)
        s->virqs.at[i]->index = (uint32_t)i;
}

/* ---- devices ---------------------------------------------------------------------- */

static void check_device_pages(const struct device *a, const struct device *b)
{
    for (size_t i = 0; i < a->registers.list.count; i++)
        for (size_t j = 0; j < b->registers.list.count; j++) {
            struct region pages = region_pages(b->registers.list.at[j]);

            if (!region_overlaps(region_pages(a->registers.list.at[i]), pages))
                continue;
            diag_error(b->at, "device \"%s\" shares the page 0x%llx with \"%s\" of cell \"%s\"; expected pages of its own; give both to one cell",
                       b->name, (unsigned long long)pages.base, a->name, a->cell->name);
            return;
        }
}

static void check_devices(struct system *s)
{
    for (size_t i = 0; i < s->devices.count; i++)
        for (size_t j = 0; j < i; j++)
            if (s->devices.at[i]->cell != s->devices.at[j]->cell)
                check_device_pages(s->devices.at[j], s->devices.at[i]);
    for (size_t i = 0; i < s->virqs.count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct virq *a = s->virqs.at[i], *b = s->virqs.at[j];

            if (a->source == MV_VIRQ_DEVICE && b->source == MV_VIRQ_DEVICE && a->interrupt == b->interrupt)
                diag_error(a->cell->at, "devices \"%s\" and \"%s\" share interrupt %u; expected one owner of an interrupt; give only one of them to a cell",
                           b->name, a->name, a->interrupt);
        }
}

/* Complain if a piece of b lies over one of a. */
static bool pieces_overlap(const struct segment *a, const struct segment *b)
{
    for (size_t i = 0; i < b->extents.list.count; i++)
        for (size_t j = 0; j < (a == b ? i : a->extents.list.count); j++) {
            if (!region_overlaps(a->extents.list.at[j], b->extents.list.at[i]))
                continue;
            if (a == b)
                diag_error(node_at(b->node, "reg"), "two pieces of segment \"%s\" overlap at 0x%llx; expected separate places; correct \"reg\"",
                           b->name, (unsigned long long)b->extents.list.at[i].base);
            else
                diag_error(b->at, "segments \"%s\" and \"%s\" overlap at 0x%llx; expected separate places; change \"%s\" of one",
                           a->name, b->name, (unsigned long long)b->extents.list.at[i].base, node_prop(b->node, "reg") ? "reg" : "base");
            return true;
        }
    return false;
}

static void check_fixed_segments(struct system *s)
{
    for (size_t i = 0; i < s->segments.count; i++)
        for (size_t j = 0; j <= i; j++)
            if (s->segments.at[i]->fixed && s->segments.at[j]->fixed && pieces_overlap(s->segments.at[j], s->segments.at[i]))
                break;
}

/* ---- names and badges ---------------------------------------------------------------- */

static void check_channel_names(struct system *s)
{
    for (size_t i = 0; i < 2 * s->channels.count; i++)
        for (size_t j = 0; j < i; j++) {
            struct channel *a = s->channels.at[i / 2], *b = s->channels.at[j / 2];

            if (a->end[i % 2].cell == b->end[j % 2].cell &&
                !strcmp(text_macro(a->end[i % 2].name), text_macro(b->end[j % 2].name)))
                diag_error(a->at, "cell \"%s\" has two channels named \"%s\"; expected different names; rename one",
                           a->end[i % 2].cell->name, a->end[i % 2].name);
        }
}

static void check_cell_names(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(text_macro(s->cells.at[i]->name), text_macro(s->cells.at[j]->name)))
                diag_error(s->cells.at[i]->at, "cells \"%s\" and \"%s\" have the same name in C; expected different ones; rename one",
                           s->cells.at[j]->name, s->cells.at[i]->name);
}

static void check_badges(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++)
        for (size_t j = 0; j < i; j++)
            for (size_t a = 0; a < s->cells.at[i]->calls.count; a++)
                for (size_t b = 0; b < s->cells.at[j]->calls.count; b++) {
                    const struct reference *p = &s->cells.at[i]->calls.at[a], *q = &s->cells.at[j]->calls.at[b];

                    if (p->portal == q->portal && p->badge == q->badge)
                        diag_error(p->at, "cells \"%s\" and \"%s\" call portal \"%s\" with the same badge %u; expected different ones; change \"badges\"",
                                   s->cells.at[j]->name, s->cells.at[i]->name, node_title(p->node), p->badge);
                }
}

/* ---- who can wait for whom -------------------------------------------------------------- */

/* May this vCPU's calls or faults arrive at that portal? */
static bool arrives(const struct vcpu *v, const struct portal *p)
{
    if (v->fault_portal == p)
        return true;
    for (size_t i = 0; i < v->cell->calls.count; i++)
        if (v->cell->calls.at[i].portal == p)
            return true;
    return false;
}

/*
 * The ceiling of a portal is the highest priority of all that can call it,
 * where a caller that is itself a server counts with the ceiling at which it
 * may be serving. Grows until nothing changes: at most one step per priority.
 */
static void derive_ceilings(struct system *s)
{
    bool changed = true;

    for (size_t i = 0; i < s->portals.count; i++)
        s->portals.at[i]->ceiling = s->portals.at[i]->server->priority;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < s->portals.count; i++) {
            struct portal *p = s->portals.at[i];

            for (size_t v = 0; v < s->vcpus.count; v++)
                if (s->vcpus.at[v]->ceiling > p->ceiling && arrives(s->vcpus.at[v], p)) {
                    p->ceiling = s->vcpus.at[v]->ceiling;
                    changed = true;
                }
            if (p->ceiling > p->server->ceiling) {
                p->server->ceiling = p->ceiling;
                changed = true;
            }
        }
    }
}

static void derive_callers(struct system *s)
{
    for (size_t v = 0; v < s->vcpus.count; v++) {
        struct vcpu *server = s->vcpus.at[v];

        server->fault_badge = model_is_guest(server->cell) ? server->number : FAULT_BADGE + server->index;
        for (size_t w = 0; w < s->vcpus.count; w++) {
            bool waits = false;

            for (size_t i = 0; i < s->portals.count; i++)
                waits = waits || (s->portals.at[i]->server == server && arrives(s->vcpus.at[w], s->portals.at[i]));
            server->callers_max += waits && s->vcpus.at[w] != server;
        }
    }
}

static bool cell_calls(const struct cell *from, const struct cell *to)
{
    for (size_t i = 0; i < from->calls.count; i++)
        if (from->calls.at[i].portal->cell == to)
            return true;
    return false;
}

/* Cells that call each other in a circle can wait for each other: worth a
 * warning, since a caller may ask not to wait. */
static void warn_cycles(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];
        bool *reached = mem_alloc(s->cells.count * sizeof *reached), changed = true;

        for (size_t j = 0; j < s->cells.count; j++)
            reached[j] = cell_calls(c, s->cells.at[j]);
        while (changed) {
            changed = false;
            for (size_t j = 0; j < s->cells.count; j++)
                for (size_t k = 0; reached[j] && k < s->cells.count; k++)
                    if (!reached[k] && cell_calls(s->cells.at[j], s->cells.at[k]))
                        reached[k] = changed = true;
        }
        if (reached[i])
            diag_warning(node_at(c->node, "calls"), "cell \"%s\" can be called by a cell that it calls; expected calls in one direction; call back with a vIRQ or channel, or use MV_NOWAIT",
                         c->name);
    }
}

/* ---- capabilities ------------------------------------------------------------------------- */

static void cap_add(struct cell *c, struct pos at, uint32_t type, const uint32_t *object, uint32_t rights, uint32_t badge,
                    const char *name, const char *title)
{
    const char *macro = text_macro(name);

    for (size_t i = 0; i < c->caps.count; i++) {
        struct cap *old = &c->caps.at[i];

        if (old->type == type && old->object == object && old->badge == badge && !strcmp(old->macro, macro)) {
            old->rights |= rights;
            return;
        }
        if (!strcmp(old->macro, macro)) {
            diag_error(at, "cell \"%s\" has two things called CAP_%s; expected different names; rename one or its label",
                       c->name, macro);
            return;
        }
    }
    *vec_push(&c->caps) = (struct cap){ type, rights, badge, object, macro, title };
}

static uint32_t cap_last(const struct cell *c)
{
    return (uint32_t)c->caps.count;
}

static void caps_spaces(struct cell *c)
{
    uint32_t rights = (c->map_space ? MV_RIGHT_SPACE_MAP : 0u) | (c->spaces.count > 1 ? MV_RIGHT_SPACE_ENTER : 0u);

    for (size_t i = 0; rights && i < c->spaces.count; i++)
        cap_add(c, c->at, MV_TYPE_SPACE, &c->spaces.at[i]->index, rights, 0, mem_printf("SPACE_%s", c->spaces.at[i]->name),
                mem_printf("own space %s", c->spaces.at[i]->name));
}

static void caps_objects(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < c->calls.count; i++) {
        const struct reference *r = &c->calls.at[i];
        const struct portal *p = r->portal;

        cap_add(c, r->at, MV_TYPE_PORTAL, &p->index, timing_is_held(s, c, p) ? MV_RIGHT_PORTAL_CALL_HELD : MV_RIGHT_PORTAL_CALL, r->badge, r->name ? r->name : r->node ? node_title(r->node) : p->name,
                mem_printf("portal %s of %s", p->name, p->cell->name));
    }
    for (size_t i = 0; i < c->raises.count; i++) {
        const struct reference *r = &c->raises.at[i];
        const struct virq *v = model_virq(s, r->node);

        cap_add(c, r->at, MV_TYPE_VIRQ, &v->index, MV_RIGHT_VIRQ_RAISE, 0, node_title(r->node),
                mem_printf("vIRQ %s of %s", v->name, v->cell->name));
    }
    for (size_t i = 0; i < s->virqs.count; i++) {
        const struct virq *v = s->virqs.at[i];

        if (v->cell == c && v->node && v->source == MV_VIRQ_SOFT)
            cap_add(c, v->node->at, MV_TYPE_VIRQ, &v->index, MV_RIGHT_VIRQ_HANDLE, 0, v->name,
                    mem_printf("own vIRQ %s", v->name));
    }
    for (size_t i = 0; i < s->timers.count; i++) {
        const struct timer *t = s->timers.at[i];

        if (t->cell != c)
            continue;
        cap_add(c, t->virq->node->at, MV_TYPE_TIMER, &t->index, MV_RIGHT_TIMER_SET, 0, t->name, mem_printf("own timer %s", t->name));
        cap_add(c, t->virq->node->at, MV_TYPE_VIRQ, &t->virq->index, MV_RIGHT_VIRQ_HANDLE, 0, mem_printf("%s_LINE", t->name),
                mem_printf("vIRQ of own timer %s", t->name));
    }
}

static void caps_devices(struct cell *c)
{
    /* A guest has its vGIC for that. */
    if (model_is_guest(c))
        return;
    for (size_t i = 0; i < c->devices.count; i++)
        for (size_t j = 0; j < c->devices.at[i]->virqs.count; j++) {
            const struct device *d = c->devices.at[i];

            cap_add(c, d->at, MV_TYPE_VIRQ, &d->virqs.at[j]->index, MV_RIGHT_VIRQ_HANDLE, 0,
                    j ? mem_printf("DEVICE_%s_%zu", d->name, j) : mem_printf("DEVICE_%s", d->name),
                    mem_printf("interrupt %u of device %s", d->virqs.at[j]->interrupt, d->name));
        }
}

static void caps_functions(struct cell *c)
{
    for (size_t i = 0; i < c->functions.count; i++) {
        const struct function *f = c->functions.at[i];

        if (f->virq)
            cap_add(c, f->at, MV_TYPE_VIRQ, &f->virq->index, MV_RIGHT_VIRQ_HANDLE, 0, mem_printf("FUNCTION_%s", f->name),
                    mem_printf("interrupt %u of function %s", f->virq->interrupt, f->name));
    }
}

/* For the cell that hears of accesses of devices that were refused. */
static void caps_streams(struct system *s, struct cell *c)
{
    if (!s->stream_virq || s->stream_virq->cell != c)
        return;
    cap_add(c, c->at, MV_TYPE_VIRQ, &s->stream_virq->index, MV_RIGHT_VIRQ_HANDLE, 0, "STREAM_FAULTS", "own vIRQ of streams' faults");
    for (size_t i = 0; i < s->streams.count; i++) {
        const struct stream *t = s->streams.at[i];

        cap_add(c, t->at, MV_TYPE_STREAM, &t->index, MV_RIGHT_STREAM_CONTROL, 0, mem_printf("STREAM_%s", t->name),
                mem_printf("stream 0x%x, %s of %s", t->id, t->name, t->cell->name));
    }
}

static void caps_channels(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < 2 * s->channels.count; i++) {
        struct channel *h = s->channels.at[i / 2];
        size_t own = i % 2, peer = 1 - own;

        if (h->end[own].cell != c)
            continue;
        cap_add(c, h->at, MV_TYPE_VIRQ, &h->end[peer].virq->index, MV_RIGHT_VIRQ_RAISE, 0,
                mem_printf("CHANNEL_%s_RAISE", h->end[own].name),
                mem_printf("wake %s at channel %s", h->end[peer].cell->name, h->end[own].name));
        h->end[own].raise_cap = cap_last(c);
        cap_add(c, h->at, MV_TYPE_VIRQ, &h->end[own].virq->index, MV_RIGHT_VIRQ_HANDLE, 0,
                mem_printf("CHANNEL_%s_LINE", h->end[own].name), mem_printf("own end of channel %s", h->end[own].name));
        h->end[own].line_cap = cap_last(c);
    }
}

/* An io cell raises its devices' interrupts in the guest. */
static void caps_io(struct cell *c)
{
    for (size_t i = 0; model_is_io(c) && i < c->vm->io_devices.count; i++) {
        struct io_device *d = c->vm->io_devices.at[i];

        cap_add(c, c->at, MV_TYPE_VIRQ, &d->virq->index, MV_RIGHT_VIRQ_RAISE, 0, mem_printf("SLOT_%u_RAISE", d->slot),
                mem_printf("interrupt %u of %s", d->virq->guest_interrupt, c->vm->cell->name));
        d->raise_cap = cap_last(c);
    }
}

static void caps_segments(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < c->holds.count; i++) {
        const struct reference *r = &c->holds.at[i];
        const struct segment *g = model_segment(s, r->node);
        uint32_t rights = (r->rights & MV_MAP_READ ? MV_RIGHT_SEGMENT_READ : 0u) |
                          (r->rights & MV_MAP_WRITE ? MV_RIGHT_SEGMENT_WRITE : 0u) |
                          (r->rights & MV_MAP_EXECUTE ? MV_RIGHT_SEGMENT_EXECUTE : 0u);

        cap_add(c, r->at, MV_TYPE_SEGMENT, &g->index, rights, 0, node_title(r->node), mem_printf("segment %s", g->name));
    }
}

static void caps_vcpu(struct cell *c, struct pos at, const struct vcpu *v)
{
    cap_add(c, at, MV_TYPE_VCPU, &v->index, MV_RIGHT_VCPU_CONTROL, 0, mem_printf("VCPU_%s_%u", v->cell->name, v->number),
            mem_printf("vCPU %u of %s", v->number, v->cell->name));
}

static void caps_cell(struct cell *c, struct pos at, const struct cell *to)
{
    cap_add(c, at, MV_TYPE_CELL, &to->index, MV_RIGHT_CELL_CONTROL, 0, mem_printf("CELL_%s", to->name),
            mem_printf("cell %s", to->name));
    for (size_t v = 0; v < to->vcpus.count; v++)
        caps_vcpu(c, at, to->vcpus.at[v]);
}

static void caps_control(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < c->controls.count; i++) {
        const struct reference *r = &c->controls.at[i];
        const struct cell *to = model_cell(s, r->node);

        if (to)
            caps_cell(c, r->at, to);
        else
            caps_vcpu(c, r->at, model_vcpu(s, r->node));
        /* Who controls a machine controls all its cells. */
        if (to && to->vm && to->vm->vmm != c) {
            caps_cell(c, r->at, to->vm->vmm);
            if (to->vm->io)
                caps_cell(c, r->at, to->vm->io);
        }
    }
    if (model_is_vmm(c))
        cap_add(c, c->at, MV_TYPE_VGIC, &c->vm->index, MV_RIGHT_VGIC_CONTROL, 0, "VGIC", mem_printf("vGIC of %s", c->vm->cell->name));
    if (c->trace_control)
        cap_add(c, c->at, MV_TYPE_TRACE, NULL, MV_RIGHT_TRACE_CONTROL, 0, "TRACE", "trace");
    if (c->marks_trace)
        cap_add(c, c->at, MV_TYPE_TRACE, NULL, MV_RIGHT_TRACE_MARK, 0, "TRACE", "trace");
    if (c->switches_schedule)
        cap_add(c, c->at, MV_TYPE_SCHEDULE, NULL, MV_RIGHT_SCHEDULE_SWITCH, 0, "SCHEDULE", "schedule");
    if (c->system_control)
        cap_add(c, c->at, MV_TYPE_SYSTEM, NULL, MV_RIGHT_SYSTEM_CONTROL, 0, "SYSTEM", "system");
}

static void derive_caps(struct system *s)
{
    uint32_t first = 0;

    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];

        caps_spaces(c);
        caps_objects(s, c);
        caps_devices(c);
        caps_functions(c);
        caps_streams(s, c);
        caps_channels(s, c);
        caps_io(c);
        caps_segments(s, c);
        caps_control(s, c);
        c->first_cap = first;
        first += (uint32_t)c->caps.count + 1;
        if (c->caps.count + 1 > MV_CAPS_MAX)
            diag_error(c->at, "cell \"%s\" has %zu capabilities; expected at most %d; remove some", c->name, c->caps.count,
                       MV_CAPS_MAX - 1);
    }
}

void derive(struct system *s)
{
    check_limits(s);
    fixed_lines(s);
    free_lines(s);
    order_virqs(s);
    check_devices(s);
    check_fixed_segments(s);
    check_cell_names(s);
    check_channel_names(s);
    check_badges(s);
    derive_ceilings(s);
    derive_callers(s);
    warn_cycles(s);
    model_check_schedule(s);
    timing_derive(s);
    if (!diag_failed())
        derive_caps(s);
}
