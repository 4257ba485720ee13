/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Third stage: prints the results and takes commands. It commands the others
 * by calls, and holds the control capability with which a stopped cell is
 * started again.
 */
#include <libmv/libmv.h>

#include "cell.h"
#include "pipeline.h"

#define ANSWER_NS (500 * MV_MS)        /* a cell that takes longer does not answer */

static struct mv_channel results;
static struct result last;
static bool watching = true;
static struct mv_prompt prompt;

static const struct stage {
    const char *name;
    uint32_t portal, control;
} stages[] = {
    { "clock", CAP_CLOCK_COMMAND, CAP_CELL_CLOCK },
    { "filter", CAP_FILTER_COMMAND, CAP_CELL_FILTER },
};
#define STAGE_COUNT (sizeof(stages) / sizeof(stages[0]))
#define CLOCK  (&stages[0])
#define FILTER (&stages[1])

/* ---- commanding the others ---------------------------------------------- */

static void order(const struct stage *stage, enum command what, uint64_t argument, const char *text)
{
    struct mv_words w = { { what, argument } };
    mv_status_t status = mv_call_until(stage->portal, &w, mv_time_ns() + ANSWER_NS);

    if (status == MV_CANCELLED)
        mv_print("%s has stopped; \"restart %s\" starts it again\n", stage->name, stage->name);
    else if (status != MV_OK)
        mv_print("%s does not answer (status %lu)\n", stage->name, status);
    else if (w.w[0] == 0)
        mv_print("%s refuses: %lu is out of range\n", stage->name, argument);
    else
        mv_print("%s: %s\n", stage->name, text);
}

static const struct stage *stage_named(const char *name)
{
    for (size_t i = 0; i < STAGE_COUNT; i++)
        if (strcmp(stages[i].name, name) == 0)
            return &stages[i];
    mv_print("there is no cell \"%s\" here: clock, filter\n", name);
    return NULL;
}

/* ---- commands ----------------------------------------------------------- */

static void command_rate(const char *argument)
{
    order(CLOCK, COMMAND_RATE, mv_parse_number(argument, NULL), "new rate");
}

static void command_watch(const char *argument)
{
    watching = strcmp(argument, "off") != 0;
    mv_print("results are %s\n", watching ? "printed" : "not printed");
}

static void print_result(const struct result *r)
{
    mv_print("second %lu: %lu samples, %lu lost, late by %lu/%lu/%lu us (least/average/most)\n",
             r->second, r->samples, r->lost, r->late_min_ns / MV_US, r->late_average_ns / MV_US,
             r->late_max_ns / MV_US);
}

static void command_stats(const char *argument)
{
    (void)argument;
    print_result(&last);
    mv_print("total %lu samples since the filter's start\n", last.total);
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        uint64_t running = 0;
        mv_status_t status = mv_cell_inspect(stages[i].control, &running);

        mv_print("cell %s: %s\n", stages[i].name,
                 status != MV_OK ? "cannot be inspected" : running > 0 ? "running" : "stopped");
    }
}

static void command_crash(const char *argument)
{
    const struct stage *stage = stage_named(argument);

    if (stage != NULL)
        order(stage, COMMAND_CRASH, 0, "will now write where it may not");
}

static void command_restart(const char *argument)
{
    const struct stage *stage = stage_named(argument);
    mv_status_t status;

    if (stage == NULL)
        return;
    status = mv_cell_stop(stage->control);
    if (status == MV_OK)
        status = mv_cell_start(stage->control);
    if (status == MV_OK)
        mv_print("%s: started from its pristine image\n", stage->name);
    else
        mv_print("%s: cannot be started (status %lu)\n", stage->name, status);
}

static void command_flood(const char *argument)
{
    uint64_t lines = argument[0] != '\0' ? mv_parse_number(argument, NULL) : 1000;

    order(FILTER, COMMAND_FLOOD, lines, "will print as fast as it can");
}

static void command_help(const char *argument);

static const struct {
    const char *name, *argument, *text;
    void (*run)(const char *argument);
} commands[] = {
    { "help",    "",       "this list",                                        command_help },
    { "watch",   "on|off", "print a result each second, or be silent",         command_watch },
    { "stats",   "",       "the last result, and which cells run",             command_stats },
    { "rate",    "N",      "take N samples per second, 1-1000",                command_rate },
    { "crash",   "CELL",   "make clock or filter write where it may not",      command_crash },
    { "restart", "CELL",   "start clock or filter again from its image",       command_restart },
    { "flood",   "[N]",    "make filter print N lines as fast as it can",      command_flood },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void command_help(const char *argument)
{
    (void)argument;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        mv_print("%-8s %-7s %s\n", commands[i].name, commands[i].argument, commands[i].text);
}

static void run_command(char *text)
{
    char *argument = strchr(text, ' ');

    while (argument != NULL && *argument == ' ')
        *argument++ = '\0';
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(text, commands[i].name) == 0) {
            commands[i].run(argument != NULL ? argument : "");
            return;
        }
    }
    if (text[0] != '\0')
        mv_print("no command \"%s\"; try help\n", text);
}

/* ---- events ------------------------------------------------------------- */

/* A result is a line of its own: the unfinished input line is put below it. */
static void show_result(const struct result *r)
{
    mv_prompt_hide(&prompt);
    print_result(r);
    mv_prompt_show(&prompt);
}

static void results_event(void *context, uint64_t payload)
{
    struct result r;

    (void)context;
    (void)payload;
    while (mv_channel_receive_try(&results, &r) == MV_OK) {
        last = r;
        if (watching)
            show_result(&r);
    }
}

int main(void)
{
    struct mv_loop loop;

    mv_assert(mv_channel_open(&results, mv_channel_find("results")) == MV_OK);
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, results.config->line, results_event, NULL);
    mv_print("a clock driver, a filter and this shell, each in its own cell; try help\n");
    mv_prompt_start(&prompt, &loop, run_command);
    results_event(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
