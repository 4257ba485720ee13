/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace as a timeline: a track for each core with who ran on it, one with its
 * time windows, and for each cell a group with a track for each vCPU, where its
 * runs, calls, faults and marks are. Arrows go from a call to its server and from a
 * raised vIRQ to who takes it.
 */
#include <inttypes.h>
#include <string.h>

#include "trace.h"

/* Groups and tracks, as the format numbers them. */
enum { GROUP_CORES = 1, GROUP_CELL = 10, TRACK_CORE = 1, TRACK_WINDOWS = 101, TRACK_VCPU = 1 };
#define NO_VCPU UINT16_MAX

struct track {
    uint32_t group, track;
};
/* What is open, of a core. */
struct run {
    uint16_t vcpu;              /* NO_VCPU: idle, or not known */
    uint64_t since, priority;
};
struct window {
    bool     is_open;
    uint64_t since, planned, which;     /* table << 32 | window */
};
/* What is open, of a vCPU. */
struct call {
    bool     is_open;
    uint16_t server;
    uint64_t ended;             /* when the one before was over */
};
struct raise {
    bool     is_pending;
    uint64_t time;
    uint16_t by;
};
struct timeline {
    const struct trace *trace;
    FILE     *to;
    bool      comma;
    uint32_t  arrows;
    uint64_t  end;
    struct run     run[MV_CORES_MAX];
    struct window  window[MV_CORES_MAX];
    uint64_t      *left;        /* by vCPU: the last moment of its last run; 0: not known */
    struct call   *calls;       /* by caller */
    struct raise (*raises)[MV_LINES_MAX];   /* by sink and line */
};

/* ---- the format --------------------------------------------------------------------- */

static uint64_t to_ns(const struct timeline *l, uint64_t ticks)
{
    uint64_t f = l->trace->frequency;

    return ticks / f * 1000000000 + ticks % f * 1000000000 / f;
}

static void put_time(const struct timeline *l, const char *key, uint64_t ns)
{
    fprintf(l->to, ",\"%s\":%" PRIu64 ".%03" PRIu64, key, ns / 1000, ns % 1000);
}

/* Names of cells are plain words, unless somebody has changed the file. */
static void put_text(const struct timeline *l, const char *text)
{
    fputc('"', l->to);
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ' || (unsigned char)*text > '~')
            fprintf(l->to, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, l->to);
    fputc('"', l->to);
}

/* Begin an event; what is special follows, then put_end(). */
static void put_begin(struct timeline *l, const char *kind, struct track on, uint64_t ticks, const char *name)
{
    fprintf(l->to, "%s\n{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", l->comma ? "," : "", kind, on.group, on.track);
    l->comma = true;
    put_time(l, "ts", to_ns(l, ticks));
    fputs(",\"name\":", l->to);
    put_text(l, name);
}

static void put_end(const struct timeline *l)
{
    fputc('}', l->to);
}

static void put_slice(struct timeline *l, struct track on, uint64_t from, uint64_t to, const char *name)
{
    put_begin(l, "X", on, from, name);
    put_time(l, "dur", to_ns(l, to) - to_ns(l, from));
}

/* A number in the arguments, which `{` and `}` of the caller enclose. */
static void put_number(const struct timeline *l, const char *key, uint64_t value, bool first)
{
    /* Beyond 2^53 a reader would round it. */
    fprintf(l->to, value >> 53 ? "%s\"%s\":\"0x%" PRIx64 "\"" : "%s\"%s\":%" PRIu64, first ? ",\"args\":{" : ",", key, value);
}

static void put_name(struct timeline *l, const char *what, struct track of, const char *name, uint32_t place)
{
    bool group = of.track == 0;

    fprintf(l->to, "%s\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s_name\",\"args\":{\"name\":", l->comma ? "," : "", of.group,
            of.track, what);
    l->comma = true;
    put_text(l, name);
    fprintf(l->to, "}},\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s_sort_index\",\"args\":{\"sort_index\":%u}}", of.group,
            of.track, group ? "process" : "thread", place);
}

static struct track core_track(uint32_t core)
{
    return (struct track){ GROUP_CORES, TRACK_CORE + core };
}

static struct track vcpu_track(const struct timeline *l, uint32_t vcpu)
{
    return (struct track){ GROUP_CELL + built_vcpu(l->trace->built, vcpu)->cell, TRACK_VCPU + vcpu };
}

static const char *vcpu_name(const struct timeline *l, uint32_t vcpu)
{
    return vcpu < l->trace->built->systab->vcpus.count ? built_vcpu_name(l->trace->built, vcpu) : "?";
}

