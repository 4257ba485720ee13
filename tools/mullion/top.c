/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each cell does, live: two looks at the kernel's objects, a second apart.
 * The kernel charges time to a context when it changes; what has not been charged
 * yet is added.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "built.h"
#include "diag.h"
#include "mem.h"
#include "observe.h"
#include "proc.h"
#include "qmp.h"

enum { REFRESH_MS = 1000, CORE_STEP = 2 * MV_PAGE_SIZE };

/* What was used or done up to a moment, of a vCPU. */
struct use {
    uint64_t ticks;             /* on its own context, and on those of its portals */
    uint64_t calls, virqs, switches, interrupts, faults, overruns, exhausted;
};
struct look {
    uint64_t time;              /* ticks; later ones are exact relative to it */
    uint64_t host_ns;
    struct use *uses;           /* by vCPU */
};
struct top {
    struct built built;
    bool     counts;            /* QEMU counts instructions: its time is not ours */
    uint64_t frequency;         /* ticks per second */
    char    *vcpus, *portals, *budgets;     /* the kernel's objects, as last read */
    size_t   budgets_size;
    struct core {
        uint64_t context, since;            /* physical address, or 0: idle; ticks */
    } cores[MV_CORES_MAX];
    struct look looks[2];
    bool     is_second;         /* there was a look before */
};

static uint64_t host_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t word(const char *object, uint32_t at)
{
    uint64_t value;

    memcpy(&value, object + at, sizeof value);
    return value;
}

/* ---- looking ------------------------------------------------------------------------ */

static bool area_read(struct top *t, struct qmp *q, enum mv_area area, void *to, size_t size)
{
    return size == 0 || qmp_memory(q, t->built.systab_base + t->built.systab->objects[area], to, size);
}

static bool core_read(struct top *t, struct qmp *q, uint32_t core)
{
    const struct mv_seen_fields *seen = &t->built.info.seen;
    uint64_t at = t->built.cores + (uint64_t)core * CORE_STEP;

    return qmp_memory(q, at + seen->core_context.at, &t->cores[core].context, 8) &&
           qmp_memory(q, at + seen->core_since.at, &t->cores[core].since, 8);
}

static bool objects_read(struct top *t, struct qmp *q)
{
    const struct mv_systab *s = t->built.systab;

    for (uint32_t core = 0; core < s->core_count; core++)
        if (!core_read(t, q, core))
            return false;
    return area_read(t, q, MV_AREA_VCPUS, t->vcpus, (size_t)s->vcpus.count * s->sizes.vcpu) &&
           area_read(t, q, MV_AREA_PORTALS, t->portals, (size_t)s->portals.count * s->sizes.portal) &&
           area_read(t, q, MV_AREA_BUDGETS, t->budgets, t->budgets_size);
}

/* What the time is: the latest that the kernel has noted, and what has passed since on ours. */
static uint64_t time_now(const struct top *t, const struct look *before, uint64_t ns)
{
    uint64_t time = before->time;

    if (!t->counts && t->is_second)
        time += (ns - before->host_ns) / 1000 * t->frequency / 1000000;
    for (uint32_t core = 0; core < t->built.systab->core_count; core++)
        if (t->cores[core].since > time)
            time = t->cores[core].since;
    return time;
}

/* Ticks of a context, which is at that physical address. */
static uint64_t context_ticks(const struct top *t, uint64_t address, uint64_t consumed, uint64_t now)
{
    for (uint32_t core = 0; core < t->built.systab->core_count; core++)
        if (t->cores[core].context == address && now > t->cores[core].since)
            consumed += now - t->cores[core].since;
    return consumed;
}

/* How often the budget at a physical address was used up. */
static uint64_t budget_times(const struct top *t, uint64_t address)
{
    uint64_t base = t->built.systab_base + t->built.systab->objects[MV_AREA_BUDGETS];
    uint32_t size = t->built.systab->sizes.budget;

    if (address < base || address - base >= t->budgets_size || t->budgets_size - (address - base) < size)
        return 0;
    return word(t->budgets + (address - base), t->built.info.seen.budget_times.at);
}

static struct use vcpu_use(const struct top *t, uint32_t i, uint64_t now)
{
    const struct mv_kernel_info *k = &t->built.info;
    const struct mv_systab *s = t->built.systab;
    uint64_t offset = (uint64_t)i * k->sizes.vcpu;
    const char *v = t->vcpus + offset;
    uint64_t own = t->built.systab_base + s->objects[MV_AREA_VCPUS] + offset + k->own_context;
    uint32_t counters = k->seen.vcpu_counters.at;

