/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report as a page: the frame of each core as a picture, what budgets take of
 * it, deadlines, and the text below. It needs nothing else: no script, no file.
 */
#include "report.h"

#include <string.h>

#include "analysis.h"

typedef unsigned long long ull;

enum { WIDTH = 1000, ROW = 34, BOX = 26, LEFT = 70, RIGHT = 20, LINE = 1024 };

/* ---- words ------------------------------------------------------------------------------ */

/* Text as HTML has it. */
static void put(struct text *t, const char *what)
{
    for (; *what; what++)
        if (*what == '<')
            text_printf(t, "&lt;");
        else if (*what == '>')
            text_printf(t, "&gt;");
        else if (*what == '&')
            text_printf(t, "&amp;");
        else if (*what == '"')
            text_printf(t, "&quot;");
        else
            text_add(t, what, 1);
}

static void put_element(struct text *t, const char *name, const char *what)
{
    text_printf(t, "<%s>", name);
    put(t, what);
    text_printf(t, "</%s>", name);
}

static const char *us(uint64_t ns)
{
    return ns % 1000 ? mem_printf("%s.%llu", text_thousands(ns / 1000), (ull)(ns % 1000 / 100)) : text_thousands(ns / 1000);
}

/* ---- colours ------------------------------------------------------------------------------- */

/* Neighbours in the list differ much, for eyes that see few colours too. */
static const char *colour(uint32_t n)
{
    static const char *const colours[] = { "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee9944", "#88aa88" };

    return colours[n % (sizeof colours / sizeof *colours)];
}

static void put_box(struct text *t, uint64_t x, uint64_t y, uint64_t width, uint64_t height, const char *fill, const char *title)
{
    text_printf(t, "<rect x=\"%llu\" y=\"%llu\" width=\"%llu\" height=\"%llu\" fill=\"%s\" stroke=\"white\">", (ull)x, (ull)y,
                (ull)(width ? width : 1), (ull)height, fill);
    put_element(t, "title", title);
    text_printf(t, "</rect>\n");
}