static void put_names(struct timeline *l)
{
    const struct mv_systab *t = l->trace->built->systab;

    put_name(l, "process", (struct track){ GROUP_CORES, 0 }, "cores", 0);
    for (uint32_t core = 0; core < t->core_count; core++) {
        put_name(l, "thread", core_track(core), mem_printf("core %u", core), 2 * core);
        if (t->schedules.count)
            put_name(l, "thread", (struct track){ GROUP_CORES, TRACK_WINDOWS + core }, mem_printf("core %u: windows", core),
                     2 * core + 1);
    }
    for (uint32_t i = 0; i < t->cells.count; i++)
        put_name(l, "process", (struct track){ GROUP_CELL + i, 0 }, built_cell(l->trace->built, i)->name, i + 1);
    for (uint32_t i = 0; i < t->vcpus.count; i++)
        put_name(l, "thread", vcpu_track(l, i),
                 mem_printf("%s, core %u, priority %u", vcpu_name(l, i), built_vcpu(l->trace->built, i)->core,
                            built_vcpu(l->trace->built, i)->context.priority), i);
}

/* ---- who runs ----------------------------------------------------------------------- */

static void run_close(struct timeline *l, uint32_t core, uint64_t now)
{
    struct run *r = &l->run[core];

    if (r->vcpu != NO_VCPU) {
        put_slice(l, core_track(core), r->since, now, vcpu_name(l, r->vcpu));
        put_number(l, "priority", r->priority, true);
        fputc('}', l->to);
        put_end(l);
        put_slice(l, vcpu_track(l, r->vcpu), r->since, now, "runs");
        put_number(l, "core", core, true);
        put_number(l, "priority", r->priority, false);
        fputc('}', l->to);
        put_end(l);
        l->left[r->vcpu] = now > r->since ? now - 1 : now;
    }
    r->vcpu = NO_VCPU;
}

/* Who ran before a core's first switch is what that says it has left. */
static void run_first(struct timeline *l)
{
    const struct trace *t = l->trace;
    bool known[MV_CORES_MAX] = { false };

    for (uint32_t core = 0; core < MV_CORES_MAX; core++)
        l->run[core].vcpu = NO_VCPU;
    for (size_t i = 0; i < t->events.count; i++) {
        const struct trace_event *e = &t->events.at[i];

        if (e->record.event != MV_EVENT_SWITCH || known[e->core])
            continue;
        known[e->core] = true;
        if (e->record.a < t->built->systab->vcpus.count)
            l->run[e->core] = (struct run){ (uint16_t)e->record.a, t->first[e->core],
                                            built_vcpu(t->built, (uint32_t)e->record.a)->context.priority };
    }
}

static void on_switch(struct timeline *l, const struct trace_event *e)
{
    run_close(l, e->core, e->record.time);
    l->run[e->core] = (struct run){ e->record.vcpu, e->record.time, e->record.b };
}

static bool runs(const struct timeline *l, uint32_t vcpu)
{
    return l->run[built_vcpu(l->trace->built, vcpu)->core].vcpu == vcpu;
}

static void window_close(struct timeline *l, uint32_t core, uint64_t now)
{
    const struct mv_systab *t = l->trace->built->systab;
    struct window *w = &l->window[core];
    uint32_t table = (uint32_t)(w->which >> 32), index = (uint32_t)w->which;

    if (!w->is_open)
        return;
    put_slice(l, (struct track){ GROUP_CORES, TRACK_WINDOWS + core }, w->since, now, mem_printf("table %u, window %u", table, index));
    put_number(l, "late_ns", w->since > w->planned ? to_ns(l, w->since - w->planned) : 0, true);
    if (table < t->schedules.count) {
        const struct mv_sys_schedule *s = (const struct mv_sys_schedule *)mv_systab_array(t, t->schedules) + table;

        if (index < s->window_count[core] && s->first_window[core] < t->windows.count &&
            index < t->windows.count - s->first_window[core])
            fprintf(l->to, ",\"partitions\":\"0x%x\"",
                    ((const struct mv_sys_window *)mv_systab_array(t, t->windows))[s->first_window[core] + index].partitions);
    }
    fputc('}', l->to);
    put_end(l);
    w->is_open = false;
}

/* ---- arrows ------------------------------------------------------------------------- */

