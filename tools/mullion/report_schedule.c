/* SPDX-License-Identifier: BSD-2-Clause */
/* The report's part on time: windows, budgets, response times, deadlines. */
#include "report.h"

#include <stdlib.h>

#include "analysis.h"

typedef unsigned long long ull;

enum { LINE = 1024 };

/* ---- numbers -------------------------------------------------------------------------- */

/* Nanoseconds as microseconds with one digit, rounded up. */
static const char *us(uint64_t ns)
{
    uint64_t tenths = ns / 100 + (ns % 100 != 0);

    return mem_printf("%s.%llu", text_thousands(tenths / 10), (ull)tenths % 10);
}

static const char *percent(uint64_t part)
{
    uint64_t tenths = part / (ANALYSIS_WHOLE / 1000);

    return mem_printf("%llu.%llu %%", (ull)tenths / 10, (ull)tenths % 10);
}

static uint64_t window_part(const struct analysis *a, const struct analysis_table *t, uint32_t core, uint32_t partition)
{
    return (uint64_t)((unsigned __int128)analysis_window_time(a, t, core, partition) * ANALYSIS_WHOLE / t->frame);
}

/* ---- windows ----------------------------------------------------------------------------- */

const char *report_partitions(const struct analysis *a, uint32_t mask)
{
    struct text t = { 0 };

    for (size_t p = 1; p < a->partition_count; p++)
        if (mask >> p & 1)
            text_printf(&t, "%s%s", t.length ? ", " : "", a->partitions[p].name);
    return t.length ? t.at : "none";
}

static void report_table(struct text *t, const struct system *s, const struct analysis *a, size_t n)
{
    const struct analysis_table *table = &a->tables[n];

    text_printf(t, "  table %s%s: a frame of %s us\n", table->name, n == 0 ? ", in force at boot" : "", us(table->frame));
    text_printf(t, "    %4s %12s %12s %12s  %-16s %s\n", "core", "start us", "end us", "length us", "window", "partitions");
    for (uint32_t core = 0; core < s->cores; core++)
        for (size_t i = 0; i < table->window_count; i++) {
            const struct analysis_window *w = &table->windows[i];

            if (w->core == core)
                text_printf(t, "    %4u %12s %12s %12s  %-16s %s\n", core, us(w->start), us(w->start + w->length), us(w->length), w->name,
                            report_partitions(a, w->partitions));
        }
    if (table->suspended)
        text_printf(t, "    suspended: %s\n", report_partitions(a, table->suspended));
    for (uint32_t core = 0; core < s->cores; core++)
        for (uint32_t p = 1; p < a->partition_count; p++)
            if (a->used_by[core][p] != 0 || (window_part(a, table, core, p) != 0 && !a->partitions[p].background))
                text_printf(t, "    partition %s on core %u: budgets of %s, windows of %s\n", a->partitions[p].name, core,
                            percent(a->used_by[core][p]), percent(window_part(a, table, core, p)));
}

/* ---- who runs when ------------------------------------------------------------------------ */

static int by_urgency(const void *a, const void *b)
{
    const struct analysis_task *t = *(const struct analysis_task *const *)a, *u = *(const struct analysis_task *const *)b;

    if (t->core != u->core)
        return t->core < u->core ? -1 : 1;
    if (t->priority != u->priority)
        return t->priority > u->priority ? -1 : 1;
    return t < u ? -1 : t > u;
}

const struct analysis_task **report_order(const struct analysis *a)
{
    const struct analysis_task **all = mem_alloc((a->task_count + 1) * sizeof *all);

    for (size_t i = 0; i < a->task_count; i++)
        all[i] = &a->tasks[i];
    qsort(all, a->task_count, sizeof *all, by_urgency);
    return all;
}

const char *report_verdict(const struct analysis_task *t)
{
    const struct analysis_response *r = &t->result;

    if (r->verdict == ANALYSIS_MET)
        return mem_printf("met, %s left", us(t->deadline - r->response));
    return r->verdict == ANALYSIS_MISSED ? "cannot be met" : r->verdict == ANALYSIS_UNKNOWN ? "cannot be promised" : "";
}