    return (struct use){
        .ticks = context_ticks(t, own, word(v, k->seen.vcpu_consumed.at), now),
        .calls = word(v, k->seen.vcpu_calls.at),
        .virqs = word(v, counters + 8),
        .switches = word(v, counters + 16),
        .interrupts = word(v, counters + 24),
        .faults = word(v, counters + 32),
        .overruns = word(v, counters + 40),
        .exhausted = budget_times(t, word(v, k->fields.vcpu_own_budget.at)),
    };
}

/* A portal's context is used for calls from other cores: its server's work. */
static void portal_use(const struct top *t, uint32_t i, uint64_t now, struct use *uses)
{
    const struct mv_kernel_info *k = &t->built.info;
    uint64_t offset = (uint64_t)i * k->sizes.portal;
    const char *p = t->portals + offset;
    struct use *u = &uses[built_portal(&t->built, i)->server];
    /* The context's place in the portal: its budget's, less that in a vCPU's own. */
    uint64_t context = k->fields.portal_context_budget.at + k->own_context - k->fields.vcpu_own_budget.at;
    uint64_t address = t->built.systab_base + t->built.systab->objects[MV_AREA_PORTALS] + offset + context;

    u->ticks += context_ticks(t, address, word(p, k->seen.portal_consumed.at), now);
    u->exhausted += budget_times(t, word(p, k->fields.portal_context_budget.at));
}

/* False: the system does not answer any more. */
static bool look(struct top *t, struct qmp *q, struct look *to, const struct look *before)
{
    const struct mv_systab *s = t->built.systab;

    if (!objects_read(t, q))
        return false;
    to->host_ns = host_ns();
    to->time = time_now(t, before, to->host_ns);
    for (uint32_t i = 0; i < s->vcpus.count; i++)
        to->uses[i] = vcpu_use(t, i, to->time);
    for (uint32_t i = 0; i < s->portals.count; i++)
        portal_use(t, i, to->time, to->uses);
    t->is_second = true;
    return true;
}

/* ---- saying ------------------------------------------------------------------------- */

struct row {
    uint32_t vcpu;
    struct use use;             /* between the looks */
};

static struct use use_between(const struct use *a, const struct use *b)
{
    return (struct use){
        b->ticks - a->ticks, b->calls - a->calls, b->virqs - a->virqs, b->switches - a->switches,
        b->interrupts - a->interrupts, b->faults - a->faults, b->overruns - a->overruns, b->exhausted - a->exhausted,
    };
}

static int row_compare(const void *a, const void *b)
{
    const struct row *p = a, *q = b;

    if (p->use.ticks != q->use.ticks)
        return p->use.ticks > q->use.ticks ? -1 : 1;
    return p->vcpu < q->vcpu ? -1 : p->vcpu > q->vcpu;
}

/* Tenths of a percent. */
static uint64_t part_of(uint64_t ticks, uint64_t all)
{
    uint64_t part = all ? ticks * 1000 / all : 0;

    return part < 1000 ? part : 1000;
}

static uint64_t per_second(const struct top *t, uint64_t count, uint64_t ticks)
{
    return ticks ? count * t->frequency / ticks : 0;
}

static void cores_print(const struct top *t, const struct row *rows, uint64_t ticks)
{
    const struct mv_systab *s = t->built.systab;

    for (uint32_t core = 0; core < s->core_count; core++) {
        uint64_t busy = 0;

        for (uint32_t i = 0; i < s->vcpus.count; i++)
            if (built_vcpu(&t->built, rows[i].vcpu)->core == core)
                busy += rows[i].use.ticks;
        busy = part_of(busy, ticks);
        printf("core %u %3" PRIu64 ".%" PRIu64 "%% busy%s", core, busy / 10, busy % 10, core + 1 < s->core_count ? ",  " : "\n");
    }
}

static void rows_print(const struct top *t, const struct row *rows, uint64_t ticks)
{
    printf("%-24s %4s %7s %10s %10s %8s %8s %10s %8s %7s\n", "vCPU", "core", "load", "switches/s", "interr./s", "vIRQs/s", "calls/s",
           "exhausted", "overruns", "faults");
    for (uint32_t i = 0; i < t->built.systab->vcpus.count; i++) {
        const struct use *u = &rows[i].use;
        uint64_t load = part_of(u->ticks, ticks);

        printf("%-24s %4u %4" PRIu64 ".%" PRIu64 "%% %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %10" PRIu64 " %8" PRIu64
               " %7" PRIu64 "\n", built_vcpu_name(&t->built, rows[i].vcpu), built_vcpu(&t->built, rows[i].vcpu)->core, load / 10,
               load % 10, per_second(t, u->switches, ticks), per_second(t, u->interrupts, ticks), per_second(t, u->virqs, ticks),
               per_second(t, u->calls, ticks), u->exhausted, u->overruns, u->faults);
    }
}

