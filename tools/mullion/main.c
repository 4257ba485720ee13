/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mullion: checks a system description, builds the bootable image from it,
 * says what is in it, and runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "headers.h"
#include "kit.h"
#include "layout.h"
#include "observe.h"
#include "plan.h"
#include "proc.h"
#include "program.h"
#include "report.h"
#include "run.h"
#include "stage.h"
#include "timing.h"

/* Everything that can be known before a cell is compiled. */
static struct system *read_checked(const struct options *o)
{
    struct system *s = model_read(o->path, o->board);

    diag_stop_if_failed();
    derive(s);
    plan(s);
    diag_stop_if_failed();
    timing_analyse(s);
    diag_stop_if_failed();
    return s;
}

static int command_check(const struct options *o)
{
    struct system *s = read_checked(o);

    /* Programs that exist already can be checked too. */
    for (size_t i = 0; i < s->cells.count; i++)
        if (s->cells.at[i]->image) {
            s->cells.at[i]->elf_path = s->cells.at[i]->image;
            elf_read_program(s->cells.at[i]);
            if (s->cells.at[i]->loads.count)
                plan_program(s, s->cells.at[i]);
        }
    diag_stop_if_failed();
    diag_flush();
    printf("%s: no errors: %zu cells on board %s\n", o->path, s->cells.count, o->board);
    return 0;
}

/* Stage a whole system in dir (NULL: only to look at it). */
static struct text build(struct system *s, const char *dir)
{
    struct layout l = { 0 };

    stage_open(dir);
    headers_emit(s);
    program_make_all(s);
    layout_make(&l, s);
    image_emit(&l, s);
    struct text report = report_make(s, &l);

    struct text page = report_page(s, &report);

    stage_write("report.txt", report.at, report.length);
    stage_write("report.html", page.at, page.length);
    diag_flush();
    return report;
}

static int command_build(const struct options *o)
{
    build(read_checked(o), o->output);
    stage_commit();
    return 0;
}

static int command_report(const struct options *o)
{
    struct text report = build(read_checked(o), NULL);

    stage_abort();
    fwrite(report.at, 1, report.length, stdout);
    return 0;
}

static int command_headers(const struct options *o)
{
    struct system *s = read_checked(o);

    stage_open(o->output);
    headers_emit(s);
    diag_flush();
    stage_commit();
    return 0;
}

/* Where a system is built that is only to be run. */
static const char *run_folder(const struct options *o)
{
    const char *file = strrchr(o->path, '/');
    char *name = mem_copy_string(file ? file + 1 : o->path, strlen(file ? file + 1 : o->path));
    char *dot = strrchr(name, '.');

    if (dot && dot != name)
        *dot = '\0';
    /* "system.dts" is called after its folder. */
    if (file && !strcmp(name, "system")) {
        char *dir = text_dirname(o->path), *last = strrchr(dir, '/');

        last = last ? last + 1 : dir;
        if (*last && *last != '.')
            name = last;
    }
    return mem_printf("build/%s-%s", name, o->board);
}

static int command_run(struct options *o)
{
    const char *dir = o->output ? o->output : run_folder(o);
    struct system *s = read_checked(o);

    build(s, dir);
    stage_commit();
    fflush(stdout);
    run_qemu(s, dir, &o->run);
}

static int command_boards(void)
{
    for (const char *const *name = kit_boards(); *name; name++)
        printf("%s%s\n", *name, text_file_exists(kit_path("boards/%s/mullion.elf", *name)) ? "" : "   (no kernel built)");
    return 0;
}

static int command_run_all(struct options *o)
{
    switch (o->command) {
    case COMMAND_CHECK:   return command_check(o);
    case COMMAND_BUILD:   return command_build(o);
    case COMMAND_REPORT:  return command_report(o);
    case COMMAND_RUN:     return command_run(o);
    case COMMAND_TRACE:   return trace_command(&o->observe);
    case COMMAND_TOP:     return top_command(&o->observe);
    case COMMAND_HEADERS: return command_headers(o);
    case COMMAND_BOARDS:  return command_boards();
    case COMMAND_VERSION: args_version(); return 0;
    case COMMAND_HELP:    args_help(o->topic); return 0;
    }
    return 1;
}

/* Ctrl-C in the middle of a build must leave nothing behind either. */
static void on_signal(int number)
{
    stage_abort();
    _exit(128 + number);
}

int main(int argc, char **argv)
{
    struct options o = args_parse(argc, argv);

    proc_block_signals(on_signal);
    int status = command_run_all(&o);

    if (fflush(stdout) || ferror(stdout)) {
        fputs("mullion: error: standard output cannot be written; expected it to take the result; look for a full disk\n", stderr);
        status = 1;
    }
    mem_free_all();
    return status;
}