static void report_tasks(struct text *t, const struct analysis *a)
{
    const struct analysis_task **all = report_order(a);

    text_printf(t, "\n  %4s %8s  %-24s %-12s %11s %11s %11s %11s %s\n", "core", "priority", "vCPU", "partition", "budget us",
                "period us", "response us", "deadline us", " deadline");
    for (size_t i = 0; i < a->task_count; i++) {
        const struct analysis_task *k = all[i];

        text_printf(t, "  %4u %8u  %-24s %-12s %11s %11s %11s %11s%s%s\n", k->core, k->priority, k->name,
                    k->partition ? a->partitions[k->partition].name : "-", k->budget ? us(k->budget) : "no limit",
                    k->budget ? us(k->period) : "-", k->result.response ? us(k->result.response) : "?",
                    k->deadline ? us(k->deadline) : "-", k->deadline ? "  " : "", k->deadline ? report_verdict(k) : "");
    }
    for (size_t i = 0; i < a->portal_count; i++)
        if (a->portals[i].budget)
            text_printf(t, "  portal %s, on its own context: budget %s us in %s\n", a->portals[i].name, us(a->portals[i].budget),
                        us(a->portals[i].period));
}

/* ---- chains ----------------------------------------------------------------------------------- */

static bool reaches(const struct analysis *a, const bool *seen, uint32_t portal)
{
    return portal < a->portal_count && !seen[portal];
}

/* The calls that a task can make, and those of who serves it, each once. */
static void report_calls(struct text *t, const struct analysis *a, const struct analysis_task *k, bool *seen, int depth)
{
    for (size_t i = 0; i < k->call_count; i++) {
        const struct analysis_portal *p;
        const struct analysis_task *server;

        if (!reaches(a, seen, k->calls[i]))
            continue;
        seen[k->calls[i]] = true;
        p = &a->portals[k->calls[i]];
        server = &a->tasks[p->server];
        text_printf(t, "    %*scalls portal %s on core %u, at priority %u: ", 2 * depth, "", p->name, server->core, p->ceiling);
        text_printf(t, p->bound ? "at most %s us%s" : "no bound%s%s", p->bound ? us(p->bound) : "", p->held ? ", all of it in a window" : "");
        if (server->core == k->core)
            text_printf(t, ", of its budget\n");
        else
            text_printf(t, p->response ? ", answered in %s us\n" : ", of the portal's budget%s\n", p->response ? us(p->response) : "");
        report_calls(t, a, server, seen, depth + 1);
    }
}

static void report_deadline(struct text *t, const struct analysis *a, const struct analysis_task *k)
{
    char *line = mem_alloc(LINE);

    analysis_explain(a, k, line, LINE);
    text_printf(t, "  deadline of %s, %s us: %s\n", k->name, us(k->deadline), report_verdict(k));
    text_printf(t, "    %s%s us: %s\n", k->result.response ? "response " : "", k->result.response ? us(k->result.response) : "?", line);
    report_calls(t, a, k, mem_alloc(a->portal_count + 1), 0);
}

/* ---- all ------------------------------------------------------------------------------------------ */

void report_schedule(struct text *t, const struct system *s)
{
    const struct analysis *a = s->analysis;

    if (!a)
        return;
    report_heading(t, "Time");
    for (uint32_t core = 0; core < s->cores; core++)
        text_printf(t, "  core %u: budgets of %s%s\n", core, percent(a->used[core]),
                    a->unlimited[core] ? mem_printf(", and %u vCPU%s without a limit", a->unlimited[core], a->unlimited[core] == 1 ? "" : "s") : "");
    for (size_t i = 0; i < a->table_count; i++)
        report_table(t, s, a, i);
    report_tasks(t, a);
    for (size_t i = 0; i < a->task_count; i++)
        if (a->tasks[i].deadline) {
            text_printf(t, "\n");
            report_deadline(t, a, &a->tasks[i]);
        }
    if (a->costs.activation)
        text_printf(t, "\n  In these times the kernel's are: %s us at most with interrupts masked, %s for a release, %s for an interrupt, %s at a\n"
                       "  window's start; see docs/schedule.md.\n", us(a->costs.masked), us(a->costs.activation), us(a->costs.interrupt),
                    us(a->costs.window));
}
