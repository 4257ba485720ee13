/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: making processes; and the programs that they become. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 8 };

static const char shell[] = "/bin/sh", nothing[] = "/bin/true";

static _Noreturn void become(const char *path, char *const *argv)
{
    execv(path, argv);
    fail(path);
}

static void finish(int pid)
{
    partner_wait(pid);
}

/* ---- by their other names ----------------------------------------------------------- */

/* sh -c COMMAND: splits at blanks, runs the program in /bin, waits. */
static int shell_act(char *command)
{
    char path[64] = "/bin/", *words[WORDS_MAX + 1], *rest = NULL;
    size_t count = 0;

    for (char *w = strtok_r(command, " ", &rest); w && count < WORDS_MAX; w = strtok_r(NULL, " ", &rest))
        words[count++] = w;
    words[count] = NULL;
    if (count == 0 || strlen(words[0]) >= sizeof path - strlen(path))
        return 2;
    strcat(path, words[0]);
    int pid = (int)must(fork(), "fork"), status;

    if (pid == 0)
        become(path, words);
    must(waitpid(pid, &status, 0), "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int process_act(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";

    if (strcmp(name, "true") == 0)
        return 0;
    if (strcmp(name, "sh") == 0 && argc == 3 && strcmp(argv[1], "-c") == 0)
        return shell_act(argv[2]);
    return -1;
}

/* ---- rows ------------------------------------------------------------------------------ */

static void run_fork_exit(uint32_t count)
{
    while (count--) {
        int pid = (int)must(fork(), "fork");

        if (pid == 0)
            _exit(0);
        finish(pid);
    }
}

static void run_fork_exec(uint32_t count)
{
    while (count--) {
        int pid = (int)must(fork(), "fork");
        char *argv[] = { "true", NULL };

        if (pid == 0)
            become(nothing, argv);
        finish(pid);
    }
}

static void run_fork_shell(uint32_t count)
{
    while (count--) {
        int pid = (int)must(fork(), "fork");
        char command[] = "true", *argv[] = { "sh", "-c", command, NULL };

        if (pid == 0)
            become(shell, argv);
        finish(pid);
    }
}

const struct row process_rows[] = {
    { .name = "fork_exit", .text = "a process that ends", .count = 1, .samples = 100, .run = run_fork_exit },
    { .name = "fork_exec", .text = "a process that starts another program", .count = 1, .samples = 100, .run = run_fork_exec },
    { .name = "fork_shell", .text = "a process that becomes a shell, which starts a program", .count = 1, .samples = 100,
      .run = run_fork_shell },
    { .name = NULL },
};
