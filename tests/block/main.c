/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver cell's tests on the PC. Each has a process of its own, for a cell starts
 * only once; one line per group, and what fails is shown before. */
#include "groups.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool passes(const struct CMUnitTest *test)
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
        status = _cmocka_run_group_tests(test->name, test, 1, NULL, NULL);
        fflush(stdout);
        _exit(status);
    }
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        fclose(log);
        return true;
    }
    for (rewind(log); log != NULL && fgets(line, sizeof(line), log) != NULL;)
        fputs(line, stderr);
    return false;
}

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < group_count; i++) {
        int good = 0;

        for (size_t n = 0; n < groups[i]->count; n++)
            good += passes(&groups[i]->tests[n]);
        printf("%-10s %3d passed %3d failed\n", groups[i]->name, good, (int)groups[i]->count - good);
        failed += (int)groups[i]->count - good;
    }
    return failed != 0;
}
