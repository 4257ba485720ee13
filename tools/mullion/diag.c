/* SPDX-License-Identifier: BSD-2-Clause */
#include "diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "stage.h"

struct message {
    struct pos  at;
    const char *kind, *text;
    size_t      number;
};

static VEC(struct message) messages;
static size_t printed;
static bool failed;

static void message_add(struct pos at, const char *kind, const char *format, va_list ap)
{
    const char *text = mem_vprintf(format, ap);

    for (size_t i = printed; i < messages.count; i++) {
        const struct message *m = &messages.at[i];

        if (m->at.line == at.line && m->at.file == at.file && !strcmp(m->text, text))
            return;
    }
    size_t number = messages.count;

    *vec_push(&messages) = (struct message){ at, kind, text, number };
}

void diag_error(struct pos at, const char *format, ...)
{
    va_list ap;

    failed = true;
    va_start(ap, format);
    message_add(at, "error", format, ap);
    va_end(ap);
}

void diag_warning(struct pos at, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    message_add(at, "warning", format, ap);
    va_end(ap);
}

bool diag_failed(void)
{
    return failed;
}

static int message_compare(const void *a, const void *b)
{
    const struct message *m = a, *n = b;
    int order = 0;

    if (!m->at.file != !n->at.file)
        return m->at.file ? -1 : 1;
    if (m->at.file)
        order = strcmp(m->at.file, n->at.file);
    if (!order)
        order = (m->at.line > n->at.line) - (m->at.line < n->at.line);
    return order ? order : (m->number > n->number) - (m->number < n->number);
}

void diag_flush(void)
{
    if (messages.count == printed)
        return;
    qsort(messages.at + printed, messages.count - printed, sizeof *messages.at, message_compare);
    for (; printed < messages.count; printed++) {
        const struct message *m = &messages.at[printed];

        if (m->at.file)
            fprintf(stderr, "%s:%d: %s: %s\n", m->at.file, m->at.line, m->kind, m->text);
        else
            fprintf(stderr, "mullion: %s: %s\n", m->kind, m->text);
    }
}

_Noreturn void diag_stop(void)
{
    diag_flush();
    stage_abort();
    mem_free_all();
    exit(1);
}

_Noreturn void diag_fatal(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    message_add((struct pos){ NULL, 0 }, "error", format, ap);
    va_end(ap);
    diag_stop();
}

_Noreturn void diag_out_of_memory(void)
{
    fputs("mullion: error: out of memory; expected the host to give more; close other programs\n", stderr);
    stage_abort();
    mem_free_all();
    exit(1);
}

void diag_stop_if_failed(void)
{
    if (failed)
        diag_stop();
}

/* Edits that turn one word into the other, cut off at 99. */
static size_t word_distance(const char *a, const char *b)
{
    enum { LONGEST = 48 };
    size_t row[LONGEST + 1], m = strlen(a), n = strlen(b);

    if (m > LONGEST || n > LONGEST)
        return 99;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);

            corner = row[j];
            best = corner + 1 < best ? corner + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
        }
    }
    return row[n];
}

const char *diag_nearest(const char *word, const char *const *candidates)
{
    const char *best = NULL;
    size_t limit = strlen(word) / 3 + 1, least = limit + 1;

    for (; *candidates; candidates++) {
        size_t d = word_distance(word, *candidates);

        if (d < least) {
            least = d;
            best = *candidates;
        }
    }
    return best;
}