/* In a box of a row, where there is room. */
static void put_label(struct text *t, uint64_t x, uint64_t y, uint64_t width, const char *label)
{
    if (strlen(label) * 8 + 6 > width)
        return;
    text_printf(t, "<text x=\"%llu\" y=\"%llu\" fill=\"white\">", (ull)(x + 5), (ull)(y + 18));
    put(t, label);
    text_printf(t, "</text>\n");
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint64_t place(uint64_t time, uint64_t frame)
{
    return LEFT + (uint64_t)((unsigned __int128)time * WIDTH / frame);
}

/* A window of several partitions has a stripe for each. */
static void put_window(struct text *t, const struct analysis *a, const struct analysis_table *table, const struct analysis_window *w,
                       uint64_t y)
{
    uint64_t from = place(w->start, table->frame), to = place(w->start + w->length, table->frame);
    const char *title = mem_printf("%s: %s to %s us, %s us for %s", w->name, us(w->start), us(w->start + w->length), us(w->length),
                                   report_partitions(a, w->partitions));
    uint64_t count = (uint64_t)__builtin_popcount(w->partitions & ~1u), n = 0;

    for (uint32_t p = 1; p < a->partition_count; p++)
        if (w->partitions >> p & 1) {
            uint64_t top = y + BOX * n / count, bottom = y + BOX * (n + 1) / count;

            put_box(t, from, top, to - from, bottom - top, colour(p - 1), title);
            n++;
        }
    put_label(t, from, y, to - from, w->name);
}

static void put_axis(struct text *t, uint64_t frame, uint64_t y)
{
    for (uint64_t n = 0; n <= 10; n++) {
        uint64_t x = LEFT + n * WIDTH / 10;

        text_printf(t, "<line x1=\"%llu\" y1=\"18\" x2=\"%llu\" y2=\"%llu\" stroke=\"#bbb\" stroke-dasharray=\"2 3\"/>"
                       "<text x=\"%llu\" y=\"12\" text-anchor=\"middle\">%s</text>\n", (ull)x, (ull)x, (ull)y, (ull)x, us(frame * n / 10));
    }
}

static void put_legend(struct text *t, const struct analysis *a)
{
    text_printf(t, "<p>");
    for (uint32_t p = 1; p < a->partition_count; p++) {
        text_printf(t, "<span class=\"key\" style=\"background:%s\"></span>", a->partitions[p].background ? "#dddddd" : colour(p - 1));
        put(t, a->partitions[p].name);
        text_printf(t, a->partitions[p].background ? " (background: all that is left)&emsp;" : "&emsp;");
    }
    text_printf(t, "<span class=\"key\" style=\"background:#dddddd\"></span>no window</p>\n");
}

static void put_table(struct text *t, const struct system *s, const struct analysis *a, const struct analysis_table *table)
{
    uint64_t height = 22 + (uint64_t)s->cores * ROW;

    put_element(t, "h3", mem_printf("Table %s: a frame of %s us", table->name, us(table->frame)));
    text_printf(t, "<svg viewBox=\"0 0 %d %llu\" role=\"img\">\n", LEFT + WIDTH + RIGHT, (ull)height);
    for (uint32_t core = 0; core < s->cores; core++) {
        uint64_t y = 22 + (uint64_t)core * ROW;

        text_printf(t, "<text x=\"4\" y=\"%llu\">core %u</text>\n", (ull)(y + 18), core);
        put_box(t, LEFT, y, WIDTH, BOX, "#dddddd", "no window: partitions of the background, and vCPUs of none");
        for (size_t i = 0; i < table->window_count; i++)
            if (table->windows[i].core == core)
                put_window(t, a, table, &table->windows[i], y);
    }
    put_axis(t, table->frame, height);
    text_printf(t, "</svg>\n");
    if (table->suspended)
        put_element(t, "p", mem_printf("Suspended: %s.", report_partitions(a, table->suspended)));
}

/* ---- budgets ----------------------------------------------------------------------------------- */

static void put_budgets(struct text *t, const struct system *s, const struct analysis *a)
{
    const struct analysis_task **all = report_order(a);

    put_element(t, "h2", "What budgets take of each core");
    text_printf(t, "<svg viewBox=\"0 0 %d %u\" role=\"img\">\n", LEFT + WIDTH + RIGHT, 22 + s->cores * ROW);
    for (uint32_t core = 0; core < s->cores; core++) {
        uint64_t y = 22 + (uint64_t)core * ROW, used = 0;

        text_printf(t, "<text x=\"4\" y=\"%llu\">core %u</text>\n", (ull)(y + 18), core);
        put_box(t, LEFT, y, WIDTH, BOX, "#dddddd", "what is left for vCPUs without a limit");
        for (size_t i = 0; i < a->task_count; i++) {
            const struct analysis_task *k = all[i];

            if (k->core != core || !k->budget)
                continue;
            uint64_t part = (uint64_t)((unsigned __int128)k->budget * WIDTH / k->period);

            put_box(t, LEFT + used, y, part, BOX, colour((uint32_t)i), mem_printf("%s: %s us of %s", k->name, us(k->budget), us(k->period)));
            put_label(t, LEFT + used, y, part, k->name);
            used += part ? part : 1;
        }
    }
    text_printf(t, "</svg>\n");
}

/* ---- deadlines ----------------------------------------------------------------------------------- */

static void put_tasks(struct text *t, const struct analysis *a)
{
    const struct analysis_task **all = report_order(a);

    put_element(t, "h2", "Who runs when");
    text_printf(t, "<table><tr><th>core<th>priority<th>vCPU<th>partition<th>budget us<th>period us<th>response us<th>deadline us<th></tr>\n");
    for (size_t i = 0; i < a->task_count; i++) {
        const struct analysis_task *k = all[i];
        char *line = mem_alloc(LINE);

        text_printf(t, "<tr><td>%u<td>%u<td>", k->core, k->priority);
        put(t, k->name);
        text_printf(t, "<td>%s<td>%s<td>%s<td>%s<td>%s<td class=\"words\">", k->partition ? a->partitions[k->partition].name : "",
                    k->budget ? us(k->budget) : "no limit", k->budget ? us(k->period) : "",
                    k->result.response ? us(k->result.response) : "", k->deadline ? us(k->deadline) : "");
        if (k->deadline) {
            analysis_explain(a, k, line, LINE);
            put_element(t, "b", report_verdict(k));
            put(t, mem_printf(": %s", line));
        }
        text_printf(t, "</tr>\n");
    }
    text_printf(t, "</table>\n");
}

struct text report_page(const struct system *s, const struct text *report)
{
    const struct analysis *a = s->analysis;
    const char *slash = strrchr(s->path, '/'), *name = slash ? slash + 1 : s->path;
    struct text t = { 0 };

    text_printf(&t, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n");
    put_element(&t, "title", name);
    text_printf(&t, "<style>\nbody { font: 15px sans-serif; max-width: 1200px; margin: 2em auto; }\nsvg { width: 100%%; font-size: 13px; }\n"
                    "td, th { text-align: right; padding: 2px 8px; border-bottom: 1px solid #ddd; }\n.words { text-align: left; }\n"
                    ".key { display: inline-block; width: 1em; height: 1em; margin-right: 0.4em; vertical-align: middle; }\n</style>\n");
    put_element(&t, "h1", mem_printf("System %s for board %s", name, s->board.name));
    if (a) {
        if (a->table_count) {
            put_element(&t, "h2", "Time windows");
            put_legend(&t, a);
        }
        for (size_t i = 0; i < a->table_count; i++)
            put_table(&t, s, a, &a->tables[i]);
        put_budgets(&t, s, a);
        put_tasks(&t, a);
    }
    put_element(&t, "h2", "The whole report");
    put_element(&t, "pre", report->at ? report->at : "");
    text_printf(&t, "</html>\n");
    return t;
}
