/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs groups of tests, each in a process of its own, so that one that crashes
 * fails alone. One line per group; what fails is shown before. For a program's
 * only C file with main().
 */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct group {
    const char *name;
    int (*run)(void);
    int tests;
};

static inline int group_run(const struct group *group)
{
    FILE *log = tmpfile();
    char line[512];
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = log == NULL ? -1 : fork();
    if (child == 0) {
        dup2(fileno(log), STDOUT_FILENO);
        dup2(fileno(log), STDERR_FILENO);
        status = group->run();
        fflush(stdout);
        _exit(status);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) > group->tests)
        status = group->tests;
    else
        status = WEXITSTATUS(status);
    for (rewind(log); status != 0 && fgets(line, sizeof(line), log) != NULL;)
        fputs(line, stderr);
    return status;
}

/* What main() returns. */
static inline int groups_run(const struct group *groups, size_t count)
{
    int failed = 0;

    for (size_t i = 0; i < count; i++) {
        int bad = group_run(&groups[i]);

        printf("%-10s %3d passed %3d failed\n", groups[i].name, groups[i].tests - bad, bad);
        failed += bad;
    }
    return failed != 0;
}
