/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs each group in a process of its own, so that one that crashes fails
 * alone, and prints one line for it: "name passed failed". What a group prints
 * besides is shown when it fails. With names as arguments, only those.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#undef UNIT_GROUP
#define UNIT_GROUP(name) &group_##name,
static const struct group *const groups[] = {
#include "groups.def"
};

static void show(FILE *text)
{
    char line[512];

    rewind(text);
    while (fgets(line, sizeof(line), text) != NULL)
        fputs(line, stderr);
}

/* In the child: the tests' number of failures is its exit status. */
static int run_child(const struct group *g, FILE *log)
{
    dup2(fileno(log), STDOUT_FILENO);
    dup2(fileno(log), STDERR_FILENO);
    return _cmocka_run_group_tests(g->name, g->tests, g->count, NULL, NULL);
}

static size_t run_group(const struct group *g)
{
    FILE *log = tmpfile();
    int status = -1;
    size_t failed = g->count;
    pid_t child;

    fflush(stdout);
    child = log == NULL ? -1 : fork();
    if (child == 0) {
        int n = run_child(g, log);

        fflush(stdout);
        _exit(n);
    }
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
        (size_t)WEXITSTATUS(status) <= g->count)
        failed = (size_t)WEXITSTATUS(status);
    if (failed != 0 && log != NULL)
        show(log);
    printf("%-10s %3zu passed %3zu failed\n", g->name, g->count - failed, failed);
    return failed;
}

static int is_wanted(const struct group *g, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], g->name) == 0)
            return 1;
    }
    return argc == 1;
}

int main(int argc, char **argv)
{
    size_t failed = 0;

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (is_wanted(groups[i], argc, argv))
            failed += run_group(groups[i]);
    }
    return failed != 0;
}
