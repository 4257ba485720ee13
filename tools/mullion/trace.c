/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "observe.h"

#define TRACE_ADVICE "add trace-classes to the description, or let a cell with \"trace-control\" choose them"

/* ---- which system ----------------------------------------------------------------- */

/* The folders below build/ whose system runs. */
static const char *running_folder(void)
{
    const char *found = NULL;
    DIR *d = opendir("build");

    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        const char *dir = mem_printf("build/%s", e->d_name);

        if (e->d_name[0] == '.' || !qmp_is_there(dir))
            continue;
        if (found)
            diag_fatal("both %s and %s run; expected one; name its folder", found, dir);
        found = dir;
    }
    if (d)
        closedir(d);
    return found;
}

const char *observe_folder(const struct observe_options *o)
{
    const char *dir = o->folder ? o->folder : running_folder();

    if (!dir)
        diag_fatal("no system runs from a folder below build/; expected one started by \"mullion run\"; start it, or name its folder");
    return dir;
}

/* ---- the rings ---------------------------------------------------------------------- */

/* A record that the kernel may have written, less than a hundred years after its start. */
static bool is_sane(const struct trace *t, const struct mv_trace_record *r, uint64_t before)
{
    if (r->event < MV_EVENT_SWITCH || r->event > MV_EVENT_MARK || r->time < before ||
        r->time / t->frequency > UINT64_C(100) * 366 * 24 * 3600)
        return false;
    if (r->vcpu == UINT16_MAX)
        return r->cell == UINT16_MAX;
    return r->vcpu < t->built->systab->vcpus.count && r->cell == built_vcpu(t->built, r->vcpu)->cell;
}

/* The ring's head; false: there is none yet. */
static bool ring_head(const struct built *b, struct memory *m, uint64_t at, struct mv_trace_ring *head)
{
    if (!memory_read(m, at, head, sizeof *head))
        diag_fatal("%s does not have the memory at 0x%" PRIx64 ", where the trace is; expected all RAM from 0x%" PRIx64
                   "; save more of it", m->what, at, b->systab->ram_base);
    return head->count == b->systab->trace_records && head->frequency >= 1000 && head->frequency <= UINT64_C(100000000000);
}

/*
 * While records are copied the kernel goes on: those that it has overwritten
 * meanwhile, and the one it may be overwriting at the end, are left out.
 */
static void ring_read(struct trace *t, struct memory *m, uint32_t core)
{
    const struct mv_systab *s = t->built->systab;
    uint64_t at = s->trace_base + core * s->trace_bytes, time = 0;
    size_t size = (size_t)(s->trace_records * sizeof(struct mv_trace_record));
    struct mv_trace_ring before, after;
    struct mv_trace_record *records = mem_alloc(size);

    t->first[core] = UINT64_MAX;
    if (!ring_head(t->built, m, at, &before))
        return;
    if (!memory_read(m, at + sizeof before, records, size) || !ring_head(t->built, m, at, &after))
        diag_fatal("%s does not hold the whole trace of core %u; expected all RAM; save more of it", m->what, core);
    if (after.head < before.head)
        return;                     /* it was started again meanwhile */
    t->frequency = before.frequency;
    uint64_t from = after.head >= s->trace_records ? after.head - s->trace_records + 1 : 0;

    t->overwritten[core] = from;
    for (; from < before.head; from++) {
        const struct mv_trace_record *r = &records[from & (s->trace_records - 1)];

        if (!is_sane(t, r, time)) {
            t->torn[core]++;
            continue;
        }
        if (t->first[core] == UINT64_MAX)
            t->first[core] = r->time;
        time = r->time;
        *vec_push(&t->events) = (struct trace_event){ core, t->events.count, *r };
    }
}

static int event_compare(const void *a, const void *b)
{
    const struct trace_event *p = a, *q = b;

    if (p->record.time != q->record.time)
        return p->record.time < q->record.time ? -1 : 1;
    return p->order < q->order ? -1 : p->order > q->order;
}

void trace_read(struct trace *t, const struct built *b, struct memory *m)
{
    const struct mv_systab *s = b->systab;

    *t = (struct trace){ .built = b };
    if (s->trace_bytes == 0)
        diag_fatal("the system of %s has no memory for a trace; expected \"trace-size\" in its node \"mullion\"; add trace-size = "
                   "<0x10000> and trace-classes, and build it again", b->dir);
    if (!s->trace_records || (s->trace_records & (s->trace_records - 1)) ||
        s->trace_bytes < sizeof(struct mv_trace_ring) + s->trace_records * sizeof(struct mv_trace_record))
        diag_fatal("%s/system.elf has trace rings of a wrong size; expected one that this tool has built; build it again", b->dir);
    for (uint32_t core = 0; core < s->core_count; core++)
        ring_read(t, m, core);
    if (!t->frequency)
        diag_fatal("there is no trace in the memory of %s; expected a system that has booted; is it the one of %s?", m->what, b->dir);
    if (!t->events.count)
        diag_fatal("nothing has been recorded; expected a class of events that is recorded; " TRACE_ADVICE);
    qsort(t->events.at, t->events.count, sizeof *t->events.at, event_compare);
}

/* ---- the command ---------------------------------------------------------------------- */

static uint64_t span_us(const struct trace *t)
{
    uint64_t ticks = t->events.at[t->events.count - 1].record.time - t->events.at[0].record.time;

    return ticks / t->frequency * 1000000 + ticks % t->frequency * 1000000 / t->frequency;
}

/* What was written, and what is missing. */
static void summary_print(const struct trace *t, const char *name)
{
    uint64_t us = span_us(t);
    bool switches = false;

    for (size_t i = 0; i < t->events.count; i++)
        switches |= t->events.at[i].record.event == MV_EVENT_SWITCH;
    printf("%s: %s events of %" PRIu64 ".%03" PRIu64 " ms; ui.perfetto.dev and chrome://tracing open it\n", name,
           text_thousands(t->events.count), us / 1000, us % 1000);
    for (uint32_t core = 0; core < t->built->systab->core_count; core++)
        if (t->overwritten[core] || t->torn[core])
            printf("core %u: %s earlier ones are overwritten, %s cannot be read\n", core, text_thousands(t->overwritten[core]),
                   text_thousands(t->torn[core]));
    if (!switches)
        printf("no switches are among them, so nothing says who ran: expected class \"sched\"; " TRACE_ADVICE "\n");
}

int trace_command(const struct observe_options *o)
{
    const char *dir = o->memory && !o->folder ? NULL : observe_folder(o);
    const char *name = o->output ? o->output : mem_printf("%s/trace.json", dir ? dir : ".");
    bool to_output = !strcmp(name, "-");
    struct memory m;
    struct built b;
    struct trace t;

    if (!dir)
        diag_fatal("\"--memory\" does not say of which system it is; expected the folder of that system; name it");
    built_read(&b, dir);
    if (o->memory)
        memory_of_file(&m, &b, o->memory);
    else
        memory_of_running(&m, &b);
    trace_read(&t, &b, &m);
    memory_close(&m);
    FILE *to = to_output ? stdout : fopen(name, "w");

    if (!to)
        diag_fatal("cannot write %s: %s; expected a file that can be written; choose another with -o", name, strerror(errno));
    timeline_write(&t, to);
    if (!to_output) {
        if (ferror(to) | fclose(to))
            diag_fatal("cannot write all of %s; expected room for it; look for a full disk", name);
        summary_print(&t, name);
    }
    return 0;
}