/* From one vCPU's track to another's: to the run it is in, or to its next one. */
static void arrow(struct timeline *l, const char *name, uint32_t from, uint64_t from_time, uint32_t to, uint64_t to_time)
{
    l->arrows++;
    put_begin(l, "s", vcpu_track(l, from), from_time, name);
    fprintf(l->to, ",\"cat\":\"flow\",\"id\":%u}", l->arrows);
    put_begin(l, "f", vcpu_track(l, to), to_time, name);
    fprintf(l->to, ",\"cat\":\"flow\",\"id\":%u%s}", l->arrows, runs(l, to) ? ",\"bp\":\"e\"" : "");
}

/* Calls of a vCPU do not lie inside its runs: they have a track of their own. */
static void call_edge(struct timeline *l, const char *kind, uint16_t caller, uint64_t now)
{
    put_begin(l, kind, vcpu_track(l, caller), now, mem_printf("calls %s", vcpu_name(l, l->calls[caller].server)));
    fprintf(l->to, ",\"cat\":\"call\",\"id\":%u", caller);
}

static void call_close(struct timeline *l, uint16_t caller, uint64_t now)
{
    if (!l->calls[caller].is_open)
        return;
    call_edge(l, "e", caller, now);
    put_end(l);
    l->calls[caller] = (struct call){ .ended = now };
}

/* It is recorded when the server takes it. The caller has waited since it ran. */
static void on_call(struct timeline *l, const struct mv_trace_record *r)
{
    if (r->vcpu == NO_VCPU || r->a >= l->trace->built->systab->vcpus.count)
        return;
    struct call *c = &l->calls[r->vcpu];
    uint64_t since = runs(l, r->vcpu) || !l->left[r->vcpu] ? r->time : l->left[r->vcpu];

    if (since < c->ended)       /* what let it run again was not recorded */
        since = c->ended;
    call_close(l, r->vcpu, since);
    *c = (struct call){ true, (uint16_t)r->a, since };
    call_edge(l, "b", r->vcpu, since);
    put_number(l, "badge", r->b, true);
    put_number(l, "waited_ns", to_ns(l, r->time) - to_ns(l, since), false);
    fputc('}', l->to);
    put_end(l);
    arrow(l, "call", r->vcpu, since, (uint32_t)r->a, r->time);
}

static void on_reply(struct timeline *l, const struct mv_trace_record *r)
{
    if (r->a < l->trace->built->systab->vcpus.count)
        call_close(l, (uint16_t)r->a, r->time);
}

/* Raises that come before it is taken are one. */
static void on_raise(struct timeline *l, const struct mv_trace_record *r)
{
    if (r->vcpu == NO_VCPU || r->a >= l->trace->built->systab->vcpus.count || r->b >= MV_LINES_MAX)
        return;
    struct raise *p = &l->raises[r->a][r->b];

    if (!p->is_pending)
        *p = (struct raise){ true, r->time, r->vcpu };
}

static void on_take(struct timeline *l, const struct mv_trace_record *r)
{
    if (r->vcpu == NO_VCPU || r->a >= MV_LINES_MAX || !l->raises[r->vcpu][r->a].is_pending)
        return;
    struct raise *p = &l->raises[r->vcpu][r->a];

    arrow(l, "vIRQ", p->by, p->time, r->vcpu, r->time);
    p->is_pending = false;
}

/* ---- instants ----------------------------------------------------------------------- */

static const char *fault_text(uint64_t kind)
{
    static const char *const texts[] = {
        [MV_FAULT_READ] = "fault: read", [MV_FAULT_WRITE] = "fault: write", [MV_FAULT_EXECUTE] = "fault: execute",
        [MV_FAULT_ALIGNMENT] = "fault: alignment", [MV_FAULT_UNDEFINED] = "fault: undefined instruction",
        [MV_FAULT_TRAPPED] = "fault: withheld instruction", [MV_FAULT_FP] = "fault: FP", [MV_FAULT_DEBUG] = "fault: debug",
        [MV_FAULT_BUS] = "fault: bus", [MV_FAULT_BUDGET] = "fault: budget", [MV_FAULT_BOUND] = "fault: service bound",
    };

    return kind < sizeof texts / sizeof *texts && texts[kind] ? texts[kind] : "fault";
}

static const char *mark_text(const struct mv_trace_record *r)
{
    switch ((uint32_t)r->a) {
    case MV_MARK_MISS:    return "deadline missed";
    case MV_MARK_OVERRUN: return "releases passed";
    default:              return "mark";
    }
}