static void table_print(const struct top *t, const struct look *a, const struct look *b)
{
    uint32_t count = t->built.systab->vcpus.count;
    struct row *rows = mem_alloc(count * sizeof *rows);
    uint64_t ticks = b->time - a->time, ms = t->frequency ? ticks / (t->frequency / 1000) : 0;

    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct row){ i, use_between(&a->uses[i], &b->uses[i]) };
    qsort(rows, count, sizeof *rows, row_compare);
    printf("%s: %" PRIu64 ".%03" PRIu64 " s%s\n", t->built.dir, ms / 1000, ms % 1000,
           ticks ? "" : "; the kernel knows of no time that has passed");
    cores_print(t, rows, ticks);
    rows_print(t, rows, ticks);
}

/* ---- the command -------------------------------------------------------------------- */

/* A number that QEMU knows of its first core. */
static uint64_t frequency_ask(struct qmp *q)
{
    static const char before[] = "\"qom-path\": \"";
    const char *cpus = qmp_do(q, "query-cpus-fast", NULL), *path = cpus ? strstr(cpus, before) : NULL;

    if (!path)
        return 0;
    path += strlen(before);
    const char *value = qmp_do(q, "qom-get", mem_printf("{\"path\": \"%.*s\", \"property\": \"cntfrq\"}", (int)strcspn(path, "\""),
                                                        path));

    return value ? strtoull(value, NULL, 10) : 0;
}

static bool counts_ask(struct qmp *q)
{
    static const char before[] = "\"icount\": ";
    const char *replay = qmp_do(q, "query-replay", NULL), *count = replay ? strstr(replay, before) : NULL;

    return count && strtoull(count + strlen(before), NULL, 10) != 0;
}

static void top_begin(struct top *t, const char *dir)
{
    const struct mv_systab *s;
    struct qmp q;

    built_read(&t->built, dir);
    s = t->built.systab;
    if (!t->built.cores)
        diag_fatal("the kernel in %s/system.elf does not say where its cores are; expected the one of this version; build it again", dir);
    if (!qmp_open(&q, dir))
        diag_fatal("the system of %s %s; expected one started by \"mullion run\" that still runs; start it", dir, q.wrong);
    t->frequency = frequency_ask(&q);
    t->counts = counts_ask(&q);
    qmp_close(&q);
    if (t->frequency < 1000 || t->frequency > UINT64_C(100000000000))
        diag_fatal("QEMU does not say how fast the counter of its cores is; expected QEMU 7.2 or later; install it");
    t->budgets_size = (size_t)(s->objects[MV_AREA_LIMITS] > s->objects[MV_AREA_BUDGETS] ?
                               s->objects[MV_AREA_LIMITS] - s->objects[MV_AREA_BUDGETS] : 0);
    t->vcpus = mem_alloc((size_t)s->vcpus.count * s->sizes.vcpu);
    t->portals = mem_alloc((size_t)s->portals.count * s->sizes.portal);
    t->budgets = mem_alloc(t->budgets_size);
    for (int i = 0; i < 2; i++)
        t->looks[i].uses = mem_alloc(s->vcpus.count * sizeof *t->looks[i].uses);
}

/* One look, by a connection of its own, so that others can ask in between. */
static bool look_once(struct top *t, int which)
{
    struct qmp q;
    bool done = qmp_open(&q, t->built.dir);

    if (done) {
        done = look(t, &q, &t->looks[which], &t->looks[!which]);
        qmp_close(&q);
    }
    return done;
}

int top_command(const struct observe_options *o)
{
    static struct top t;
    bool clear = !o->once && isatty(STDOUT_FILENO);

    top_begin(&t, observe_folder(o));
    if (!look_once(&t, 0))
        diag_fatal("the system of %s has ended; expected one that runs; start it again", t.built.dir);
    for (int which = 1;; which = !which) {
        void *mark = mem_mark();

        proc_sleep(REFRESH_MS);
        if (!look_once(&t, which))
            break;
        if (clear)
            printf("\033[H\033[J");
        table_print(&t, &t.looks[!which], &t.looks[which]);
        fflush(stdout);
        mem_free_since(mark);
        if (o->once)
            return 0;
        if (!clear)
            printf("\n");
    }
    if (o->once)
        diag_fatal("the system of %s has ended; expected one that runs; start it again", t.built.dir);
    printf("%s: the system has ended\n", t.built.dir);
    return 0;
}
