/* SPDX-License-Identifier: BSD-2-Clause */
/* The io cell and the switch on the PC. One line per group; what fails is shown
 * before. */
#include "world.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(void);
    int tests;
} groups[] = {
    { "addresses", test_addresses, 4 }, { "switch", test_switch, 9 }, { "disk", test_disk, 20 },
    { "network", test_network, 12 },    { "ports", test_ports, 10 },  { "wild", test_wild, 2 },
};

/* In a process of its own, so that one that crashes fails alone. */
static int run(size_t group)
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
        status = groups[group].run();
        fflush(stdout);
        _exit(status);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) > groups[group].tests)
        status = groups[group].tests;
    else
        status = WEXITSTATUS(status);
    for (rewind(log); status != 0 && fgets(line, sizeof(line), log) != NULL;)
        fputs(line, stderr);
    return status;
}

int main(void)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        int bad = run(i);

        printf("%-10s %3d passed %3d failed\n", groups[i].name, groups[i].tests - bad, bad);
        failed += bad;
    }
    return failed != 0;
}