/* What an event is called, and its two words; NULL: it is no instant. */
static const char *instant(const struct timeline *l, const struct mv_trace_record *r, const char *words[2])
{
    static const struct { const char *name, *a, *b; } texts[] = {
        [MV_EVENT_TAKE] = { "takes vIRQ", "line", "payload" },
        [MV_EVENT_IRQ] = { "interrupt", "id", NULL },
        [MV_EVENT_SPURIOUS] = { "spurious interrupt", "id", NULL },
        [MV_EVENT_MAP] = { "map", "address", "size" },
        [MV_EVENT_UNMAP] = { "unmap", "address", "size" },
        [MV_EVENT_OVERRUN] = { "timer overrun", "periods", NULL },
        [MV_EVENT_EXIT] = { "exit", "syndrome", "address" },
        [MV_EVENT_DMA] = { "DMA refused", "stream_and_event", "address" },
        [MV_EVENT_EXHAUSTED] = { "budget used up", "ticks_until_more", "debt" },
    };

    words[0] = "a";
    words[1] = "b";
    switch (r->event) {
    case MV_EVENT_FAULT:
        words[0] = "kind_and_syndrome";
        words[1] = "address";
        return fault_text((uint32_t)r->a);
    case MV_EVENT_MARK:
        return mark_text(r);
    case MV_EVENT_RAISE:
        words[0] = "sink";
        words[1] = "line";
        return mem_printf("raises %s", vcpu_name(l, r->a < UINT32_MAX ? (uint32_t)r->a : UINT32_MAX));
    case MV_EVENT_BOUND:
        words[0] = "caller";
        words[1] = NULL;
        return mem_printf("service bound passed, called by %s", vcpu_name(l, r->a < UINT32_MAX ? (uint32_t)r->a : UINT32_MAX));
    default:
        break;
    }
    if (r->event >= sizeof texts / sizeof *texts)
        return NULL;
    words[0] = texts[r->event].a;
    words[1] = texts[r->event].b;
    return texts[r->event].name;
}

static void put_instant(struct timeline *l, const struct trace_event *e)
{
    const struct mv_trace_record *r = &e->record;
    const char *words[2], *name = instant(l, r, words);

    if (!name)
        return;
    put_begin(l, "i", r->vcpu == NO_VCPU ? core_track(e->core) : vcpu_track(l, r->vcpu), r->time, name);
    fputs(",\"s\":\"t\"", l->to);
    put_number(l, words[0], r->a, true);
    if (words[1])
        put_number(l, words[1], r->b, false);
    put_number(l, "core", e->core, false);
    fputc('}', l->to);
    put_end(l);
}

/* ---- all ---------------------------------------------------------------------------- */

static void put_event(struct timeline *l, const struct trace_event *e)
{
    const struct mv_trace_record *r = &e->record;

    switch (r->event) {
    case MV_EVENT_SWITCH: on_switch(l, e); break;
    case MV_EVENT_CALL:   on_call(l, r); break;
    case MV_EVENT_REPLY:  on_reply(l, r); break;
    case MV_EVENT_RAISE:  on_raise(l, r); break;
    case MV_EVENT_TAKE:   on_take(l, r); break;
    case MV_EVENT_WINDOW:
        window_close(l, e->core, r->time);
        l->window[e->core] = (struct window){ true, r->time, r->b, r->a };
        break;
    default:
        break;
    }
    put_instant(l, e);
}

void timeline_write(const struct trace *t, FILE *to)
{
    uint32_t vcpus = t->built->systab->vcpus.count;
    struct timeline l = { .trace = t, .to = to, .end = t->events.at[t->events.count - 1].record.time };

    l.left = mem_alloc(vcpus * sizeof *l.left);
    l.calls = mem_alloc(vcpus * sizeof *l.calls);
    l.raises = mem_alloc(vcpus * sizeof *l.raises);
    fprintf(to, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"system\":");
    put_text(&l, t->built->dir);
    fprintf(to, ",\"board\":");
    put_text(&l, t->built->info.board);
    fprintf(to, "},\"traceEvents\":[");
    put_names(&l);
    run_first(&l);
    for (size_t i = 0; i < t->events.count; i++) {
        void *mark = mem_mark();

        put_event(&l, &t->events.at[i]);
        mem_free_since(mark);
    }
    for (uint32_t core = 0; core < t->built->systab->core_count; core++) {
        run_close(&l, core, l.end);
        window_close(&l, core, l.end);
    }
    for (uint32_t v = 0; v < vcpus; v++)
        call_close(&l, (uint16_t)v, l.end);
    fprintf(to, "\n]}\n");
}
