/* SPDX-License-Identifier: BSD-2-Clause */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diag.h"

void args_add(struct args *a, const char *word)
{
    *vec_push(&a->list) = word;
}

void args_add_words(struct args *a, const char *words)
{
    while (*words) {
        size_t blank = strspn(words, " \t\n"), word = strcspn(words + blank, " \t\n");

        if (word)
            args_add(a, mem_copy_string(words + blank, word));
        words += blank + word;
    }
}

/* The list as execvp wants it. */
static char **args_vector(struct args *a)
{
    char **argv = mem_alloc((a->list.count + 1) * sizeof *argv);

    for (size_t i = 0; i < a->list.count; i++)
        argv[i] = mem_copy_string(a->list.at[i], strlen(a->list.at[i]));
    return argv;
}

static void pipe_open(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC))
        diag_fatal("cannot make a pipe: %s; expected free file descriptors; close other programs", strerror(errno));
}

static sigset_t signals_before;

static void each_signal(void (*handler)(int number), sigset_t *set)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(set, numbers[i]);
        signal(numbers[i], handler);
    }
}

void proc_block_signals(void (*handler)(int number))
{
    sigset_t set;

    each_signal(handler, &set);
    sigprocmask(SIG_BLOCK, &set, &signals_before);
}

/* What the program that we start or become expects. */
static void restore_signals(void)
{
    sigset_t set;

    each_signal(SIG_DFL, &set);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &signals_before, NULL);
}

/* Feed the input and collect both outputs until the child has closed them. */
static void child_talk(int in, int out, int err, const char *input, size_t left, struct proc_result *r)
{
    struct pollfd fds[3] = { { in, POLLOUT, 0 }, { out, POLLIN, 0 }, { err, POLLIN, 0 } };

    while (fds[0].fd >= 0 || fds[1].fd >= 0 || fds[2].fd >= 0) {
        if (fds[0].fd >= 0 && left == 0) {
            close(fds[0].fd);
            fds[0].fd = -1;
            continue;
        }
        if (ppoll(fds, 3, NULL, &signals_before) < 0 && errno != EINTR)
            break;
        if (fds[0].fd >= 0 && fds[0].revents) {
            ssize_t n = write(fds[0].fd, input, left < 4096 ? left : 4096);

            if (n > 0) {
                input += n;
                left -= (size_t)n;
            } else if (errno != EINTR) {
                left = 0;
            }
        }
        for (int i = 1; i < 3; i++) {
            char part[4096];

            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            ssize_t n = read(fds[i].fd, part, sizeof part);

            if (n > 0) {
                text_add(i == 1 ? &r->out : &r->err, part, (size_t)n);
            } else if (n == 0 || errno != EINTR) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
    }
    for (int i = 0; i < 3; i++)
        if (fds[i].fd >= 0)
            close(fds[i].fd);
}

struct proc_result proc_run(struct args *a, const char *input, size_t input_length)
{
    struct proc_result r = { 0 };
    char **argv = args_vector(a);
    int in[2], out[2], err[2], status = 0;

    text_add(&r.out, "", 0);
    text_add(&r.err, "", 0);
    pipe_open(in);
    pipe_open(out);
    pipe_open(err);
    signal(SIGPIPE, SIG_IGN);
    pid_t child = fork();

    if (child < 0)
        diag_fatal("cannot start %s: %s; expected room for one more process; close other programs", argv[0],
                   strerror(errno));
    if (child == 0) {
        restore_signals();
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    child_talk(in[1], out[0], err[0], input, input_length, &r);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    r.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return r;
}

void proc_become(struct args *a)
{
    char **argv = args_vector(a);

    restore_signals();
    execvp(argv[0], argv);
}

void proc_sleep(unsigned ms)
{
    struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

    ppoll(NULL, 0, &time, &signals_before);
}
